// A stream of events that outlives every break: it goes on from the last position, and says so when it cannot.
// Used by the shared worker, and by the page itself where there is none.

const BUFFER = 2_000;
const LINGER = 15_000;

/** The types of the timeline that a stream can bring; EventSource wants each by name. */
export const TYPES = [
    'task_created', 'task_started', 'attempt_started', 'attempt_success', 'attempt_failed', 'task_retried',
    'circuit_breaker_opened', 'task_failed', 'moved_to_dlq', 'task_completed', 'attempt_accepted', 'attempt_abandoned',
    'attempt_interrupted', 'task_progress', 'task_cancelled', 'task_requeued', 'input_edited', 'task_held',
    'task_released', 'retries_skipped', 'circuit_breaker_half_opened', 'circuit_breaker_closed', 'fallback_started',
    'fallback_step_started', 'fallback_step_succeeded', 'fallback_succeeded', 'fallback_step_failed',
    'fallback_exhausted', 'task_escalated', 'task_resumed', 'late_result', 'alert_raised', 'alert_resolved',
    'dead_letter_resolved', 'dead_letter_discarded',
];

export class Connection {
    constructor(topics) {
        this.topics = topics;
        this.subscribers = new Set();
        this.recent = [];
        /** The id of the last event that came. */
        this.last = null;
        this.wasOpen = false;
        this.serial = 0;
        this.state = {type: 'state', phase: 'connecting', at: null};
        this.failures = 0;
        this.outbox = [];
        this.connect();
    }

    // Subscribers

    /** A tab that gets `{type: 'state' | 'events' | 'gap'}` messages; a paused one is caught up when it resumes. */
    add(send) {
        const subscriber = {
            send, isPaused: false, serial: this.serial,
            pause: () => { subscriber.isPaused = true; subscriber.serial = this.serial; this.consider(); },
            resume: () => {
                if (!subscriber.isPaused) return;
                subscriber.isPaused = false;
                if (!this.source) this.connect();
                const missed = this.serial - subscriber.serial;
                if (missed > this.recent.length) send({type: 'gap'});
                else if (missed > 0) send({type: 'events', events: this.recent.slice(-missed)});
                send(this.state);
            },
            leave: () => { this.subscribers.delete(subscriber); },
        };
        this.subscribers.add(subscriber);
        clearTimeout(this.lingering);
        if (!this.source) this.connect();
        send(this.state);
        return subscriber;
    }

    get isUnused() { return this.subscribers.size === 0; }

    tell(message) {
        for (const subscriber of this.subscribers) if (!subscriber.isPaused) subscriber.send(message);
    }

    /** Nobody looks: the server need not work for us. We go on from where we were when somebody does. */
    consider() {
        if ([...this.subscribers].some((one) => !one.isPaused)) return;
        clearTimeout(this.lingering);
        this.lingering = setTimeout(() => {
            if ([...this.subscribers].some((one) => !one.isPaused)) return;
            this.disconnect();
            this.set('paused');
        }, LINGER);
    }

    set(phase) {
        if (this.state.phase === phase) return;
        this.state = {...this.state, phase};
        this.tell(this.state);
    }

    // The source

    connect() {
        this.disconnect();
        const after = this.last ? `&after=${encodeURIComponent(this.last)}` : '';
        const source = new EventSource(`/api/v1/stream?topics=${encodeURIComponent(this.topics)}${after}`);
        this.source = source;
        let isNew = true;
        source.addEventListener('open', () => {
            this.failures = 0;
            // A second stream that begins now, not where the first one broke: what happened in between was not told.
            if (isNew && !after && this.hasBegun) this.lost();
            isNew = false;
            this.hasBegun = true;
            this.set('live');
        });
        source.addEventListener('error', () => this.failed(source));
        for (const type of ['gap', 'reset']) source.addEventListener(type, (event) => this.lost(event));
        const take = (event) => this.take(event);
        for (const type of TYPES) source.addEventListener(type, take);
    }

    disconnect() {
        this.source?.close();
        this.source = null;
        clearTimeout(this.retry);
    }

    take(event) {
        if (event.lastEventId) this.last = event.lastEventId;
        this.outbox.push(event.data);
        // Events that come together go out together.
        this.flushing ??= setTimeout(() => this.flush(), 16);
    }

    flush() {
        this.flushing = null;
        const events = this.outbox.map((text) => JSON.parse(text));
        this.outbox = [];
        if (events.length === 0) return;
        this.serial += events.length;
        this.recent.push(...events);
        if (this.recent.length > BUFFER) this.recent.splice(0, this.recent.length - BUFFER);
        this.state = {...this.state, at: events.at(-1).at};
        this.tell({type: 'events', events});
    }

    /** What we have cannot be caught up with: everybody loads anew. */
    lost(event) {
        this.last = event?.lastEventId || null;
        this.recent = [];
        this.serial += 1;
        this.tell({type: 'gap'});
    }

    failed(source) {
        if (source !== this.source) return;
        this.set('reconnecting');
        // While the state is CONNECTING the browser tries again by itself, from the last event on. After an answer
        // that is no stream it has given up for good, and we try.
        if (source.readyState !== EventSource.CLOSED) return;
        this.disconnect();
        this.failures += 1;
        const wait = Math.min(10_000, 250 * 2 ** Math.min(this.failures, 6)) * (0.75 + Math.random() / 2);
        this.retry = setTimeout(() => this.refused(), wait);
    }

    /** Somebody who is not signed in gets no stream: the page finds that out by asking who it is. */
    refused() {
        if (this.failures % 3 === 0) this.tell({type: 'ask'});
        this.connect();
    }

    /** Tries at once. */
    again() { this.failures = 0; this.connect(); }

    close() {
        this.disconnect();
        clearTimeout(this.lingering);
        clearTimeout(this.flushing);
    }
}
