package import KintsugiVocabulary

/// What can be asked of a task.
package enum TaskCommand: Sendable {
    /// Its turn has come and an agent has a free slot.
    case begin(Assignment)
    /// Its turn has come, but the provider's breaker is open.
    case hold(provider: ProviderID)
    /// Its turn has come, but no agent can ever run it.
    case refuse(Failure)
    /// The call of an attempt is over.
    case attemptEnded(number: Int, AttemptOutcome)
    /// The agent reports on an attempt.
    case report(attempt: Int, AgentReport)
    /// One of the task's times has come: the hold, the report, the escalation or the deadline is over.
    case timeIsUp
    /// The node that ran its attempt is gone.
    case abandon(poisonous: Bool)
    case cancel(reason: String?, actor: String)
    case retry(Retry)
    /// A person answers an escalation.
    case decide(Verdict)
    case resolveDeadLetter(note: String?, actor: String)
    case discardDeadLetter(note: String?, actor: String)
}

/// Who runs the next attempt, and how its provider stands.
package struct Assignment: Sendable, Hashable {
    package var agentID: AgentID
    package var provider: ProviderID
    package var node: String
    package var timeout: Milliseconds
    package var breaker: BreakerState
    package var failureRate: Double
    package var probe: Bool
    /// This probe is the one that found the breaker half-open.
    package var halfOpens: Bool

    package init(
        agentID: AgentID, provider: ProviderID, node: String, timeout: Milliseconds,
        breaker: BreakerState = .closed,
        failureRate: Double = 0, probe: Bool = false, halfOpens: Bool = false
    ) {
        self.agentID = agentID
        self.provider = provider
        self.node = node
        self.timeout = timeout
        self.breaker = breaker
        self.failureRate = failureRate
        self.probe = probe
        self.halfOpens = halfOpens
    }
}

/// How the call of an attempt ended.
package enum AttemptOutcome: Sendable, Hashable {
    case succeeded(output: JSONText?, httpStatus: Int?)
    /// 202: the agent reports later.
    case accepted
    case failed(Failure)
    /// Our own shutdown ended it.
    case interrupted
    /// We withdrew it, because the task had ended otherwise.
    case cancelled
}

/// What an agent says about its attempt later.
package enum AgentReport: Sendable, Hashable {
    case progress(percent: Double, message: String?)
    case complete(output: JSONText, ReportMark)
    case fail(Failure, ReportMark)
}

/// A new round, asked for.
package struct Retry: Sendable, Hashable {
    package var cause: RequeueCause
    package var actor: String
    package var input: JSONText?
    package var agentID: AgentID?
    package var delay: Milliseconds
    package var deadline: Timestamp?
    package var reason: String?

    package init(
        cause: RequeueCause = .manual, actor: String, input: JSONText? = nil, agentID: AgentID? = nil,
        delay: Milliseconds = 0, deadline: Timestamp? = nil, reason: String? = nil
    ) {
        self.cause = cause
        self.actor = actor
        self.input = input
        self.agentID = agentID
        self.delay = delay
        self.deadline = deadline
        self.reason = reason
    }
}

/// A person's answer to an escalation.
package struct Verdict: Sendable, Hashable {
    package var answer: EscalationAnswer
    package var actor: String
    /// With `complete`: what the task is completed with.
    package var output: JSONText?
    /// With `retry`: who shall try it, and with what.
    package var agentID: AgentID?
    package var input: JSONText?
    package var note: String?

    package init(
        _ answer: EscalationAnswer, actor: String, output: JSONText? = nil, agentID: AgentID? = nil,
        input: JSONText? = nil, note: String? = nil
    ) {
        self.answer = answer
        self.actor = actor
        self.output = output
        self.agentID = agentID
        self.input = input
        self.note = note
    }
}

/// What the rules must know besides the task itself; gathered by the caller.
package struct Facts: Sendable, Hashable {
    /// The breaker of the attempt's provider, after its outcome was counted.
    package var breaker: BreakerState = .closed
    /// What the outcome did to the breaker.
    package var breakerChange: CircuitBreaker.Change?
    /// The fallback chains there are.
    package var chains: ChainBook
    /// Who else could run it.
    package var agents: AgentRoster
    /// From which amounts on the task's alert is critical.
    package var thresholds = AlertThresholds()

    package init(
        breaker: BreakerState = .closed, breakerChange: CircuitBreaker.Change? = nil,
        chains: ChainBook = ChainBook(), agents: AgentRoster = AgentRoster()
    ) {
        self.breaker = breaker
        self.breakerChange = breakerChange
        self.chains = chains
        self.agents = agents
    }
}

/// Why a command was refused. Nothing has changed.
package enum Rejection: Error, Sendable, Hashable {
    /// The task has ended; to cancel it makes no sense.
    case alreadyEnded(TaskStatus)
    /// Only failed and cancelled tasks can be retried.
    case notRetryable(TaskStatus)
    /// Only tasks that wait for a person can be decided on.
    case notWaiting(TaskStatus)
    /// The report's attempt is no longer current. With what to keep of it, if it was not kept before.
    case notCurrent(status: TaskStatus, keep: LateResult?)
    /// The same report was taken before.
    case repeatedReport
    /// No dead letter of this task is pending.
    case noPendingDeadLetter(DeadLetterStatus?)
    /// The command does not fit the state, as when two were decided at once; reload and look again.
    case outOfDate
}
