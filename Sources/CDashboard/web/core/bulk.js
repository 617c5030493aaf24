// Acts on many dead letters or tasks at once, in words and shares. Pure.

import {count, counted, percent, span, words} from './format.js';

/** What can be done to many: `path` is the API's word; those with `canary` try on a few first. */
export const ACTS = {
    retry: {verb: 'Retry', done: 'retried', icon: 'retry', tone: 'primary', path: 'retry', canary: true,
        text: 'Each begins a new round with a fresh allowance of attempts.'},
    elsewhere: {verb: 'Retry elsewhere', done: 'retried elsewhere', icon: 'agents', tone: 'primary', path: 'retry', canary: true,
        text: 'Each begins a new round on the agent that you choose, and stays with it.'},
    resolve: {verb: 'Resolve', done: 'resolved', icon: 'check', tone: 'primary', path: 'resolve',
        text: 'Resolved means: it was mended elsewhere. Nothing runs; the note stands on the timeline.'},
    discard: {verb: 'Discard', done: 'discarded', icon: 'cancel', tone: 'danger', path: 'discard',
        text: 'Discarded means: it shall not be done any more. Nothing runs; the note stands on the timeline.'},
    cancel: {verb: 'Cancel', done: 'cancelled', icon: 'cancel', tone: 'danger', path: 'cancel',
        text: 'Each ends at once: a running attempt is broken off, a waiting one makes no further attempt. It can be retried later.'},
};

const SUBJECTS = {failed_tasks: ['dead letter', 'dead letters'], tasks: ['task', 'tasks']};

/** `3 dead letters`. */
export function many(subject, number) { return counted(number, ...SUBJECTS[subject] ?? SUBJECTS.tasks); }

const LOOKS = {
    running: {icon: 'in_progress', word: 'running', tone: 'accent'}, paused: {icon: 'pause', word: 'paused', tone: 'copper'},
    completed: {icon: 'check', word: 'through', tone: 'glaze'}, cancelled: {icon: 'cancelled', word: 'cancelled', tone: 'still'},
    stopped: {icon: 'warning', word: 'stopped itself', tone: 'crack'},
};

export function lookOf(operation) { return LOOKS[operation.status] ?? LOOKS.running; }

/** It changes no more. */
export function isOver(operation) { return !['running', 'paused'].includes(operation.status); }

/** `Retry 124 dead letters`. */
export function titleOf(operation) {
    const verb = words(operation.action);
    return `${verb[0].toUpperCase()}${verb.slice(1)} ${many(operation.subject, operation.matched)}`;
}

const NAMES = {error_type: 'error', task_type: 'type', user_id: 'user', min_amount: 'amount at least', min_attempts: 'attempts at least',
    created_after: 'made after', created_before: 'made before', q: 'text'};

/** The filter in words: `agent acme · error server error`; nothing for all. */
export function filterWords(filter) {
    return Object.entries(filter ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)).map(([name, value]) => {
        if (name === 'ids') return `${count(value.length)} chosen one by one`;
        if (name === 'group') return 'one kind of failure';
        const [, not, own] = /^(not_)?(.*)$/.exec(name);
        return `${not ? 'not ' : ''}${NAMES[own] ?? words(own)} ${words(Array.isArray(value) ? value.join(' or ') : String(value).replaceAll(',', ' or '))}`;
    });
}

const REASONS = {
    not_pending: 'no longer pending: somebody was faster', agent_gone: 'their agent is not there any more', changed_meanwhile: 'others changed them at the same time',
    already_ended: 'had ended already', not_retryable: 'cannot be retried as they are', not_found: 'are not there',
};

/** Why some were passed over, in words. */
export function reasonWords(reason) { return REASONS[reason] ?? words(reason); }

/** All that were passed over. */
export function skippedOf(operation) { return (operation.skipped ?? []).reduce((sum, one) => sum + one.count, 0); }

/** The parts of the bar, in order: `[{key, label, count, tone}]`; those that are nothing are left out but for `done`. */
export function partsOf(operation) {
    const act = Object.values(ACTS).find((one) => one.path === operation.action) ?? ACTS.retry;
    return [
        {key: 'done', label: act.done, count: operation.done, tone: 'accent'}, {key: 'failed', label: 'refused', count: operation.failed ?? 0, tone: 'crack'},
        {key: 'skipped', label: 'passed over', count: skippedOf(operation), tone: 'copper'}, {key: 'remaining', label: isOver(operation) ? 'left as they were' : 'to come', count: operation.remaining ?? 0, tone: 'still'},
    ].filter((part) => part.count > 0 || part.key === 'done');
}

/** How many a canary does at each stage: the first, ten more, a tenth, and the rest; fewer stages where there are few. */
export function stageSizes(total) {
    const sizes = [];
    let left = total;
    for (const wanted of [1, 10, Math.ceil(total / 10), Infinity]) {
        if (left <= 0) break;
        sizes.push(Math.min(wanted, left));
        left -= sizes.at(-1);
    }
    return sizes;
}

/** Stages as they are drawn before it begins: `[{label, size}]`. */
export function plannedStages(total) {
    const sizes = stageSizes(total);
    return sizes.map((size, index) => ({state: 'ahead', label: index === 3 ? `the other ${count(size)}` : index === 2 ? `10 %: ${count(size)}` : index === sizes.length - 1 && index > 0 ? `the other ${count(size)}` : count(size)}));
}

const STAGE_NAMES = {all: 'the rest'};

/** Stages as they are: `[{label, state: done|current|stopped|ahead, says}]`; `says` tells how the current one does. */
export function stagesOf(operation) {
    const {canary} = operation;
    if (!canary) return [];
    return canary.stages.map((stage, index) => {
        const place = index + 1;
        const ended = operation.status === 'completed' || place < canary.stage;
        const state = ended ? 'done' : place > canary.stage ? 'ahead' : operation.status === 'stopped' ? 'stopped' : isOver(operation) ? 'ahead' : 'current';
        const label = STAGE_NAMES[stage] ?? String(stage).replace('%', ' %');
        return {label: place === canary.stage && canary.stage_size && !ended ? `${label}${String(stage) === String(canary.stage_size) ? '' : `: ${count(canary.stage_size)}`}` : label, state,
            says: place === canary.stage && !ended ? stageSays(operation) : null};
    });
}

function stageSays({canary, status}) {
    const parts = [];
    if (canary.recovered) parts.push(`${count(canary.recovered)} recovered`);
    if (canary.failed_again) parts.push(`${count(canary.failed_again)} failed again`);
    if (canary.waiting && status !== 'stopped') parts.push(`${count(canary.waiting)} not ended yet`);
    return parts.join(', ') || `${count(canary.stage_done)} begun`;
}

/** What is going on, in a sentence. */
export function sentence(operation) {
    const {done, matched, canary, status} = operation;
    const act = Object.values(ACTS).find((one) => one.path === operation.action) ?? ACTS.retry;
    const skipped = skippedOf(operation);
    const also = skipped ? `; ${count(skipped)} passed over` : '';
    switch (status) {
    case 'running': return canary && canary.stage < canary.stages.length ? `Stage ${canary.stage} of ${canary.stages.length}: the next begins when these have ended well.` : `${count(done)} of ${count(matched)} ${act.done}${also}.`;
    case 'paused': return `Paused at ${count(done)} of ${count(matched)}. Nothing more begins until it goes on.`;
    case 'completed': return `${many(operation.subject, done)} ${act.done}${also || (matched ? '; none passed over' : '')}.`;
    case 'cancelled': return `Cancelled after ${count(done)} of ${count(matched)}. What was ${act.done} stays so; the other ${count(Math.max(0, matched - done - skipped))} are as they were.`;
    default: return `${stopWords(operation.stop_reason)} The other ${count(operation.remaining ?? Math.max(0, matched - done - skipped))} are as they were.`;
    }
}

const STOPS = {
    same_failure: 'Stopped because the same failure came back: the cause is still there.',
    none_recovered: 'Stopped because none of its stage recovered: nothing shows that the cause is mended.',
};

function stopWords(reason) {
    if (!reason) return 'It stopped itself.';
    // Its fingerprint says nothing to a person; the filter's link leads to the failures themselves.
    return STOPS[reason] ?? (/\s/.test(reason) ? reason.replace(/ \(group [0-9a-f]+\)/, '') : `Stopped: ${words(reason)}.`);
}

/** How long so many take at so many a second. */
export function paceWords(total, perSecond) {
    if (!perSecond || !total) return '';
    return `${count(total)} at ${count(perSecond)} a second take about ${span(Math.ceil(total / perSecond) * 1000)}.`;
}

/** How far it is, from 0 to 1. */
export function shareOf(operation) { return operation.matched ? (operation.matched - (operation.remaining ?? 0)) / operation.matched : 1; }

export function shareWords(operation) { return percent(Math.floor(shareOf(operation) * 100) / 100); }
