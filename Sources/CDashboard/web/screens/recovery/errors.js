// How failures are classed, as the API's description says it.

/** `[type, what it comes from, class, what happens now]`. */
export const ERRORS = [
    ['timeout', 'No answer within the attempt’s time, HTTP 408, 504', 'retryable', 'Tried again with backoff; counts against the breaker'],
    ['network_error', 'DNS, refused, reset, TLS, closed early', 'retryable', 'Tried again with backoff; counts against the breaker'],
    ['server_error', 'HTTP 500 to 599 but 504', 'retryable', 'Tried again with backoff; counts against the breaker'],
    ['rate_limit', 'HTTP 429, 425', 'retryable', 'Tried again, not before Retry-After; counts against the breaker'],
    ['circuit_open', 'Not attempted: the provider’s breaker is open', 'policy', 'Held without spending an attempt, or given up, as its policy says'],
    ['worker_lost', 'The node that ran it is gone', 'retryable', 'Tried again on another node'],
    ['handler_error', 'A local handler threw', 'retryable', 'Tried again, unless the handler says that it is permanent'],
    ['agent_reported', 'The agent said that it failed', 'retryable', 'As the agent says, else tried again'],
    ['auth_failure', 'HTTP 401, 403, 407', 'permanent', 'To the dead letters: mend the agent’s credentials, then retry'],
    ['validation_error', 'HTTP 400, 413, 415, 422', 'permanent', 'To the dead letters: correct the input, then retry'],
    ['not_found', 'HTTP 404, 410', 'permanent', 'To the dead letters: mend the address or the input, then retry'],
    ['client_error', 'Other 4xx; 3xx, since redirects are not followed', 'permanent', 'To the dead letters'],
    ['missing_callback', 'No callback, no handler, or no agent that fits', 'permanent', 'To the dead letters: give an agent a callback, then retry'],
    ['address_refused', 'The callback’s address may not be called', 'permanent', 'To the dead letters: change the address, then retry'],
    ['invalid_response', '2xx whose body is not JSON or too large', 'permanent', 'To the dead letters: the work may be done, so look before you retry'],
    ['deadline_exceeded', 'Its deadline passed', 'permanent', 'To the dead letters: retry with a new deadline'],
    ['cancelled', 'A person cancelled it', 'permanent', 'Stays cancelled; a retry begins a new round'],
];
