package import KintsugiVocabulary

/// What an act on many does to one of them.
package enum BulkRules {
    package struct Order: Sendable, Hashable {
        package var action: BulkAction
        package var actor: String
        package var note: String?
        /// Retry on this agent from now on.
        package var agentID: AgentID?

        package init(action: BulkAction, actor: String, note: String? = nil, agentID: AgentID? = nil) {
            self.action = action
            self.actor = actor
            self.note = note
            self.agentID = agentID
        }
    }

    package enum Verdict: Sendable {
        case act(TaskCommand)
        case skip(BulkSkip)
    }

    /// - Parameters:
    ///   - entry: The dead letter that is meant; nil: the task itself.
    ///   - isGone: Whether an agent is not there for new rounds any more.
    package static func judge(
        _ order: Order, _ state: TaskState, entry: DeadLetterID?, isGone: (AgentID) -> Bool
    ) -> Verdict {
        if let entry {
            guard let letter = state.deadLetter, letter.id == entry, letter.status == .pending,
                state.status == .failed
            else { return .skip(.notPending) }
        }
        switch order.action {
        case .retry:
            guard state.status == .failed || state.status == .cancelled else { return .skip(.notRetryable) }
            if let agent = order.agentID ?? state.agentID, isGone(agent) { return .skip(.agentGone) }
            return .act(
                .retry(
                    Retry(cause: .bulk, actor: order.actor, agentID: order.agentID, reason: order.note)))
        case .resolve: return .act(.resolveDeadLetter(note: order.note, actor: order.actor))
        case .discard: return .act(.discardDeadLetter(note: order.note, actor: order.actor))
        case .cancel:
            if state.status.isFinal { return .skip(.alreadyEnded) }
            return .act(.cancel(reason: order.note, actor: order.actor))
        }
    }

    /// Why the rules did not let it; nil: for a reason that is none of these.
    package static func skip(for rejection: Rejection) -> BulkSkip? {
        switch rejection {
        case .noPendingDeadLetter: .notPending
        case .alreadyEnded: .alreadyEnded
        case .notRetryable: .notRetryable
        case .outOfDate: .changed
        case .notCurrent, .repeatedReport, .notWaiting: nil
        }
    }
}
