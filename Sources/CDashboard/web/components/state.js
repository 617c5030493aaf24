// How states look: always a shape and a word, never colour alone.

import {h} from '../core/dom.js';
import {isHealed} from '../core/fold.js';
import {words} from '../core/format.js';
import {icon} from '../core/icons.js';

const REASONS = {
    scheduled: ['queued', 'scheduled', 'still'], backoff: ['backoff', 'retrying', 'accent'],
    breaker_open: ['held', 'held', 'copper'], retry_budget: ['queued', 'retry budget', 'still'],
    rate_limited: ['queued', 'rate limited', 'still'], at_capacity: ['queued', 'at capacity', 'still'],
    agent_paused: ['held', 'agent paused', 'copper'], queued: ['queued', 'queued', 'still'],
};

/** `{icon, word, tone}` of a task. */
export function stateOf(task) {
    switch (task.status) {
    case 'pending': {
        const [name, word, tone] = REASONS[task.status_reason] ?? REASONS.queued;
        return {icon: name, word, tone};
    }
    case 'in_progress': return task.status_reason === 'awaiting_agent'
        ? {icon: 'in_progress', word: 'accepted', tone: 'accent'} : {icon: 'in_progress', word: 'running', tone: 'accent'};
    case 'waiting': return {icon: 'waiting', word: 'needs a person', tone: 'person'};
    case 'completed': return isHealed(task)
        ? {icon: 'healed', word: 'healed', tone: 'gold'} : {icon: 'completed', word: 'completed', tone: 'glaze'};
    case 'failed': return {icon: 'failed', word: 'failed', tone: 'crack'};
    default: return {icon: 'cancelled', word: 'cancelled', tone: 'still'};
    }
}

/** A mark with shape and word. */
export function mark({icon: name, word, tone}, {badge = false} = {}) {
    return h('span', {class: `state tone-${tone}${badge ? ' is-badge' : ''}`}, icon(name), h('span', {}, word));
}

/** The state of a task. */
export function stateMark(task, options) { return mark(stateOf(task), options); }

const BREAKERS = {
    closed: {icon: 'closed', word: 'closed', tone: 'glaze'},
    half_open: {icon: 'half_open', word: 'half-open', tone: 'copper'},
    open: {icon: 'open', word: 'open', tone: 'crack'},
};

export function breakerMark(state, options) { return mark(BREAKERS[state] ?? BREAKERS.closed, options); }

const SEVERITIES = {
    info: {icon: 'info', tone: 'still'}, warning: {icon: 'warning', tone: 'copper'}, medium: {icon: 'warning', tone: 'copper'},
    high: {icon: 'warning', tone: 'crack'}, error: {icon: 'failed', tone: 'crack'}, critical: {icon: 'critical', tone: 'crack'},
};

/** A severity of an event or an alert. */
export function severityMark(severity, options) {
    return mark({...(SEVERITIES[severity] ?? SEVERITIES.info), word: words(severity)}, options);
}

const EVENTS = {
    task_created: ['plus', 'still'], task_started: ['play', 'still'], attempt_started: ['chevron', 'accent'],
    attempt_success: ['check', 'glaze'], attempt_failed: ['failed', 'crack'], task_retried: ['backoff', 'accent'],
    circuit_breaker_opened: ['open', 'crack'], circuit_breaker_half_opened: ['half_open', 'copper'],
    circuit_breaker_closed: ['closed', 'glaze'], task_failed: ['failed', 'crack'], moved_to_dlq: ['dead_letters', 'copper'],
    task_completed: ['completed', 'glaze'], attempt_accepted: ['chevron', 'accent'], attempt_abandoned: ['failed', 'crack'],
    attempt_interrupted: ['pause', 'still'], task_progress: ['more', 'accent'], task_cancelled: ['cancelled', 'copper'],
    task_requeued: ['retry', 'accent'], input_edited: ['edit', 'accent'], task_held: ['held', 'copper'],
    task_released: ['play', 'accent'], retries_skipped: ['cancelled', 'copper'], task_escalated: ['waiting', 'person'],
    task_resumed: ['play', 'accent'], late_result: ['clock', 'copper'], alert_raised: ['alerts', 'crack'],
    alert_resolved: ['alerts', 'glaze'], dead_letter_resolved: ['check', 'glaze'],
    dead_letter_discarded: ['cancel', 'copper'], fallback_started: ['recovery', 'accent'], fallback_step_started: ['chevron', 'accent'],
    fallback_step_succeeded: ['check', 'glaze'], fallback_step_failed: ['failed', 'crack'], fallback_succeeded: ['healed', 'gold'],
    fallback_exhausted: ['recovery', 'crack'],
};

/** The mark of an event: its shape and the words of its type. */
export function eventMark(type, options) {
    const [name, tone] = EVENTS[type] ?? ['info', 'still'];
    return mark({icon: name, word: words(type), tone}, options);
}
