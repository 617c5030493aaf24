/// A way to mend a task when automatic retries cannot.
public enum Strategy: String, Sendable, Hashable, CaseIterable {
    /// The same agent again.
    case retry
    /// After `Retry-After` or a given time.
    case waitAndRetry = "wait_and_retry"
    /// Another agent: a named one, or the next healthy one.
    case switchAgent = "switch_agent"
    case increaseTimeout = "increase_timeout"
    case refreshCredentials = "refresh_credentials"
    case modifyInput = "modify_input"
    /// Completes with a given output.
    case useOutput = "use_output"
    /// Makes another task that undoes or repairs; the chain goes on.
    case compensate
    /// Raises an alert; the chain goes on.
    case notify
    /// Waits for a person.
    case escalate
    /// Gives the task up.
    case discard
}

/// Where an alert is in its life.
public enum AlertStatus: String, Sendable, Hashable, CaseIterable {
    case firing, acknowledged, resolved
}

/// What an alert is about.
public enum AlertKind: String, Sendable, Hashable, CaseIterable {
    /// Tasks that failed for one cause.
    case task
    /// A provider's open breaker.
    case breaker
    /// An alert channel that cannot be reached.
    case channel
}

/// Where alerts are told.
public enum ChannelKind: String, Sendable, Hashable, CaseIterable {
    case webhook, slack, pagerduty, email, alertmanager, log
}

/// What is done to many tasks or dead letters at once.
public enum BulkAction: String, Sendable, Hashable, CaseIterable {
    case retry, resolve, discard, cancel
}

/// Where a bulk operation is.
public enum BulkStatus: String, Sendable, Hashable, CaseIterable {
    case running, paused, completed, cancelled
    /// By its canary: the same failure came back.
    case stopped

    public var isFinal: Bool {
        switch self {
        case .running, .paused: false
        case .completed, .cancelled, .stopped: true
        }
    }
}

/// What an escalation that nobody answers in time leads to.
public enum EscalationEnd: String, Sendable, Hashable, CaseIterable {
    case fail
    /// The chain's next step.
    case `continue`
}

/// What made a fallback chain begin.
public enum ChainTrigger: String, Sendable, Hashable, CaseIterable {
    /// An attempt failed, and automatic retries would not help or are used up.
    case attemptFailed = "attempt_failed"
    /// The provider's circuit breaker is open.
    case breakerOpen = "breaker_open"
    /// No agent can run the task.
    case missingCallback = "missing_callback"
}

/// How the wait for a person ended.
public enum EscalationAnswer: String, Sendable, Hashable, CaseIterable {
    /// Another attempt.
    case retry
    /// With the output that the person gave.
    case complete
    case fail
    /// Nobody answered in time.
    case timedOut = "timed_out"
}
