// All that is known of one task, kept current: the resource, its events with the text they came as, its attempts.

import {api} from '../../core/api.js';
import {nextFrame} from '../../core/dom.js';
import {member, read} from '../../core/exact-json.js';
import {empty, evolve} from '../../core/fold.js';
import {flat, store} from '../../core/store.js';
import {now} from '../../core/time.js';

/** A timeline longer than this is shown in part, and says so. */
const MOST_EVENTS = 3_000;
/** Answers wrap payloads, which may be 64 deep themselves. */
const DEEPEST = 80;

export class TaskModel {
    #listeners = new Set();
    #leave = [];
    #texts = new Map();
    #soon = null;
    #askedAt = 0;
    #more = null;

    constructor(id, signal) {
        Object.assign(this, {id, signal, task: null, text: '', events: [], state: empty(), hasAll: true, isLoaded: false, error: null, served: []});
    }

    /** Calls `listener` before the next frame after each change. */
    subscribe(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    #changed() { nextFrame(this, () => { for (const listener of this.#listeners) listener(); }); }

    start() {
        this.#leave = [
            store.on('tasks', (changed) => { if (changed.has(this.id)) this.#hear(); }),
            store.on('events', (events) => this.#take(events.filter((event) => event.task_id === this.id))),
            store.on('reload', () => this.load()),
        ];
        this.load();
    }

    stop() {
        for (const leave of this.#leave.splice(0)) leave();
        clearTimeout(this.#soon);
    }

    async load() {
        try {
            await this.#loadTask();
            this.error = null;
            await this.#follow();
            this.isLoaded = true;
        } catch (error) {
            if (error.name === 'AbortError') return;
            this.error = error;
        }
        this.#changed();
    }

    async #loadTask() {
        this.#askedAt = Date.now();
        const text = await api.raw(`/tasks/${encodeURIComponent(this.id)}`, {}, {signal: this.signal});
        const task = JSON.parse(text);
        if (task.version < (this.task?.version ?? 0)) return;
        this.text = text;
        this.whole = task;
        store.put([task]);
        this.#adopt();
    }

    /** The store knows the newest summary, and the whole resource fills it up. */
    #adopt() {
        const known = store.task(this.id);
        this.task = known && known.version >= (this.whole?.version ?? 0) ? {...this.whole, ...known} : this.whole;
    }

    /** The stream said that it has changed: the summary is shown at once, the rest is asked for once a second at most. */
    #hear() {
        if (!this.task) return;
        this.#adopt();
        this.#changed();
        if (this.whole.version >= this.task.version || this.#soon) return;
        this.#soon = setTimeout(async () => {
            this.#soon = null;
            try {
                await this.#loadTask();
                if (!this.hasAll) await this.#askAttempts();
                await this.#follow();
                this.#changed();
            } catch (error) {
                if (error.status === 404) { this.error = error; this.#changed(); }
            }
        }, Math.max(0, this.#askedAt + 1000 - Date.now()));
    }

    // The timeline

    get last() { return this.events.at(-1)?.seq ?? 0; }

    #take(events) {
        if (!this.isLoaded || events.length === 0) return;
        for (const event of [...events].sort((a, b) => a.seq - b.seq)) {
            if (event.seq === this.last + 1 && this.hasAll) {
                const {topic, task_id: taskID, task, ...row} = event;
                this.#append(row);
            } else if (event.seq > this.last && this.hasAll) {
                this.#follow().then(() => this.#changed(), () => {});
                break;
            }
        }
        this.#changed();
    }

    #append(row) {
        this.events.push(row);
        this.state = evolve(this.state, row);
    }

    /** Asks for the events after the last one that is known, until there are no more. */
    #follow() {
        this.#more ??= this.#pages().finally(() => { this.#more = null; });
        return this.#more;
    }

    async #pages() {
        for (;;) {
            if (this.events.length >= MOST_EVENTS) {
                if (this.hasAll) { this.hasAll = false; await this.#askAttempts(); }
                return;
            }
            const page = await this.page(this.last, 200);
            for (const {row, text} of page.rows) {
                if (row.seq !== this.last + 1) continue;
                this.#append(row);
                this.#texts.set(row.seq, text);
            }
            if (!page.hasMore) return;
        }
    }

    /** Rows after `seq` with their exact texts. */
    async page(seq, limit) {
        const text = await api.raw(`/tasks/${this.id}/timeline`, {after: seq, limit}, {signal: this.signal});
        const {data, next_cursor: cursor} = JSON.parse(text);
        const list = exact(text);
        return {hasMore: cursor !== null, rows: data.map((row, index) => ({row, text: list ? text.slice(list[index].start, list[index].end) : JSON.stringify(row)}))};
    }

    /** The event as the server wrote it: a stream's event went through numbers that are not exact. */
    async textOf(seq) {
        if (!this.#texts.has(seq)) {
            const {rows} = await this.page(seq - 1, 1);
            if (rows[0]?.row.seq === seq) this.#texts.set(seq, rows[0].text);
        }
        return this.#texts.get(seq) ?? '{}';
    }

    // Attempts

    async #askAttempts() {
        const {data} = await api.get(`/tasks/${this.id}/attempts`, {limit: 200}, {signal: this.signal});
        this.served = data.map(flat);
    }

    /** The attempts, oldest first, with what only their first event says. */
    get attempts() {
        if (!this.hasAll) return this.served;
        const starts = new Map(this.events.filter((event) => event.type === 'attempt_started').map((event) => [event.data.number, event.data]));
        return this.state.attempts.map((attempt) => {
            const {node = null, failure_rate: rate = null, timeout_ms: timeout = null} = starts.get(attempt.number) ?? {};
            return {...attempt, node, failure_rate: rate, timeout_ms: timeout};
        });
    }

    /** The event that asked a person, while the task waits for the answer. */
    get escalation() { return this.task.status === 'waiting' ? this.events.findLast((event) => event.type === 'task_escalated') ?? null : null; }

    // Payloads

    /** `input` or `output` exactly as it came: `{value, text}`; null where it is too deep to be read. */
    payload(name) {
        try {
            const value = member(read(this.text, {deepest: DEEPEST}), name);
            return value ? {value, text: this.text.slice(value.start, value.end)} : null;
        } catch {
            return null;
        }
    }

    get age() { return now() - Date.parse(this.task.created_at); }
}

function exact(text) {
    try { return member(read(text, {deepest: DEEPEST}), 'data').items; } catch { return null; }
}

