// The rules by which the server decided, in sentences: the tables of the API's description. Pure.

import {compareAmounts, money, words} from './format.js';

const PERMANENT = new Set(['auth_failure', 'validation_error', 'not_found', 'client_error', 'missing_callback',
    'address_refused', 'invalid_response', 'deadline_exceeded', 'cancelled']);

const CAUSES = {
    timeout: 'No answer within the attempt’s time', network_error: 'The connection failed',
    missing_callback: 'There is no agent to call', address_refused: 'The agent’s address may not be called',
    circuit_open: 'The provider’s breaker was open', handler_error: 'The local handler threw',
    agent_reported: 'The agent itself reported the failure', invalid_response: 'An answer that is not JSON, or too large',
    worker_lost: 'The node that ran it went silent', deadline_exceeded: 'The deadline passed', cancelled: 'A person cancelled it',
};

/** Which rule decided that an error is what it is: `HTTP 503 counts as server_error, which is retryable.` */
export function decided(error) {
    if (!error) return '';
    const isByStatus = error.http_status && !CAUSES[error.type] || error.type === 'timeout' && error.http_status;
    const cause = isByStatus ? `HTTP ${error.http_status}` : CAUSES[error.type] ?? words(error.type);
    const usual = PERMANENT.has(error.type) ? 'permanent' : 'retryable';
    const floor = error.type === 'rate_limit' && error.class === 'retryable' ? ', but not before Retry-After' : '';
    const reported = error.type === 'agent_reported' || error.type === 'handler_error';
    const except = !reported && error.type !== 'circuit_open' && error.class !== usual
        ? ` (the usual rule says ${usual}; this agent has its own)` : '';
    const by = reported && error.class === 'permanent' ? ', which it said is permanent'
        : error.type === 'circuit_open' ? ': the policy decides' : `, which is ${error.class}`;
    return `${cause} counts as ${error.type}${by}${floor}${except}.`;
}

const RANKS = {medium: 0, high: 1, critical: 2};

/** Alerts, the most severe first, then the newest. */
export function bySeverity(alerts) {
    return [...alerts].sort((a, b) => (RANKS[b.severity] ?? 0) - (RANKS[a.severity] ?? 0) || Date.parse(b.last_raised_at) - Date.parse(a.last_raised_at));
}

/** What `sent` means: whether the agent can have seen the request. */
export function reach(sent) {
    return {no: 'It never reached the agent.', maybe: 'The agent may have seen it.', yes: 'The agent has seen it.'}[sent] ?? '';
}

/**
 * The severity that an alert about this task has, and why. `threshold` can be configured per currency; what stands here
 * is the default.
 */
export function severity(payment, type, threshold = '100') {
    if (payment && compareAmounts(payment.amount, threshold) >= 0) {
        return {severity: 'critical', why: `critical because ${money(payment)} is at least ${threshold}`};
    }
    if (payment && /^(payment|withdrawal)$/.test(payment.kind)) {
        return {severity: 'high', why: `high because it is a ${payment.kind}, though ${money(payment)} is less than ${threshold}`};
    }
    const word = String(type).split(/[._-]/).find((one) => one === 'payment' || one === 'withdrawal');
    if (word) return {severity: 'high', why: `high because its type has the word “${word}”`};
    return {severity: 'medium', why: payment
        ? `medium because ${money(payment)} is less than ${threshold}, and it is neither a payment nor a withdrawal`
        : 'medium because no money is at stake, as far as the task says'};
}
