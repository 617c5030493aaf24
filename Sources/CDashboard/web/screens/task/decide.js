// The answer to a task that asks a person: try again, complete it, or let it fail.

import {api} from '../../core/api.js';
import {h} from '../../core/dom.js';
import {pretty, read} from '../../core/exact-json.js';
import {money} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {session} from '../../core/session.js';
import {resources, store} from '../../core/store.js';
import {parse, timeOf} from '../../core/time.js';
import {acting} from '../../components/acts.js';
import {sheet} from '../../components/dialog.js';
import {choice, slots, text} from '../../components/faults.js';
import {toast} from '../../components/toast.js';
import '../../components/why.js';

const DECISIONS = {
    retry: ['Try it again?', 'Try again', 'primary', 'It is tried once more, at once. If that fails too, its fallback chain goes on.'],
    complete: ['Complete it with this output?', 'Complete it', 'primary', 'Nothing is called any more: the task completes with what you give here.'],
    fail: ['Let it fail?', 'Let it fail', 'danger', 'It goes to the dead letters, and can be retried from there.'],
};

/** What is asked, until when and what then, with the answers. */
export function decisionCard(model) {
    const {task, escalation: asked} = model;
    const {message, until: end, then} = asked?.data ?? {};
    const until = parse(end ?? task.deadline_at);
    const clock = h('k-countdown', {class: 'why-count'});
    if (until !== null) clock.set(until, then === 'continue' ? 'goes on by itself' : 'fails by itself');
    const button = (action, label, name, tone) => h('button', {class: `button ${tone}`, type: 'button', on: {click: () => decide(model, action)}}, icon(name), label);
    return h('section', {class: 'card decision tone-person', 'aria-label': 'A decision is asked for'}, h('div', {class: 'card-body stack'},
        h('p', {class: 'decision-head'}, icon('waiting'), h('strong', {}, 'A person is asked'), asked ? h('span', {class: 'muted'}, 'since ', timeOf(asked.at)) : null, until !== null ? clock : null),
        h('p', {class: 'decision-question'}, message ?? task.explanation),
        h('p', {class: 'muted'}, task.payment ? [h('span', {class: 'money'}, money(task.payment)), ' at stake. '] : null,
            until === null ? 'It waits until somebody answers.' : then === 'continue' ? 'If nobody answers in time, its fallback chain goes on with the next step.' : 'If nobody answers in time, it fails and goes to the dead letters.'),
        session.mayAct ? h('div', {class: 'button-row'}, button('retry', 'Try again …', 'retry', 'is-primary'), button('complete', 'Complete it with an output …', 'check', ''), button('fail', 'Let it fail …', 'cancel', 'is-danger'))
            : h('p', {class: 'faint'}, 'Whoever may act for its owner can answer.')));
}

/** Asks for what a decision needs, and takes it. */
export async function decide(model, action, {isEdited = false} = {}) {
    const {task} = model;
    const [title, label, tone, says] = DECISIONS[action];
    const faults = slots();
    if (action === 'retry' && !resources.agents.value) await resources.agents.refresh();
    const ids = (resources.agents.value?.data ?? []).filter((agent) => !agent.draining).map((agent) => agent.id);
    const note = text('', {maxlength: 2000, placeholder: 'Stands on the timeline'});
    const agent = choice('', [['', task.agent_id ? `as before (${task.agent_id})` : 'as before'], ...ids.filter((id) => id !== task.agent_id).map((id) => [id, id])]);
    const before = model.payload('input');
    const input = area(before ? pretty(before.value) : 'null', 8);
    const output = area('null', 6);
    const edited = h('details', {open: isEdited}, h('summary', {}, 'Edit its input'), faults.slot('input', 'Input', input, 'JSON, sent as it stands here if it differs.'));
    const after = await sheet({
        title, body: h('div', {class: 'form'}, h('p', {}, says), action === 'retry' ? [faults.slot('agent_id', 'Agent', agent), edited] : null,
            action === 'complete' ? faults.slot('output', 'Output', output, 'JSON, sent as it stands here.') : null, faults.slot('note', 'Note', note)),
        acts: [{label, tone, isDefault: action !== 'fail', run: () => faults.guard(() => {
            const members = [`"action":${JSON.stringify(action)}`];
            const json = (name, area_) => {
                try { read(area_.value); } catch (error) { faults.show([{pointer: `/${name}`, detail: `${error.message}.`}]); return false; }
                members.push(`${JSON.stringify(name)}:${area_.value}`);
                return true;
            };
            if (action === 'complete' && !json('output', output)) return false;
            if (action === 'retry' && input.value !== (before ? pretty(before.value) : 'null') && !json('input', input)) return false;
            if (action === 'retry' && agent.value) members.push(`"agent_id":${JSON.stringify(agent.value)}`);
            if (note.value.trim()) members.push(`"note":${JSON.stringify(note.value.trim())}`);
            return acting(task, () => api.post(`/tasks/${task.id}/decide`, `{${members.join(',')}}`));
        })}],
    });
    if (!after) return;
    store.put([after]);
    model.load();
    toast({retry: 'Decided: it is tried again.', complete: 'Decided: it is complete.', fail: 'Decided: it fails.'}[action]);
}

function area(value, rows) {
    const element = h('textarea', {class: 'input', spellcheck: 'false', rows: String(rows)});
    element.value = value;
    return element;
}
