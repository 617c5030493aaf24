// The last events that this page has heard of, kept in bounds, so that the tail has something to show when it opens.

import {store} from '../../core/store.js';

export const MOST = 2_000;

const recent = [];
store.on('events', (events) => keep(recent, events));
// The next person must not find what the last one saw.
for (const type of ['signed-in', 'signed-out']) document.addEventListener(type, () => { recent.length = 0; });

export function recentEvents() { return [...recent]; }

/** Adds to a list that never holds more than `MOST`; gives back how many were dropped at its beginning. */
export function keep(list, events) {
    for (const event of events) list.push(event);
    const surplus = Math.max(0, list.length - MOST);
    if (surplus) list.splice(0, surplus);
    return surplus;
}

const RANKS = {info: 0, medium: 1, warning: 1, high: 2, error: 2, critical: 3};

export function rank(severity) { return RANKS[severity] ?? 0; }

/** A test for events; pure. `least`: a severity. */
export function filterOf({q, type, agent, least}) {
    const text = (q ?? '').trim().toLowerCase();
    const from = rank(least ?? 'info');
    return (event) => rank(event.severity) >= from && (!type || event.type === type) && (!agent || agentOf(event) === agent)
        && (!text || `${event.message} ${event.type} ${event.task?.type} ${event.task_id} ${agentOf(event) ?? ''}`.toLowerCase().includes(text));
}

export function agentOf(event) { return event.data?.agent_id ?? event.task?.agent_id ?? null; }

/** Counts events by second, and says of how many one is shown when there are more than a person can read. */
export class Rate {
    #second = 0;
    #count = 0;
    perSecond = 0;

    add(count, at) {
        const second = Math.floor(at / 1000);
        if (second !== this.#second) {
            this.perSecond = second === this.#second + 1 ? this.#count : 0;
            this.#second = second;
            this.#count = 0;
        }
        this.#count += count;
        // A burst within the second counts at once.
        if (this.#count > this.perSecond) this.perSecond = this.#count;
    }

    get oneOf() { return this.perSecond > 300 ? Math.ceil(this.perSecond / 150) : 1; }
}
