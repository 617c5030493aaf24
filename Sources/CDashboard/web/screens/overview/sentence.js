// The health of everything in one sentence. Pure.

import {counted, count, percent, span} from '../../core/format.js';

/** `{text, tone, name}` for what `GET /tasks/monitoring/health` and `/circuit-breakers` answered. */
export function healthSentence(health, breakers) {
    const {pending, in_progress: running, waiting, completed, failed, cancelled} = health.counts;
    const unfinished = pending + running + waiting;
    const open = breakers.filter((breaker) => breaker.state !== 'closed');
    const all = unfinished + completed + failed + cancelled;
    if (all === 0) return {text: 'Healthy, and nothing to do yet: no task was ever made.', tone: 'glaze', name: 'check'};
    const parts = [];
    parts.push(unfinished === 0 ? 'Everything has ended.' : `${counted(unfinished, 'task')} under way${retrying(health, open)}.`);
    if (open.length === 1) parts.push(breakerText(open[0], health.at));
    if (open.length > 1) parts.push(`${open.length} breakers are not closed: ${open.slice(0, 4).map((one) => one.provider).join(', ')}${open.length > 4 ? ' …' : ''}.`);
    if (health.failure_rate > 0) parts.push(`${percent(health.failure_rate)} of what ended in the last ${span(health.window_ms)} failed.`);
    if (waiting > 0) parts.push(`${counted(waiting, 'task')} ${waiting === 1 ? 'asks' : 'ask'} a person.`);
    if (health.dead_letters.pending > 0) {
        parts.push(`${counted(health.dead_letters.pending, 'dead letter')} ${health.dead_letters.pending === 1 ? 'waits' : 'wait'} for a person.`);
    }
    if (health.durability !== 'full') parts.push('What is acknowledged may not survive a power cut.');
    const word = {healthy: 'Healthy.', degraded: 'Degraded.', unhealthy: 'Unhealthy.'}[health.status];
    const look = {healthy: ['glaze', 'check'], degraded: ['copper', 'warning'], unhealthy: ['crack', 'failed']}[health.status];
    return {text: [word, ...parts].join(' '), tone: look[0], name: look[1]};
}

function retrying(health, open) {
    const held = open.reduce((sum, breaker) => sum + (breaker.held_tasks ?? 0), 0);
    return held > 0 ? `, ${count(held)} of them held` : '';
}

function breakerText(breaker, at) {
    const since = breaker.opened_at ? ` ${span(Math.floor((Date.parse(at) - Date.parse(breaker.opened_at)) / 1000) * 1000)} ago` : '';
    return breaker.state === 'half_open'
        ? `${breaker.provider} is being probed: its breaker is half-open.`
        : breaker.forced ? `The breaker of ${breaker.provider} is held open by hand.` : `The breaker of ${breaker.provider} opened${since}.`;
}
