package import KintsugiCore
package import KintsugiVocabulary

/// Something worth measuring, as values: cheap to make, and turned into an event only for those who attach to it.
package enum Observation: Sendable, Hashable {
    case taskCreated(ObservedTask)
    /// `wait`: from creation, or `run_at`; only of the first round.
    case taskStarted(ObservedTask, wait: Milliseconds?)
    case taskCompleted(
        ObservedTask, byFallback: Bool, duration: Milliseconds, run: Milliseconds, attempts: Int)
    case taskFailed(
        ObservedTask, reason: DeadLetterReason, error: ErrorType, duration: Milliseconds, retryCount: Int)
    case taskRetry(ObservedTask, attempt: Int, delay: Milliseconds, error: ErrorType?, message: String?)
    case taskCancelled(ObservedTask, duration: Milliseconds)
    case attemptStarted(ObservedTask, attempt: Int)
    case attemptStopped(ObservedTask, AttemptStop)
    case holdStarted(ObservedTask)
    case holdStopped(ObservedTask)
    case breakerChanged(ProviderID, to: BreakerState)
    case deadLetterAdded(ObservedTask, reason: DeadLetterReason)
    case deadLetterRemoved(ObservedTask, as: DeadLetterStatus, age: Milliseconds)
    case alertRaised(ObservedTask, id: UUID7, severity: AlertSeverity)
    /// A task that was part of the alert was cured.
    case alertResolved(id: UUID7)
    case alertDelivered(channel: String, isDelivered: Bool, attempts: Int, duration: Milliseconds)
    case streamOpened(open: Int)
    case streamClosed(open: Int)
    /// `nanoseconds`: from the hand-over to the last of them being durable.
    case storeAppended(units: Int, nanoseconds: Int64)
    case storeFailed(String)
    case loopLagged(nanoseconds: Int64)
    case dropped(Int)

    package enum AttemptOutcome: String, Sendable, Hashable, CaseIterable {
        case success, failed, accepted, abandoned, interrupted, cancelled
    }

    package struct AttemptStop: Sendable, Hashable {
        package var attempt: Int
        package var outcome: AttemptOutcome
        package var duration: Milliseconds
        package var error: ErrorType?
        package var httpStatus: Int?
        /// The agent had accepted it before, so that it ends long after its call.
        package var wasAccepted: Bool
    }
}

/// What every observation says of its task.
package struct ObservedTask: Sendable, Hashable {
    package var id: TaskID
    package var type: String
    package var userID: UserID
    package var agentID: AgentID?
    package var provider: ProviderID?
    package var traceparent: String?
    package var round: Int
    package var createdAt: Timestamp
    package var roundStartedAt: Timestamp?

    init(_ state: TaskState) {
        id = state.id
        type = state.spec.type
        userID = state.spec.userID
        let start = state.attempt?.start
        agentID = start?.agentID ?? state.target
        provider = start?.provider
        traceparent = state.spec.traceparent
        round = state.round
        createdAt = state.createdAt
        roundStartedAt = state.roundStartedAt
    }

    /// The trace that the submitter's `traceparent` names.
    package var traceID: String? {
        traceparent.flatMap(SpanContext.init(traceparent:))?.traceID
    }
}

/// An observation and when it was made.
package struct Observed: Sendable, Hashable {
    package var at: Timestamp
    package var what: Observation
}
