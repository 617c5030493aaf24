/// Whether trying again can help.
public enum ErrorClass: String, Sendable, Hashable, CaseIterable {
    case retryable, permanent
}

/// What went wrong with an attempt.
public enum ErrorType: String, Sendable, Hashable, CaseIterable {
    case timeout
    case networkError = "network_error"
    case serverError = "server_error"
    case rateLimit = "rate_limit"
    case authFailure = "auth_failure"
    case validationError = "validation_error"
    case notFound = "not_found"
    case clientError = "client_error"
    case missingCallback = "missing_callback"
    case addressRefused = "address_refused"
    case circuitOpen = "circuit_open"
    case handlerError = "handler_error"
    case agentReported = "agent_reported"
    case invalidResponse = "invalid_response"
    case workerLost = "worker_lost"
    case deadlineExceeded = "deadline_exceeded"
    case cancelled

    /// The class by the default table; an agent's operator may override it.
    public var defaultClass: ErrorClass {
        switch self {
        case .timeout, .networkError, .serverError, .rateLimit, .circuitOpen, .handlerError, .agentReported,
            .workerLost:
            .retryable
        case .authFailure, .validationError, .notFound, .clientError, .missingCallback, .addressRefused,
            .invalidResponse, .deadlineExceeded, .cancelled:
            .permanent
        }
    }

    /// Whether it speaks against the provider's health: a 4xx is an answer, our own faults are ours.
    public var isProviderFault: Bool {
        switch self {
        case .timeout, .networkError, .serverError, .rateLimit: true
        default: false
        }
    }
}

/// Whether the agent can have seen the request.
public enum Sent: String, Sendable, Hashable, CaseIterable {
    case no, maybe, yes
}

/// Why a task is in the dead letter queue.
public enum DeadLetterReason: String, Sendable, Hashable, CaseIterable {
    case permanentError = "permanent_error"
    case retriesExhausted = "retries_exhausted"
    case circuitOpen = "circuit_open"
    case fallbackExhausted = "fallback_exhausted"
    case deadlineExceeded = "deadline_exceeded"
    case poison, decided
    case discardedByChain = "discarded_by_chain"
    case cancelled
}

/// What has become of a dead letter.
public enum DeadLetterStatus: String, Sendable, Hashable, CaseIterable {
    case pending, retried, resolved, discarded
}
