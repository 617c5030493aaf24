// What a task is after its events: the same fold as the server's (TaskState and AttemptFold in Swift). Both run the
// fixtures in Tests/Fixtures/folds, so that they cannot drift apart. Pure: an event in, a new state out.

/** The state before any event. */
export function empty() {
    return {
        seq: 0, status: 'pending', status_reason: 'queued', round: 1, attempt: 0, round_attempt: 0, max_attempts: 6,
        agent_id: null, error: null, progress: null, due_at: null, held_by: null, until: null, created_at: null,
        started_at: null, finished_at: null, deadline_at: null, failed_task_id: null, dead_letter: null, attempts: [],
        payment: null, asked_agent_id: null, is_begun: false, fallback: null,
    };
}

/** The state after these timeline rows, oldest first. */
export function fold(events) { return events.reduce(evolve, empty()); }

/** The state after one more timeline row. */
export function evolve(before, event) {
    const state = {...before, seq: event.seq};
    RULES[event.type]?.(state, event.data ?? {}, event);
    showAgent(state);
    return state;
}

/** Waits until `due`; what is due already waits for its turn only. */
function pending(state, reason, due, at) {
    const isDue = Date.parse(due) <= Date.parse(at);
    Object.assign(state, {status: 'pending', status_reason: isDue ? 'queued' : reason, due_at: due, until: null, held_by: null});
}

/** The agent of the round's last attempt, else the one that was asked for, else the last one at all. */
function showAgent(state) {
    const attempt = state.attempts.at(-1);
    const last = attempt?.agent_id ?? null;
    const isOfChain = attempt?.round === state.round && attempt.fallback_step !== null;
    const isOfRound = last !== null && (state.round === 1 || state.is_begun && state.round_attempt > 0 || isOfChain);
    state.agent_id = isOfRound ? last : state.asked_agent_id ?? last;
}

function ended(state, status, reason, at) {
    Object.assign(state, {status, status_reason: reason, finished_at: at, due_at: null, until: null, held_by: null});
}

function change(state, number, members) {
    state.attempts = state.attempts.map((attempt) => attempt.number === number ? {...attempt, ...members} : attempt);
}

/** The attempt that runs or is accepted. */
function current(state) {
    return state.status === 'in_progress' ? state.attempts.at(-1) : undefined;
}

function between(from, to) { return Math.max(0, Date.parse(to) - Date.parse(from)); }

function endAttempt(state, number, status, event, members = {}) {
    const attempt = state.attempts.find((one) => one.number === number);
    if (!attempt) return;
    change(state, number, {
        status, finished_at: event.at, duration_ms: event.data?.duration_ms ?? between(attempt.started_at, event.at),
        ...members,
    });
}

const RULES = {
    task_created(state, data, event) {
        Object.assign(state, {
            created_at: event.at, asked_agent_id: data.agent_id, deadline_at: data.deadline_at, payment: data.payment,
            max_attempts: data.retry_policy?.max_attempts ?? 6,
        });
        pending(state, 'scheduled', data.run_at ?? event.at, event.at);
    },
    task_started(state, data, event) {
        state.max_attempts = data.max_attempts ?? state.max_attempts;
        state.started_at ??= event.at;
        state.is_begun = true;
    },
    attempt_started(state, data, event) {
        state.attempt = data.number;
        if (data.counted) state.round_attempt += 1;
        const queue = state.status === 'pending' && state.held_by === null && state.due_at
            ? between(state.due_at, event.at) : 0;
        Object.assign(state, {
            status: 'in_progress', status_reason: 'running', progress: null, due_at: null, until: null, held_by: null,
        });
        state.attempts = [...state.attempts, {
            number: data.number, round: event.round, status: 'running', probe: data.probe, agent_id: data.agent_id,
            provider: data.provider, started_at: event.at, finished_at: null, queue_ms: data.queue_ms ?? queue,
            duration_ms: null, http_status: null, error: null, breaker_state: data.breaker_state, counted: data.counted,
            fallback_step: data.fallback_step ?? null, retry: null,
        }];
    },
    attempt_success(state, data, event) {
        const attempt = state.attempts.find((one) => one.number === data.number);
        if (attempt && !attempt.counted && attempt.probe && attempt.fallback_step === null) state.round_attempt += 1;
        endAttempt(state, data.number, 'succeeded', event, {http_status: data.http_status ?? attempt?.http_status ?? null});
    },
    attempt_failed(state, data, event) {
        const attempt = state.attempts.find((one) => one.number === data.number);
        endAttempt(state, data.number, 'failed', event, {
            error: data.error, http_status: data.error?.http_status ?? attempt?.http_status ?? null,
        });
        state.error = data.error;
        pending(state, 'backoff', event.at, event.at);
    },
    task_retried(state, data, event) {
        pending(state, 'backoff', data.due_at, event.at);
        const last = state.attempts.at(-1);
        if (last) change(state, last.number, {retry: {delay_ms: data.delay_ms, next_attempt_at: data.due_at}});
    },
    task_failed(state, data, event) {
        state.error = data.error ?? state.error;
        ended(state, 'failed', data.reason, event.at);
    },
    moved_to_dlq(state, data) {
        state.failed_task_id = data.failed_task_id;
        state.dead_letter = 'pending';
    },
    task_completed(state, data, event) {
        state.error = null;
        const byFallback = data.source === 'fallback' || (data.strategy ?? null) !== null;
        ended(state, 'completed', byFallback ? 'completed_by_fallback' : 'completed', event.at);
    },
    attempt_accepted(state, data) {
        Object.assign(state, {status: 'in_progress', status_reason: 'awaiting_agent', until: data.times_out_at});
        change(state, data.number, {status: 'accepted', http_status: 202});
    },
    attempt_abandoned(state, data, event) {
        endAttempt(state, data.number, 'abandoned', event, {error: data.error});
        state.error = data.error ?? state.error;
        pending(state, 'backoff', event.at, event.at);
    },
    attempt_interrupted(state, data, event) {
        const attempt = state.attempts.find((one) => one.number === data.number);
        if (attempt?.counted) state.round_attempt = Math.max(0, state.round_attempt - 1);
        endAttempt(state, data.number, 'interrupted', event);
        pending(state, 'scheduled', event.at, event.at);
    },
    task_progress(state, data, event) {
        state.progress = {percent: data.percent, message: data.message, at: event.at};
    },
    task_cancelled(state, data, event) {
        const attempt = current(state);
        if (attempt) endAttempt(state, attempt.number, 'cancelled', {at: event.at});
        ended(state, 'cancelled', 'cancelled', event.at);
    },
    task_requeued(state, data, event) {
        Object.assign(state, {
            round: event.round, round_attempt: 0, finished_at: null, progress: null, fallback: null,
            dead_letter: state.dead_letter === null ? null : 'retried',
            asked_agent_id: data.agent_id ?? state.asked_agent_id, deadline_at: data.deadline_at, is_begun: false,
        });
        pending(state, 'scheduled', data.due_at, event.at);
    },
    task_held(state, data) {
        Object.assign(state, {
            status: 'pending', status_reason: 'breaker_open', held_by: data.provider, until: data.until, due_at: null,
        });
    },
    task_released(state, data, event) { pending(state, 'scheduled', event.at, event.at); },
    fallback_started(state, data) {
        state.fallback = {
            chain_id: data.chain_id, name: data.name, version: data.version, step: 0, of: data.steps, strategy: null,
        };
    },
    fallback_step_started(state, data, event) {
        state.fallback = {...state.fallback, step: data.step, strategy: data.strategy};
        pending(state, 'backoff', data.due_at ?? event.at, event.at);
    },
    task_escalated(state, data) {
        Object.assign(state, {status: 'waiting', status_reason: 'awaiting_decision', until: data.until, due_at: null});
    },
    task_resumed(state, data, event) { pending(state, 'scheduled', event.at, event.at); },
    dead_letter_resolved(state) { state.dead_letter = 'resolved'; },
    dead_letter_discarded(state) { state.dead_letter = 'discarded'; },
};

/** The types of events that the fold knows; the others change nothing of what is shown. */
export const KNOWN = Object.keys(RULES);

/** How an attempt's end looks in the row: `ok`, `broken`, `running`, or `void` (it does not count as a break). */
export function outcome(attempt) {
    switch (attempt.status) {
    case 'succeeded': return 'ok';
    case 'failed': case 'abandoned': return 'broken';
    case 'running': case 'accepted': return 'running';
    default: return 'void';
    }
}

/**
 * The breaks of a task, each mended or not. A break is mended (a gold seam) when something went on after it and the task
 * completed, or goes on now; it is a red crack while nobody has mended it.
 */
export function breaks(task, attempts) {
    const isMended = task.status === 'completed';
    return attempts.filter((attempt) => outcome(attempt) === 'broken')
        .map((attempt) => ({number: attempt.number, mended: isMended}));
}

/** Whether the task completed although something had broken on the way: what gold stands for. */
export function isHealed(task) {
    return task.status === 'completed' && ((task.attempt ?? 0) > 1 || (task.round ?? 1) > 1
        || task.status_reason === 'completed_by_fallback');
}
