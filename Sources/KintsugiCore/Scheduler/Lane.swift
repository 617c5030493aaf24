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
        } else if let agent = state.target {
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
