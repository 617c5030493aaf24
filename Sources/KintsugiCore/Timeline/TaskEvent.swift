package import KintsugiVocabulary

/// Something that happened to a task. Stored for ever, never changed.
///
/// Values only: the time stands with the append, sentences for people are made on reading.
package enum TaskEvent: Sendable, Hashable {
    indirect case taskCreated(TaskSpec)
    /// A round begins. The retry configuration it runs under is the task's.
    case taskStarted(round: Int)
    indirect case attemptStarted(AttemptStart)
    case attemptSuccess(AttemptSuccess)
    indirect case attemptFailed(AttemptFailure)
    case taskRetried(delay: Milliseconds, due: Timestamp, nextAttempt: Int)
    case circuitBreakerOpened(provider: ProviderID, until: Timestamp, failureRate: Double)
    indirect case taskFailed(reason: DeadLetterReason, failure: Failure)
    case movedToDLQ(DeadLetterID, reason: DeadLetterReason)
    case taskCompleted(output: JSONText?)
    case attemptAccepted(number: Int, until: Timestamp)
    case attemptAbandoned(number: Int, node: String)
    case attemptInterrupted(number: Int)
    indirect case taskProgress(Progress)
    case taskCancelled(reason: String?, actor: String)
    indirect case taskRequeued(Requeue)
    indirect case inputEdited(before: JSONText, after: JSONText, revision: Int, actor: String)
    case taskHeld(provider: ProviderID, until: Timestamp)
    case taskReleased(provider: ProviderID, probe: Bool)
    case retriesSkipped(provider: ProviderID, remaining: Int)
    case circuitBreakerHalfOpened(provider: ProviderID)
    case circuitBreakerClosed(provider: ProviderID)
    indirect case fallback(FallbackEvent)
    case taskEscalated(until: Timestamp?, message: String?)
    indirect case taskResumed(Resumption)
    indirect case lateResult(LateResult)
    case alertRaised(AlertMark)
    case alertResolved(id: UUID7)
    case deadLetterResolved(DeadLetterID, note: String?, actor: String)
    case deadLetterDiscarded(DeadLetterID, note: String?, actor: String)

    package var type: EventType {
        switch self {
        case .taskCreated: .taskCreated
        case .taskStarted: .taskStarted
        case .attemptStarted: .attemptStarted
        case .attemptSuccess: .attemptSuccess
        case .attemptFailed: .attemptFailed
        case .taskRetried: .taskRetried
        case .circuitBreakerOpened: .circuitBreakerOpened
        case .taskFailed: .taskFailed
        case .movedToDLQ: .movedToDLQ
        case .taskCompleted: .taskCompleted
        case .attemptAccepted: .attemptAccepted
        case .attemptAbandoned: .attemptAbandoned
        case .attemptInterrupted: .attemptInterrupted
        case .taskProgress: .taskProgress
        case .taskCancelled: .taskCancelled
        case .taskRequeued: .taskRequeued
        case .inputEdited: .inputEdited
        case .taskHeld: .taskHeld
        case .taskReleased: .taskReleased
        case .retriesSkipped: .retriesSkipped
        case .circuitBreakerHalfOpened: .circuitBreakerHalfOpened
        case .circuitBreakerClosed: .circuitBreakerClosed
        case .fallback(let event): event.type
        case .taskEscalated: .taskEscalated
        case .taskResumed: .taskResumed
        case .lateResult: .lateResult
        case .alertRaised: .alertRaised
        case .alertResolved: .alertResolved
        case .deadLetterResolved: .deadLetterResolved
        case .deadLetterDiscarded: .deadLetterDiscarded
        }
    }

    /// As the type's, but for an alert, which has its own.
    package var severity: Severity {
        guard case .alertRaised(let mark) = self else { return type.severity }
        switch mark.severity {
        case .critical: return .critical
        case .high: return .error
        case .medium: return .warning
        }
    }
}

/// What a task is, as it was asked for. Never changes; a retry with an edited input is an event of its own.
package struct TaskSpec: Sendable, Hashable {
    package var type: String
    package var userID: UserID
    package var agentID: AgentID?
    package var capability: String?
    package var input: JSONText
    package var priority: Int
    package var runAt: Timestamp?
    /// Of one attempt; nil: the agent's.
    package var timeout: Milliseconds?
    package var deadline: Timestamp?
    package var retryPolicy: RetryPolicy
    package var payment: Payment?
    package var metadata: [MetadataPair]
    package var fallbackChainID: String?
    package var origin: TaskOrigin
    package var traceparent: String?
    /// The task for whose sake a chain made this one.
    package var parent: TaskID?

    package init(
        type: String, userID: UserID, agentID: AgentID? = nil, capability: String? = nil,
        input: JSONText = .null,
        priority: Int = 0, runAt: Timestamp? = nil, timeout: Milliseconds? = nil, deadline: Timestamp? = nil,
        retryPolicy: RetryPolicy = .standard, payment: Payment? = nil, metadata: [MetadataPair] = [],
        fallbackChainID: String? = nil, origin: TaskOrigin = .user, traceparent: String? = nil,
        parent: TaskID? = nil
    ) {
        self.type = type
        self.userID = userID
        self.agentID = agentID
        self.capability = capability
        self.input = input
        self.priority = priority
        self.runAt = runAt
        self.timeout = timeout
        self.deadline = deadline
        self.retryPolicy = retryPolicy
        self.payment = payment
        self.metadata = metadata
        self.fallbackChainID = fallbackChainID
        self.origin = origin
        self.traceparent = traceparent
        self.parent = parent
    }
}

/// One searchable pair.
package struct MetadataPair: Sendable, Hashable {
    package let key: String
    package let value: String

    package init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// An attempt is about to call its agent.
package struct AttemptStart: Sendable, Hashable {
    /// Counts over all rounds, from 1.
    package var number: Int
    package var agentID: AgentID
    package var provider: ProviderID
    package var node: String
    package var breaker: BreakerState
    package var failureRate: Double
    package var probe: Bool
    /// Whether it counts against `max_attempts`: a probe or a chain's step does not.
    package var counted: Bool
    package var timeout: Milliseconds
    /// The step of the fallback chain that makes it, from 1.
    package var step: Int?
    /// Whether the agent's credentials are fetched anew before the call.
    package var refreshesCredentials: Bool

    package init(
        number: Int, agentID: AgentID, provider: ProviderID, node: String, breaker: BreakerState = .closed,
        failureRate: Double = 0, probe: Bool = false, counted: Bool = true, timeout: Milliseconds,
        step: Int? = nil, refreshesCredentials: Bool = false
    ) {
        self.number = number
        self.agentID = agentID
        self.provider = provider
        self.node = node
        self.breaker = breaker
        self.failureRate = failureRate
        self.probe = probe
        self.counted = counted
        self.timeout = timeout
        self.step = step
        self.refreshesCredentials = refreshesCredentials
    }
}

package struct AttemptSuccess: Sendable, Hashable {
    package var number: Int
    package var duration: Milliseconds
    package var httpStatus: Int?
    /// The report that said so, if the agent reported; equal reports have equal marks.
    package var report: ReportMark?

    package init(number: Int, duration: Milliseconds, httpStatus: Int? = nil, report: ReportMark? = nil) {
        self.number = number
        self.duration = duration
        self.httpStatus = httpStatus
        self.report = report
    }
}

package struct AttemptFailure: Sendable, Hashable {
    package var number: Int
    package var duration: Milliseconds
    package var failure: Failure
    package var report: ReportMark?

    package init(number: Int, duration: Milliseconds, failure: Failure, report: ReportMark? = nil) {
        self.number = number
        self.duration = duration
        self.failure = failure
        self.report = report
    }
}

/// Tells a repeated report from another one: a hash (FNV-1a, 64 bits) of its kind and body.
package struct ReportMark: Sendable, Hashable {
    package let value: UInt64

    package init(value: UInt64) { self.value = value }

    /// - Source: FNV-1a, offset basis and prime for 64 bits.
    package init(kind: String, body: [UInt8]) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(kind.utf8) + [0] + body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        value = hash
    }
}

package struct Progress: Sendable, Hashable {
    package var attempt: Int
    package var percent: Double
    package var message: String?
    /// A progress report of an accepted attempt extends its time: when it is up now.
    package var until: Timestamp?

    package init(attempt: Int, percent: Double, message: String?, until: Timestamp? = nil) {
        self.attempt = attempt
        self.percent = percent
        self.message = message
        self.until = until
    }
}

/// Why a new round begins.
package enum RequeueCause: String, Sendable, Hashable, CaseIterable {
    case manual, bulk, automatic
}

package struct Requeue: Sendable, Hashable {
    package var round: Int
    package var cause: RequeueCause
    package var actor: String
    package var failedTaskID: DeadLetterID
    package var due: Timestamp
    /// Another agent from now on.
    package var agentID: AgentID?
    /// The deadline from now on; nil: none.
    package var deadline: Timestamp?
    package var reason: String?

    package init(
        round: Int, cause: RequeueCause, actor: String, failedTaskID: DeadLetterID, due: Timestamp,
        agentID: AgentID? = nil, deadline: Timestamp? = nil, reason: String? = nil
    ) {
        self.round = round
        self.cause = cause
        self.actor = actor
        self.failedTaskID = failedTaskID
        self.due = due
        self.agentID = agentID
        self.deadline = deadline
        self.reason = reason
    }
}

/// A report of an attempt that is no longer current.
package struct LateResult: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case progress, complete, fail
    }

    package var attempt: Int
    package var kind: Kind
    package var output: JSONText?
    package var message: String?
    package var mark: ReportMark

    package init(attempt: Int, kind: Kind, output: JSONText? = nil, message: String? = nil, mark: ReportMark)
    {
        self.attempt = attempt
        self.kind = kind
        self.output = output
        self.message = message
        self.mark = mark
    }
}

/// The alert that a task takes part in.
package struct AlertMark: Sendable, Hashable {
    /// Shared by all tasks of one user that failed for the same cause.
    package var id: UUID7
    /// The task's own; the alert has the highest of its tasks.
    package var severity: AlertSeverity
    /// The fingerprint of what went wrong, from `ErrorSignature`.
    package var cause: String

    package init(id: UUID7, severity: AlertSeverity, cause: String) {
        self.id = id
        self.severity = severity
        self.cause = cause
    }
}
