package import KintsugiVocabulary

/// What a fallback chain did.
package struct FallbackEvent: Sendable, Hashable {
    package var type: EventType
    package var chainID: String
    /// From 1; 0 for events of the whole chain.
    package var step: Int
    package var strategy: String?
    package var message: String?
    /// `fallback_started`: the chain as it is run, whatever becomes of it meanwhile.
    package var chain: ChainSnapshot?
    /// `fallback_started`: what it answers to.
    package var trigger: ChainTrigger?
    /// Why a chain or step began or failed, unless that is how the attempt before it failed.
    package var failure: Failure?
    /// `fallback_step_started`: whom the step calls, if that is known.
    package var agentID: AgentID?
    /// `fallback_step_started`: when its attempt is due; nil: now.
    package var due: Timestamp?
    /// Steps right before this one that were passed over, because they are for other failures.
    package var skipped: [Int]
    /// `fallback_step_succeeded` of `compensate`: the task that was made.
    package var taskID: TaskID?

    package init(
        type: EventType, chainID: String, step: Int, strategy: String?, message: String? = nil,
        chain: ChainSnapshot? = nil, trigger: ChainTrigger? = nil, failure: Failure? = nil,
        agentID: AgentID? = nil, due: Timestamp? = nil, skipped: [Int] = [], taskID: TaskID? = nil
    ) {
        self.type = type
        self.chainID = chainID
        self.step = step
        self.strategy = strategy
        self.message = message
        self.chain = chain
        self.trigger = trigger
        self.failure = failure
        self.agentID = agentID
        self.due = due
        self.skipped = skipped
        self.taskID = taskID
    }
}

/// The wait for a person is over.
package struct Resumption: Sendable, Hashable {
    package var answer: EscalationAnswer
    package var actor: String
    package var note: String?
    /// Whom the next attempt calls, if the person said so.
    package var agentID: AgentID?

    package init(_ answer: EscalationAnswer, actor: String, note: String? = nil, agentID: AgentID? = nil) {
        self.answer = answer
        self.actor = actor
        self.note = note
        self.agentID = agentID
    }
}
