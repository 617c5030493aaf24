// How failures are classed, as the API's description says it.

/** `[type, what it comes from, class]`; what happens by itself follows from the class. */
export const ERRORS = [
    ['timeout', 'No answer within the attempt’s time, HTTP 408, 504', 'retryable'],
    ['auth_failure', 'HTTP 401, 403, 407', 'permanent'],
    ['rate_limit', 'HTTP 429, 425; not tried again before Retry-After', 'retryable'],
    ['network_error', 'DNS, refused, reset, TLS, closed early', 'retryable'],
    ['validation_error', 'HTTP 400, 413, 415, 422', 'permanent'],
    ['server_error', 'HTTP 500 to 599 but 504', 'retryable'],
    ['circuit_open', 'Not attempted: the provider’s breaker is open', 'policy'],
    ['worker_lost', 'The node that ran it is gone', 'retryable'],
    ['handler_error', 'A local handler threw', 'retryable'],
    ['agent_reported', 'The agent said that it failed', 'retryable'],
    ['not_found', 'HTTP 404, 410', 'permanent'],
    ['client_error', 'Other 4xx; 3xx, since redirects are not followed', 'permanent'],
    ['missing_callback', 'No callback, no handler, or no agent that fits', 'permanent'],
    ['address_refused', 'The callback’s address may not be called', 'permanent'],
    ['invalid_response', '2xx whose body is not JSON or too large', 'permanent'],
    ['deadline_exceeded', 'Its deadline passed', 'permanent'],
    ['cancelled', 'A person cancelled it', 'permanent'],
];

/** What happens by itself before anything else is tried. */
export const BY_CLASS = {
    retryable: 'Tried again by itself with backoff, as its policy says.', permanent: 'Not tried again by itself: the same call would fail the same way.',
    policy: 'Held without spending an attempt until the breaker closes, or given up, as its policy says.',
};
