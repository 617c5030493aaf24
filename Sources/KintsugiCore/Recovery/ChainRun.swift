package import KintsugiVocabulary

/// A chain as it was when a task began to run it.
package struct ChainSnapshot: Sendable, Hashable {
    /// The chain's id as text.
    package var id: String
    package var name: String
    package var version: Int
    package var steps: [FallbackStep]

    package init(id: String, name: String = "", version: Int = 1, steps: [FallbackStep] = []) {
        self.id = id
        self.name = name
        self.version = version
        self.steps = steps
    }

    package init(_ chain: FallbackChain) {
        self.init(id: chain.id.description, name: chain.name, version: chain.version, steps: chain.steps)
    }
}

/// A task's way through a chain: where it is, and what it has learned. The fold of the chain's events.
package struct ChainRun: Sendable, Hashable {
    package let chain: ChainSnapshot
    package let startedAt: Timestamp
    /// The current or last step, from 1; 0 before the first.
    package private(set) var step = 0
    package private(set) var stepStartedAt: Timestamp
    /// Attempts of this step that failed; those that were abandoned or interrupted are made again.
    package private(set) var failures = 0
    /// What the next step's `when` is about: what the chain answers to, then how the last step failed.
    package private(set) var failure: Failure?
    /// Whom the step calls; nil: whoever the task asks for.
    package private(set) var agentID: AgentID?
    /// The timeout of the attempt before the step; nil if there was none.
    package private(set) var timeout: Milliseconds?
    /// Agents that failed on the way here: no step switches to one of them.
    package private(set) var failedAgents: [AgentID]
    package private(set) var tried = 0
    package private(set) var skipped = 0
    /// How a person answered the step's escalation.
    package private(set) var answer: EscalationAnswer?
    package private(set) var end: End?

    package enum End: Sendable, Hashable {
        /// A step mended the task.
        case succeeded
        case exhausted
        /// The task ended otherwise: discarded, decided, cancelled, out of time.
        case left
    }

    package init(_ chain: ChainSnapshot, failure: Failure?, failedAgent: AgentID?, at now: Timestamp) {
        self.chain = chain
        self.failure = failure
        failedAgents = failedAgent.map { [$0] } ?? []
        startedAt = now
        stepStartedAt = now
    }

    package var isOver: Bool { end != nil }

    /// What is tried now; nil before the first step.
    package var current: FallbackStep? { step(step) }

    /// The step at this place, from 1.
    package func step(_ number: Int) -> FallbackStep? {
        chain.steps.indices.contains(number - 1) ? chain.steps[number - 1] : nil
    }
}

extension ChainRun {
    /// - Parameter timeout: of the task's last attempt.
    package mutating func begin(
        step: Int, skipping count: Int = 0, agent: AgentID? = nil, timeout: Milliseconds? = nil,
        at now: Timestamp
    ) {
        self.step = step
        stepStartedAt = now
        failures = 0
        agentID = agent
        self.timeout = timeout
        answer = nil
        tried += 1
        skipped += count
    }

    package mutating func attemptFailed(_ failure: Failure, by agent: AgentID?) {
        failures += 1
        self.failure = failure
        if let agent, !failedAgents.contains(agent) { failedAgents.append(agent) }
    }

    /// - Parameter failure: Why, if it was not its attempt that failed. Silence is no failure to go by.
    package mutating func stepFailed(_ failure: Failure?) {
        if let failure, answer != .timedOut { self.failure = failure }
    }

    /// A person answered, or nobody did in time.
    package mutating func answered(_ answer: EscalationAnswer, agent: AgentID?) {
        self.answer = answer
        agentID = agent
    }

    package mutating func exhausted(skipping count: Int) {
        skipped += count
        end = .exhausted
    }

    package mutating func finish(_ end: End) { self.end = self.end ?? end }
}
