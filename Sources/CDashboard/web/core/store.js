// What the page knows: tasks by id, and resources that are asked for again when events say that they have changed.

import {api} from './api.js';
import {evolve} from './fold.js';
import {live} from './live.js';

/** Tasks kept in memory; beyond that the ended ones that were not heard of for longest go. */
const MOST_TASKS = 12_000;

const tasks = new Map();
const trails = new Map();
const listeners = {tasks: new Set(), events: new Set(), reload: new Set()};

function emit(kind, value) { for (const listener of listeners[kind]) listener(value); }

export const store = {
    /** Calls `listener`: `tasks` with a set of changed ids, `events` with a batch, `reload` when all must be loaded anew. */
    on(kind, listener) {
        listeners[kind].add(listener);
        return () => listeners[kind].delete(listener);
    },

    task(id) { return tasks.get(id); },
    /** The attempts of a task as far as they are known: from a list with `include=attempts`, and from events since. */
    attempts(id) { return trails.get(id)?.attempts ?? []; },
    /** All tasks that are known; a live view. */
    all() { return tasks.values(); },

    /** Takes in tasks as the API answers them; an older version never replaces a newer one. */
    put(list) {
        const changed = new Set();
        for (const task of list) if (keep(task)) changed.add(task.id);
        if (changed.size > 0) emit('tasks', changed);
    },

    /** Forgets everything, as when somebody else signs in. */
    clear() {
        tasks.clear();
        trails.clear();
    },
};

function keep(task) {
    const known = tasks.get(task.id);
    if (task.attempts && (trails.get(task.id)?.seq ?? 0) <= task.version) {
        trails.set(task.id, {
            seq: task.version, status: task.status, status_reason: task.status_reason, round: task.round,
            attempt: task.attempt, round_attempt: task.round_attempt, attempts: task.attempts.map(flat),
            due_at: task.next_attempt_at, held_by: null, agent_id: task.agent_id,
        });
    }
    if (known && known.version > task.version) return false;
    // A summary from the stream lacks what only the whole resource has: that is kept.
    tasks.delete(task.id);
    tasks.set(task.id, known ? {...known, ...task} : task);
    return true;
}

/** An attempt resource in the fold's shape. */
export function flat(attempt) {
    return {...attempt, breaker_state: attempt.breaker_state ?? attempt.circuit_breaker?.state ?? 'closed',
        counted: attempt.counted ?? !attempt.probe};
}

function take(events) {
    const changed = new Set();
    for (const event of events) {
        const trail = trails.get(event.task_id);
        if (event.seq === 1 || trail && event.seq > trail.seq) {
            const before = trail ?? {seq: 0, attempts: []};
            trails.set(event.task_id, slim(evolve(before.seq === 0 ? start() : before, event)));
        }
        if (keep(event.task)) changed.add(event.task_id);
    }
    trim();
    if (changed.size > 0) emit('tasks', changed);
    emit('events', events);
}

function start() {
    return {seq: 0, attempts: [], status: 'pending', round: 1, attempt: 0, round_attempt: 0, due_at: null, held_by: null};
}

/** Rows show the last twenty attempts. */
function slim(trail) {
    return trail.attempts.length > 20 ? {...trail, attempts: trail.attempts.slice(-20)} : trail;
}

const FINAL = new Set(['completed', 'failed', 'cancelled']);

function trim() {
    if (tasks.size <= MOST_TASKS) return;
    for (const [id, task] of tasks) {
        if (tasks.size <= MOST_TASKS * 0.8) break;
        if (FINAL.has(task.status)) { tasks.delete(id); trails.delete(id); }
    }
}

live.on('events', ({events}) => take(events));
live.on('gap', () => emit('reload'));

/**
 * Something that the API answers and that is asked for again: while somebody shows it, every so often, and soon after
 * events of certain types. All who show it share one request.
 */
export class Resource {
    #listeners = new Set();
    #timer = null;
    #soon = null;
    #asking = null;
    #leave = [];

    /** `every`: milliseconds between looks; `on`: types of events after which to look; `least`: the shortest pause. */
    constructor(load, {every = 10_000, on = [], least = 1_000} = {}) {
        this.load = load;
        this.every = every;
        this.on = new Set(on);
        this.least = least;
        this.value = null;
        this.error = null;
        this.askedAt = 0;
    }

    /** Calls `listener` now if there is something to show, and at each change; gives back what ends that. */
    subscribe(listener) {
        this.#listeners.add(listener);
        if (this.#listeners.size === 1) this.#wake();
        if (this.value !== null || this.error) listener(this);
        return () => {
            this.#listeners.delete(listener);
            if (this.#listeners.size === 0) this.#sleep();
        };
    }

    #wake() {
        this.#leave = [
            store.on('events', (events) => { if (events.some((event) => this.on.has(event.type))) this.soon(); }),
            store.on('reload', () => this.soon()),
        ];
        this.#timer = setInterval(() => { if (!document.hidden && !live.isHeld) this.refresh(); }, this.every);
        this.refresh();
    }

    #sleep() {
        for (const leave of this.#leave) leave();
        clearInterval(this.#timer);
        clearTimeout(this.#soon);
        this.#soon = null;
    }

    /** Looks again, but not more often than `least` allows. */
    soon() {
        this.#soon ??= setTimeout(() => {
            this.#soon = null;
            this.refresh();
        }, Math.max(60, this.askedAt + this.least - Date.now()));
    }

    /** Looks now. */
    refresh() {
        this.askedAt = Date.now();
        this.#asking ??= this.#ask();
        return this.#asking;
    }

    async #ask() {
        try {
            this.value = await this.load();
            this.error = null;
        } catch (error) {
            this.error = error;
        } finally {
            this.#asking = null;
        }
        for (const listener of this.#listeners) listener(this);
    }
}

const ENDS = ['task_created', 'task_completed', 'task_failed', 'task_cancelled', 'task_requeued', 'moved_to_dlq'];
const BREAKERS = ['circuit_breaker_opened', 'circuit_breaker_half_opened', 'circuit_breaker_closed', 'task_held',
    'task_released'];
/** Events after which alerts may have changed. */
export const ALERTS = ['alert_raised', 'alert_resolved', 'task_completed', 'dead_letter_resolved', 'dead_letter_discarded', 'circuit_breaker_opened', 'circuit_breaker_closed'];
const LETTERS = ['moved_to_dlq', 'task_requeued', 'dead_letter_resolved', 'dead_letter_discarded'];

/** What several screens show. */
export const resources = {
    health: new Resource(() => api.get('/tasks/monitoring/health'), {every: 5_000, on: [...ENDS, ...BREAKERS]}),
    breakers: new Resource(() => api.get('/circuit-breakers', {limit: 200}), {every: 5_000, on: BREAKERS, least: 500}),
    letters: new Resource(() => api.get('/failed-tasks', {status: 'pending', limit: 200}),
        {every: 15_000, on: LETTERS, least: 700}),
    summary: new Resource(() => api.get('/failed-tasks/summary'), {every: 15_000, on: LETTERS, least: 700}),
    alerts: new Resource(() => api.get('/alerts', {status: 'firing', limit: 200}), {every: 15_000, on: ALERTS, least: 1_500}),
    questions: new Resource(() => api.get('/tasks', {status: 'waiting', limit: 20}),
        {every: 30_000, on: ['task_escalated', 'task_resumed', 'task_cancelled', 'task_failed'], least: 700}),
    agents: new Resource(() => api.get('/agents', {limit: 200, include: 'stats'}), {every: 10_000}),
};
