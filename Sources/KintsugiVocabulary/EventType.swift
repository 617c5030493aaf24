/// The types of events on a task's timeline, by their wire names.
///
/// The first ten are fixed by the product; the rest complete them. A stored event carries `code`, which is
/// never reused and never renumbered; the database holds the same table (`event_types`).
public enum EventType: String, Sendable, Hashable, CaseIterable {
    case taskCreated = "task_created"
    case taskStarted = "task_started"
    case attemptStarted = "attempt_started"
    case attemptSuccess = "attempt_success"
    case attemptFailed = "attempt_failed"
    case taskRetried = "task_retried"
    case circuitBreakerOpened = "circuit_breaker_opened"
    case taskFailed = "task_failed"
    case movedToDLQ = "moved_to_dlq"
    case taskCompleted = "task_completed"
    case attemptAccepted = "attempt_accepted"
    case attemptAbandoned = "attempt_abandoned"
    case attemptInterrupted = "attempt_interrupted"
    case taskProgress = "task_progress"
    case taskCancelled = "task_cancelled"
    case taskRequeued = "task_requeued"
    case inputEdited = "input_edited"
    case taskHeld = "task_held"
    case taskReleased = "task_released"
    case retriesSkipped = "retries_skipped"
    case circuitBreakerHalfOpened = "circuit_breaker_half_opened"
    case circuitBreakerClosed = "circuit_breaker_closed"
    case fallbackStarted = "fallback_started"
    case fallbackStepStarted = "fallback_step_started"
    case fallbackStepSucceeded = "fallback_step_succeeded"
    case fallbackSucceeded = "fallback_succeeded"
    case fallbackStepFailed = "fallback_step_failed"
    case fallbackExhausted = "fallback_exhausted"
    case taskEscalated = "task_escalated"
    case taskResumed = "task_resumed"
    case lateResult = "late_result"
    case alertRaised = "alert_raised"
    case alertResolved = "alert_resolved"
    case deadLetterResolved = "dead_letter_resolved"
    case deadLetterDiscarded = "dead_letter_discarded"

    /// The number by which the store knows this type: its place in the list above, from 1.
    public var code: Int { Self.codes[self] ?? 0 }

    public init?(code: Int) {
        guard code >= 1, code <= Self.allCases.count else { return nil }
        self = Self.allCases[code - 1]
    }

    private static let codes: [EventType: Int] = {
        var codes: [EventType: Int] = [:]
        for (index, type) in allCases.enumerated() { codes[type] = index + 1 }
        return codes
    }()

    /// The severity of every event of this type; an alert has its own.
    public var severity: Severity {
        switch self {
        case .attemptFailed, .taskFailed, .attemptAbandoned, .fallbackStepFailed, .fallbackExhausted: .error
        case .circuitBreakerOpened: .critical
        case .movedToDLQ, .taskCancelled, .taskHeld, .retriesSkipped, .taskEscalated, .lateResult,
            .deadLetterDiscarded, .alertRaised:
            .warning
        default: .info
        }
    }
}
