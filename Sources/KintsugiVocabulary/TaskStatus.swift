/// Where a task is in its life.
public enum TaskStatus: String, Sendable, Hashable, CaseIterable {
    case pending
    case inProgress = "in_progress"
    /// For a person.
    case waiting
    case completed, failed, cancelled

    /// Whether the task has ended; only a manual, bulk or automatic retry brings it back.
    public var isFinal: Bool {
        switch self {
        case .completed, .failed, .cancelled: true
        case .pending, .inProgress, .waiting: false
        }
    }
}

/// Why a task has the status it has, in one word.
public enum StatusReason: String, Sendable, Hashable, CaseIterable {
    case queued, scheduled, backoff
    case breakerOpen = "breaker_open"
    case retryBudget = "retry_budget"
    case rateLimited = "rate_limited"
    case atCapacity = "at_capacity"
    case agentPaused = "agent_paused"
    case running
    case awaitingAgent = "awaiting_agent"
    case awaitingDecision = "awaiting_decision"
    case completed
    case completedByFallback = "completed_by_fallback"
    case permanentError = "permanent_error"
    case retriesExhausted = "retries_exhausted"
    case circuitOpen = "circuit_open"
    case fallbackExhausted = "fallback_exhausted"
    case deadlineExceeded = "deadline_exceeded"
    case poison, decided
    case discardedByChain = "discarded_by_chain"
    case cancelled
}

/// The state of one attempt.
public enum AttemptStatus: String, Sendable, Hashable, CaseIterable {
    case running
    /// The agent answered 202 and reports later.
    case accepted
    case succeeded, failed
    /// The node that ran it is gone without a word.
    case abandoned
    /// Our own shutdown ended it; it does not count.
    case interrupted
    case cancelled
}

/// What a retry does while its provider's circuit breaker is open.
public enum OpenBreakerPolicy: String, Sendable, Hashable, CaseIterable {
    /// Wait, spending no attempt, for at most `hold_ms`.
    case hold
    /// Give up the remaining retries at once.
    case skip
}

/// The state of a provider's circuit breaker.
public enum BreakerState: String, Sendable, Hashable, CaseIterable {
    case closed, open
    case halfOpen = "half_open"
}

/// Who made a task.
public enum TaskOrigin: String, Sendable, Hashable, CaseIterable {
    case user, `internal`, compensation
}

/// What a key's owner may do.
public enum Role: String, Sendable, Hashable, CaseIterable {
    case viewer, `operator`, admin
}

/// Whether dead letters that an open breaker caused come back by themselves.
public enum Redrive: String, Sendable, Hashable, CaseIterable {
    case onRecovery = "on_recovery"
    case manual
}
