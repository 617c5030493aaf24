// The way a task went through its states: how often, how long, and when. Pure.

import {empty, evolve} from './fold.js';

/** The states as the diagram has them; `held` is pending behind an open breaker. */
export function nodeOf(state) {
    return state.status === 'pending' && state.status_reason === 'breaker_open' ? 'held' : state.status;
}

// What comes in the same append with an attempt's failure and decides what the failure means: until that has come, the
// state in between is none that the task ever was in.
const BETWEEN = new Set(['attempt_failed', 'attempt_abandoned', 'attempt_success', 'circuit_breaker_opened',
    'circuit_breaker_half_opened', 'circuit_breaker_closed', 'retries_skipped', 'fallback_exhausted']);

/** Steps of a chain and answers count as such when what they lead to came at the same moment, other than an attempt. */
const LEADING = new Set(['fallback_started', 'fallback_step_started', 'fallback_step_failed', 'fallback_step_succeeded', 'fallback_succeeded', 'task_resumed']);
const leads = (event, next) => LEADING.has(event.type) && next?.at === event.at && next.type !== 'attempt_started';

/**
 * `{nodes, edges, current}` of these events: `nodes` by name with `{visits, spent_ms}`, `edges` by `from>to` with
 * `{count, at}`; `spent_ms` of the current one goes on until `now`, unless the task has ended.
 */
export function pathOf(events, now) {
    const nodes = new Map();
    const edges = new Map();
    let state = empty();
    let current = null;
    let since = null;
    const enter = (name, at) => {
        if (current !== null) nodes.get(current).spent_ms += Math.max(0, at - since);
        const node = nodes.get(name) ?? {visits: 0, spent_ms: 0};
        node.visits += 1;
        nodes.set(name, node);
        if (current !== null) {
            const key = `${current}>${name}`;
            const edge = edges.get(key) ?? {count: 0, at};
            edges.set(key, {count: edge.count + 1, at});
        }
        [current, since] = [name, at];
    };
    events.forEach((event, index) => {
        state = evolve(state, event);
        const at = Date.parse(event.at);
        if (current === null) { enter(nodeOf(state), at); return; }
        if (BETWEEN.has(event.type) && index < events.length - 1 || leads(event, events[index + 1])) return;
        const name = nodeOf(state);
        // A retry that is due at once goes back through pending all the same.
        if (event.type === 'attempt_started' && current === 'in_progress') enter('pending', at);
        if (name !== current) enter(name, at);
    });
    if (current !== null && !state.finished_at) nodes.get(current).spent_ms += Math.max(0, now - since);
    return {nodes, edges, current, begun: events.length > 0 ? Date.parse(events[0].at) : null};
}

/** The times at which a breaker held the task: `[{from, to, provider}]`; `to` is null while it does. */
export function holdsOf(events) {
    const holds = [];
    for (const event of events) {
        const last = holds.at(-1);
        const isOpen = last && last.to === null;
        if (event.type === 'task_held') {
            if (!isOpen) holds.push({from: Date.parse(event.at), to: null, provider: event.data?.provider ?? null});
        } else if (isOpen && ENDS_HOLD.has(event.type)) {
            last.to = Date.parse(event.at);
        }
    }
    return holds;
}

const ENDS_HOLD = new Set(['task_released', 'attempt_started', 'task_failed', 'task_cancelled', 'task_completed', 'task_escalated']);
