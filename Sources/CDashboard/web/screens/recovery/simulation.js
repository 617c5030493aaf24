// What a chain would have done to past failures: known where it was tried here, and said to be unknown where it was not.

import {api} from '../../core/api.js';
import {OUTCOMES, resultParts, resultWords} from '../../core/chain.js';
import {h, replace} from '../../core/dom.js';
import {count, percent, shortID, words} from '../../core/format.js';
import {icon} from '../../core/icons.js';
import {now} from '../../core/time.js';
import {failure, loading} from '../../components/empty.js';
import {choice} from '../../components/faults.js';
import {mark} from '../../components/state.js';

const SINCE = [[String(3_600_000), 'of the last hour'], [String(86_400_000), 'of the last day'], [String(604_800_000), 'of the last week'], [String(2_592_000_000), 'of the last 30 days']];

/** `ask(since)` gives the answer of the API, or null where there is nothing to show. */
export function simulation(ask) {
    const since = choice(SINCE[2][0], SINCE, {'aria-label': 'Which failures'});
    const run = h('button', {class: 'button', type: 'button', on: {click: () => test()}}, icon('play'), 'Test it');
    const result = h('div', {class: 'simulation', 'aria-live': 'polite'});
    const element = h('section', {class: 'card', 'aria-labelledby': 'chain-test'}, h('div', {class: 'card-head'}, h('h2', {id: 'chain-test'}, 'Test against past failures')),
        h('div', {class: 'card-body form'}, h('p', {class: 'muted'}, 'As it stands here, saved or not. Nothing is called: what was tried here before tells.'), h('div', {class: 'simulation-ask'}, since, run), result));

    async function test() {
        run.disabled = true;
        replace(result, loading(3));
        try {
            const answer = await ask(new Date(now() - Number(since.value)).toISOString());
            replace(result);
            if (answer) show(answer);
        } catch (error) {
            replace(result, failure(error, test, 'h3'));
        } finally {
            run.disabled = false;
        }
    }

    function show(answer) {
        const [first, ...others] = resultWords(answer);
        const parts = resultParts(answer);
        replace(result, h('p', {class: 'simulation-says'}, first), parts.length ? [
            h('div', {class: 'simulation-bar', role: 'img', 'aria-label': parts.map((part) => `${part.count} ${part.word}`).join(', ')}, parts.map((part) => h('span', {class: `simulation-part is-${part.key} tone-${part.tone}`, css: {'--share': String(part.count)}}))),
            h('ul', {class: 'legend'}, parts.map((part) => h('li', {class: `tone-${part.tone}`}, h('span', {class: `swatch is-${part.key}`}), h('strong', {}, count(part.count)), ` ${part.word}`)))] : null,
        others.map((one) => h('p', {class: 'muted'}, one)), answer.examined > answer.matched && answer.matched ? h('p', {class: 'faint'}, `${count(answer.examined)} failures were looked at; it runs for ${count(answer.matched)} of them.`) : null,
        answer.tasks.length ? h('details', {}, h('summary', {}, answer.tasks.length < answer.matched ? `The first ${count(answer.tasks.length)}, one by one` : 'One by one'), h('ul', {class: 'simulation-tasks'}, answer.tasks.map(row))) : null);
    }
    return {element};
}

function row(task) {
    const chance = typeof task.estimated_rate === 'number' ? `about ${percent(task.estimated_rate)} of such recover` : '';
    return h('li', {}, mark(OUTCOMES[task.outcome] ?? OUTCOMES.unknown), h('a', {class: 'id', href: `/tasks/${task.task_id}?tab=recovery`}, shortID(task.task_id)),
        h('span', {class: 'muted'}, [words(task.error_type ?? ''), task.at_step ? `at step ${task.at_step}` : '', task.why, chance].filter(Boolean).join(', ')));
}
