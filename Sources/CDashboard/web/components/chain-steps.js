// The steps of a fallback chain, one after the other: as it is laid down, or as a task goes through it.

import {h} from '../core/dom.js';
import {actorName, span, words} from '../core/format.js';
import {icon} from '../core/icons.js';
import {stepWords} from '../core/strategies.js';
import './why.js';

const STATES = {
    ahead: {icon: 'pending', word: 'to come', tone: 'still'}, running: {icon: 'in_progress', word: 'under way', tone: 'accent'}, waiting: {icon: 'waiting', word: 'waits for a person', tone: 'person'},
    spared: {icon: 'pending', word: 'not needed', tone: 'still'}, mended: {icon: 'healed', word: 'mended it', tone: 'gold'},
    done: {icon: 'check', word: 'did it', tone: 'glaze'}, failed: {icon: 'failed', word: 'failed', tone: 'crack'}, skipped: {icon: 'cancelled', word: 'passed over', tone: 'still'},
};
const ANSWERS = {retry: 'try again', complete: 'complete it', fail: 'let it fail', timed_out: 'nobody answered in time'};

/** The steps of a chain in a row, and where what they cannot mend goes. */
export function laidSteps(steps) {
    return h('ol', {class: 'chain-steps'}, steps.map((step, index) => {
        const says = stepWords(step);
        return h('li', {class: 'chain-step'}, h('span', {class: 'badge'}, index + 1), h('strong', {}, words(step.strategy)), says ? h('span', {class: 'muted chain-says', title: says}, says) : null);
    }), h('li', {class: 'chain-step is-end'}, icon('dead_letters'), 'dead letters'));
}

/** One run of a chain as `core/chain.js` tells it, each step with its state. */
export function runSteps(run) {
    return h('ol', {class: 'run-steps'}, run.steps.map((step) => {
        const look = lookOf(run, step);
        const facts = [step.strategy ? stepWords({strategy: step.strategy, ...step.parameters}) : '', step.agent && step.parameters?.agent_id !== step.agent ? `on ${step.agent}` : '',
            step.attempts.length ? `attempt ${step.attempts.join(', ')}` : '', typeof step.duration_ms === 'number' ? span(step.duration_ms) : ''].filter(Boolean).join(' · ');
        return h('li', {class: `run-step is-${step.state} tone-${look.tone}`, 'aria-current': step.state === 'running' || step.state === 'waiting' ? 'step' : null},
            h('span', {class: 'run-mark'}, icon(look.icon)), h('div', {class: 'run-what'},
                h('p', {}, h('strong', {}, `${step.number}. ${step.strategy ? words(step.strategy) : 'a step'}`), ' ', h('span', {class: 'run-word'}, look.word), step.state === 'waiting' && step.until ? [' ', clock(step.until, step.then === 'continue' ? 'goes on' : 'fails')] : step.state === 'running' && step.due ? [' ', clock(step.due, 'begins')] : null),
                facts ? h('p', {class: 'muted'}, facts) : null, step.error ? h('p', {class: 'run-error'}, step.error.message) : null,
                step.task ? h('p', {}, h('a', {href: `/tasks/${step.task}`}, 'The task that it made')) : null,
                step.answer ? h('p', {class: 'muted'}, `${step.answer.action === 'timed_out' ? '' : `${actorName(step.answer.by)}: `}${ANSWERS[step.answer.action] ?? step.answer.action}${step.answer.note ? `, “${step.answer.note}”` : ''}`) : null));
    }));
}

/** What broke is a crack until something mends it; what mended it is gold. */
function lookOf(run, step) {
    if (run.state !== 'recovered') return STATES[step.state];
    if (step.number === run.at_step && step.state === 'done') return STATES.mended;
    return step.state === 'failed' ? {...STATES.failed, tone: 'still'} : STATES[step.state];
}

function clock(at, word) {
    const element = h('k-countdown', {class: 'faint'});
    element.set(Date.parse(at), word);
    return element;
}
