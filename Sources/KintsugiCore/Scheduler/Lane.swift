package import KintsugiVocabulary

/// A line in which the tasks of one user wait for their turn.
///
/// Ready tasks wait by whom they asked for: an agent, else a capability, else their type. Held tasks wait by the
/// provider whose breaker is open. Lines are apart so that a dead provider starves only its own, and so that a
/// user's flood makes only that user wait: users whose lanes want the same agent take turns. Priority orders the
/// tasks of one lane; it moves nobody's task before another user's turn.
package struct Lane: Sendable, Hashable {
    package enum Target: Sendable, Hashable {
        case agent(AgentID)
        case capability(String)
        case type(String)
        case held(ProviderID)
    }

    package let target: Target
    package let user: UserID

    package init(_ target: Target, of user: UserID) {
        self.target = target
        self.user = user
    }

    /// Where this task stands in line while it is pending.
    package init(_ state: TaskState) {
        user = state.spec.userID
        if case .held(let provider, _) = state.phase {
            target = .held(provider)
        } else if let agent = state.target {
            target = .agent(agent)
        } else if let capability = state.spec.capability {
            target = .capability(capability)
        } else {
            target = .type(state.spec.type)
        }
    }

    package var isHeld: Bool { if case .held = target { true } else { false } }

    /// The text for logs.
    package var key: String {
        switch target {
        case .agent(let id): "agent:\(id):\(user)"
        case .capability(let name): "capability:\(name):\(user)"
        case .type(let name): "type:\(name):\(user)"
        case .held(let provider): "held:\(provider):\(user)"
        }
    }
}
