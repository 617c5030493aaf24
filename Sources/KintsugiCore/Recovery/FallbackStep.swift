package import KintsugiVocabulary

/// One way to try, with its parameters.
package struct FallbackStep: Sendable, Hashable {
    package var way: Way
    /// It is tried only after a failure of one of these types; empty: after any.
    package var errorTypes: [ErrorType]

    package init(_ way: Way, when errorTypes: [ErrorType] = []) {
        self.way = way
        self.errorTypes = errorTypes
    }

    package enum Way: Sendable, Hashable {
        /// Up to so many attempts, so far apart.
        case retry(maxAttempts: Int = 1, delay: Milliseconds = 0)
        /// Nil: as long as `Retry-After` says, else the task's backoff.
        case waitAndRetry(delay: Milliseconds?)
        /// Nil: the next healthy one that can do it.
        case switchAgent(AgentID?)
        case increaseTimeout(factor: Double = 2, max: Milliseconds?)
        case refreshCredentials
        /// A JSON merge patch (RFC 7396).
        case modifyInput(patch: JSONText)
        case useOutput(JSONText)
        indirect case compensate(Compensation)
        case notify(message: String?)
        case escalate(message: String?, timeout: Milliseconds?, then: EscalationEnd)
        case discard(note: String?)
    }

    package var strategy: Strategy {
        switch way {
        case .retry: .retry
        case .waitAndRetry: .waitAndRetry
        case .switchAgent: .switchAgent
        case .increaseTimeout: .increaseTimeout
        case .refreshCredentials: .refreshCredentials
        case .modifyInput: .modifyInput
        case .useOutput: .useOutput
        case .compensate: .compensate
        case .notify: .notify
        case .escalate: .escalate
        case .discard: .discard
        }
    }
}

/// The task that a step makes; the rest of it is as for any new task.
package struct Compensation: Sendable, Hashable {
    package var type: String
    package var agentID: AgentID?
    package var capability: String?
    /// Nil: the failed task's input.
    package var input: JSONText?
    package var priority: Int
    package var timeout: Milliseconds?

    package init(
        type: String, agentID: AgentID? = nil, capability: String? = nil, input: JSONText? = nil,
        priority: Int = 0, timeout: Milliseconds? = nil
    ) {
        self.type = type
        self.agentID = agentID
        self.capability = capability
        self.input = input
        self.priority = priority
        self.timeout = timeout
    }
}
