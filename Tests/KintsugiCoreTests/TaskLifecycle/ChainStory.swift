import KintsugiCore
import KintsugiVocabulary

/// Chains in stories: the book, the agents, and short ways to tell what a chain did.
extension FallbackChain {
    static let mendID = UUID7(high: 0x7001, low: 0x8000_0000_0000_0001)

    /// For every task.
    static func of(_ steps: FallbackStep..., match: ChainMatch? = ChainMatch()) -> FallbackChain {
        FallbackChain(
            id: mendID, name: "mend it", version: 3, match: match, steps: steps, owner: UserID("ada"))
    }
}

extension FallbackStep {
    static let retry = FallbackStep(.retry())
    static let switchAgent = FallbackStep(.switchAgent(nil))
    static func to(_ agent: String) -> FallbackStep { FallbackStep(.switchAgent(AgentID(agent))) }
    static func json(_ text: String) -> JSONText { JSONText(valid: Array(text.utf8)) }
}

extension AgentRoster {
    /// `stripe`, whom the stories' tasks ask for, and `adyen`, who can do the same.
    static func two(open: String...) -> AgentRoster {
        var roster = AgentRoster([
            AgentProfile(id: Story.agent, capabilities: ["charge"]),
            AgentProfile(id: AgentID("adyen"), capabilities: ["charge"]),
        ])
        for provider in open { roster.note(.open, of: ProviderID(provider)) }
        return roster
    }
}

extension Facts {
    static func chain(
        _ chain: FallbackChain, open: [String] = [], breaker: BreakerState = .closed
    ) -> Facts {
        var roster = AgentRoster.two()
        for provider in open { roster.note(.open, of: ProviderID(provider)) }
        return Facts(breaker: breaker, chains: ChainBook([chain]), agents: roster)
    }
}

extension Assignment {
    static func toAgent(_ agent: String, probe: Bool = false) -> Assignment {
        Assignment(
            agentID: AgentID(agent), provider: ProviderID(agent), node: "node-1", timeout: 30_000,
            breaker: probe ? .halfOpen : .closed, probe: probe)
    }
}

extension [TaskEvent] {
    /// What the chain did, in short: `started 1>2`, `began 1 retry adyen`, `failed 1 circuit_open` …
    var chain: [String] {
        // What other tests look at.
        let asides: Set<EventType> = [.attemptFailed, .alertRaised, .alertResolved]
        return compactMap { event in
            guard case .fallback(let told) = event else {
                return asides.contains(event.type) ? nil : event.type.rawValue
            }
            let skipped = told.skipped.isEmpty ? "" : " past \(told.skipped)"
            switch told.type {
            case .fallbackStarted: return "started by \(told.trigger?.rawValue ?? "?")"
            case .fallbackStepStarted:
                return "began \(told.step) \(told.strategy ?? "?")"
                    + (told.agentID.map { " \($0)" } ?? "") + skipped
            case .fallbackStepSucceeded: return "step \(told.step) succeeded"
            case .fallbackStepFailed:
                return "step \(told.step) failed" + (told.failure.map { " \($0.type.rawValue)" } ?? "")
            case .fallbackSucceeded: return "mended"
            default: return "exhausted" + skipped
            }
        }
    }
}
