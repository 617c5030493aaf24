package import KintsugiCore
package import KintsugiVocabulary

/// A line in which tasks wait for their turn.
///
/// Ready tasks wait by whom they asked for: an agent, else a capability, else their type. Held tasks wait
/// by the provider whose breaker is open. Lines are apart so that a dead provider starves only its own.
package enum Lane: Sendable, Hashable {
    case agent(AgentID)
    case capability(String)
    case type(String)
    case held(ProviderID)

    /// Where this task stands in line while it is pending.
    package init(_ state: TaskState) {
        if case .held(let provider, _) = state.phase {
            self = .held(provider)
        } else if let agent = state.agentID {
            self = .agent(agent)
        } else if let capability = state.spec.capability {
            self = .capability(capability)
        } else {
            self = .type(state.spec.type)
        }
    }

    /// The text by which the stores know it.
    package var key: String {
        switch self {
        case .agent(let id): "agent:\(id.rawValue)"
        case .capability(let name): "capability:\(name)"
        case .type(let name): "type:\(name)"
        case .held(let provider): "held:\(provider.rawValue)"
        }
    }

    package init?(key: String) {
        guard let colon = key.firstIndex(of: ":") else { return nil }
        let rest = String(key[key.index(after: colon)...])
        switch key[..<colon] {
        case "agent": self = .agent(AgentID(rest))
        case "capability": self = .capability(rest)
        case "type": self = .type(rest)
        case "held": self = .held(ProviderID(rest))
        default: return nil
        }
    }
}

/// The row of an unfinished task in the store's small table of live tasks: what claims and timers need.
package struct LiveRow: Sendable, Hashable {
    package enum Phase: Int, Sendable, Hashable, CaseIterable {
        /// May go as soon as its turn comes.
        case ready = 0
        /// Held under an open breaker; stands in the provider's held lane.
        case held = 1
        /// Its time has not come.
        case delayed = 2
        case running = 3
        case accepted = 4
        case waiting = 5
    }

    package var lane: Lane
    package var phase: Phase
    /// Higher first; 0 in a held lane, where the oldest deadline goes first.
    package var priority: Int
    /// Since when it may go; in a held lane, when its hold ends.
    package var readyAt: Timestamp
    /// When something must happen by itself; nil: never.
    package var nextAt: Timestamp?

    /// The row of this state, seen at `now`; nil once the task has ended.
    package init?(_ state: TaskState, at now: Timestamp) {
        guard !state.status.isFinal else { return nil }
        lane = Lane(state)
        priority = state.spec.priority
        readyAt = .zero
        nextAt = state.nextAt
        switch state.phase {
        case .pending(let due, _):
            phase = due <= now ? .ready : .delayed
            readyAt = due
            if phase == .ready { nextAt = state.deadline }
        case .held(_, let until):
            phase = .held
            priority = 0
            readyAt = until
        case .running: phase = .running
        case .accepted: phase = .accepted
        default: phase = .waiting
        }
    }
}
