// Acting on many: what would happen (a dry run), how careful it is done, and the start. What comes then is `bulk-view`.

import {api} from '../core/api.js';
import {ACTS, filterWords, many, paceWords, plannedStages, reasonWords} from '../core/bulk.js';
import {h, replace, setText, stylesheet} from '../core/dom.js';
import {count, counted, money, shortID, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {setParams} from '../core/router.js';
import {resources} from '../core/store.js';
import {sheet} from './dialog.js';
import {choice, number, slots, text, tick} from './faults.js';

await stylesheet(new URL('../styles/bulk.css', import.meta.url));

const PATHS = {failed_tasks: '/failed-tasks/bulk', tasks: '/tasks/bulk'};
/** From so many on trying on a few first is what one wants. */
const CAREFUL = 5;

/**
 * Asks how, and begins. `name`: one of `ACTS`; `filter`: which, as the API has it; `says`: the same in words, else as the
 * filter says; `value`: money that is known to be in it. The progress is shown beside the list: the address names it.
 */
export async function actOnMany({subject, name, filter, says = null, value = null}) {
    const act = ACTS[name];
    const given = Object.fromEntries(Object.entries(filter).filter(([, one]) => one !== null && one !== undefined && one !== ''));
    const which = Object.keys(given).length ? {filter: given} : {filter: {}, all: true};
    const faults = slots();
    const form = formOf(act, name, faults);
    const preview = h('div', {class: 'preview', role: 'status'}, 'Looking what would happen …');
    const body = h('div', {class: 'form'}, h('p', {}, act.text), preview, form.elements);
    let found = null;
    const look = api.post(PATHS[subject], {action: act.path, ...which, dry_run: true}).then((answer) => {
        found = answer;
        showPreview(preview, {subject, answer, says: says ?? filterWords(given).join(', '), value});
        form.matched(answer.matched);
        const button = body.closest('dialog')?.querySelector('[type="submit"]');
        if (button) { setText(button, `${act.verb} ${count(answer.matched)}`); button.disabled = answer.matched === 0; }
    }, (error) => replace(preview, h('p', {}, icon('warning'), ` ${error.message}`), error.faults?.map((one) => h('p', {class: 'mono'}, one))));
    const operation = await sheet({
        title: `${act.verb.split(' ')[0]} ${subject === 'tasks' ? 'tasks' : 'dead letters'}${name === 'elsewhere' ? ' elsewhere' : ''}`, body, closeLabel: 'Leave it',
        acts: [{label: act.verb, tone: act.tone, isDefault: true, run: () => faults.guard(async () => {
            await look;
            if (!found || !form.isReady()) return false;
            return api.post(PATHS[subject], {action: act.path, ...which, ...form.values()});
        })}],
    });
    if (!operation) return null;
    resources.summary.soon();
    setParams({bulk: operation.id, entry: null, task: null, tab: null, event: null}, {replace: false});
    return operation;
}

/** The fields of an act: an agent for a retry elsewhere, how careful a retry is, a note for a closing. */
function formOf(act, name, {slot, add}) {
    const stages = h('ol', {class: 'canary', 'aria-label': 'Stages'});
    const careful = tick(false, 'Try it on a few first', {on: {change: () => draw()}});
    const rate = number('', {min: 1, max: 10_000, step: 1, placeholder: 'as fast as they can be taken', on: {input: () => draw()}});
    const pace = h('span', {class: 'hint'});
    const note = text('', {maxlength: 2000, placeholder: act.canary ? 'Why? (optional)' : 'What was done, or why nothing need be'});
    const agent = name === 'elsewhere' ? choice('', [['', 'Choose an agent'], ...agents()], {required: true}) : null;
    let total = 0;
    function draw() {
        stages.hidden = !careful.input.checked;
        replace(stages, plannedStages(total).map((stage) => stageItem(stage)));
        setText(pace, paceWords(total, Number(rate.value)));
    }
    const careful_ = act.canary ? h('fieldset', {class: 'careful'}, h('legend', {class: 'visually-hidden'}, 'How careful'), careful.element,
        h('p', {class: 'muted'}, 'One goes first, then 10, then a tenth, then the rest; each stage waits until the one before has ended. If the same failure comes back it stops by itself: a cause that is still broken spends at most 11 tasks.'), stages) : null;
    if (careful_) add('canary', careful.input, careful_);
    const pacing = slot('max_per_second', 'At most so many a second', rate, 'Spares an agent that has just come back.');
    pacing.append(pace);
    return {
        elements: [agent ? slot('agent_id', 'Agent', agent, 'It gets the same input as before.') : null, careful_, h('div', {class: 'form-row'}, pacing, slot('note', 'Note', note, 'Optional; it stays with each of them.'))],
        matched(number_) { total = number_; careful.input.checked = act.canary && total >= CAREFUL; draw(); },
        isReady: () => [agent, rate].every((input) => !input || input.reportValidity()),
        values: () => ({
            ...(act.canary && careful.input.checked ? {canary: true} : {}), ...(rate.value ? {max_per_second: Number(rate.value)} : {}),
            ...(note.value.trim() ? {note: note.value.trim()} : {}), ...(agent ? {agent_id: agent.value} : {}),
        }),
    };
}

function agents() {
    return (resources.agents.value?.data ?? []).filter((agent) => !agent.draining).map((agent) => [agent.id, `${agent.id}${agent.paused ? ' (paused)' : ''}`]);
}

/** A stage of a canary: what it takes, how far it is. */
export function stageItem({label, state, says = null}) {
    const look = {done: 'check', current: 'in_progress', stopped: 'warning', ahead: 'pending'}[state];
    return h('li', {class: `canary-stage is-${state}`, 'aria-current': state === 'current' ? 'step' : null}, icon(look), h('span', {class: 'canary-label'}, label),
        h('span', {class: 'visually-hidden'}, {done: ', done', current: ', under way', stopped: ', stopped here', ahead: ', to come'}[state]), says ? h('span', {class: 'canary-says'}, says) : null);
}

function showPreview(element, {subject, answer, says, value}) {
    const skipped = answer.skipped ?? [];
    const sums = answer.value ?? value ?? [];
    replace(element, h('dl', {class: 'facts'}, h('dt', {}, 'Which'), h('dd', {}, says || (subject === 'tasks' ? 'every task there is' : 'every pending one')),
        h('dt', {}, 'How many'), h('dd', {}, h('strong', {}, answer.matched === 0 ? 'None: nothing would happen' : many(subject, answer.matched))),
        sums.length ? [h('dt', {}, 'Money'), h('dd', {}, sums.map((sum) => h('span', {class: 'money sum'}, money(sum))))] : null,
        skipped.length ? [h('dt', {}, 'Passed over'), h('dd', {}, skipped.map((one) => h('div', {}, `${count(one.count)}: ${reasonWords(one.reason)}`)))] : null),
    sampleList(answer.sample ?? []));
}

function sampleList(sample) {
    if (sample.length === 0) return null;
    return h('details', {class: 'sample'}, h('summary', {}, sample.length === 1 ? 'Which one it is' : `The first ${counted(sample.length, 'of them', 'of them')}`),
        h('ul', {class: 'plain'}, sample.map((one) => h('li', {}, h('a', {href: `/tasks/${one.task_id ?? one.id}`, target: '_blank'}, one.task_type ?? one.type ?? shortID(one.task_id ?? one.id)), ' ',
            h('span', {class: 'muted'}, [shortID(one.task_id ?? one.id), one.agent_id, words(one.error_type ?? one.error?.type ?? '')].filter(Boolean).join(' · ')), one.payment ? h('span', {class: 'money'}, ` ${money(one.payment)}`) : null))));
}
