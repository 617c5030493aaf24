package import KintsugiVocabulary

/// Who there is to call, and whose breaker is not closed: what the rules need to find another agent for a task.
///
/// A value that shares its storage. It holds what changes rarely; how busy an agent is, is for its turn to find out.
package struct AgentRoster: Sendable, Hashable {
    private var profiles: [AgentID: AgentProfile] = [:]
    private var breakers: [ProviderID: BreakerState] = [:]

    package init(_ profiles: [AgentProfile] = []) { for profile in profiles { set(profile) } }

    package mutating func set(_ profile: AgentProfile) { profiles[profile.id] = profile }
    package mutating func remove(_ id: AgentID) { profiles[id] = nil }
    package mutating func note(_ state: BreakerState, of provider: ProviderID) {
        breakers[provider] = state == .closed ? nil : state
    }

    package subscript(id: AgentID) -> AgentProfile? { profiles[id] }

    package func breaker(of provider: ProviderID) -> BreakerState { breakers[provider] ?? .closed }

    /// An agent to go on with instead of those that failed, or why there is none.
    ///
    /// One with the task's capability, else with its type, else with anything that the last agent could do. Of the
    /// healthy ones each is as likely as its weight says, so that a failed agent's load does not fall on one; of those
    /// whose breaker lets probes through one is taken only when none is healthy.
    package func another(
        than failed: [AgentID], last: AgentID?, capability: String?, type: String,
        using rng: inout SeededGenerator
    ) -> Result<AgentProfile, Failure> {
        var wanted: [Set<String>] = capability.map { [[$0]] } ?? []
        wanted.append([type])
        if let last, let profile = profiles[last] { wanted.append(Set(profile.capabilities)) }
        var shut: AgentProfile?
        for abilities in wanted {
            let able = profiles.values.filter { profile in
                profile.isCallable && !profile.isPaused && !failed.contains(profile.id)
                    && profile.capabilities.contains(where: abilities.contains)
            }.sorted { $0.id.rawValue < $1.id.rawValue }
            for state in [BreakerState.closed, .halfOpen] {
                let fit = able.filter { breaker(of: $0.provider) == state }
                if let chosen = Self.pick(fit, using: &rng) { return .success(chosen) }
            }
            shut = shut ?? able.first
        }
        if let shut { return .failure(.circuitOpen(shut.provider)) }
        return .failure(
            Failure(
                type: .missingCallback,
                message: "No other agent that can be called has the capability \(capability ?? type).",
                sent: .no))
    }

    private static func pick(_ profiles: [AgentProfile], using rng: inout SeededGenerator) -> AgentProfile? {
        guard profiles.count > 1 else { return profiles.first }
        let total = profiles.reduce(0) { $0 + max(1, $1.weight) }
        var place = rng.unit() * Double(total)
        for profile in profiles {
            place -= Double(max(1, profile.weight))
            if place < 0 { return profile }
        }
        return profiles.last
    }
}

extension Failure: Error {
    /// Not attempted, because the provider's breaker is open.
    package static func circuitOpen(_ provider: ProviderID) -> Failure {
        Failure(
            type: .circuitOpen, message: "Not attempted: the circuit breaker of \(provider) is open.",
            sent: .no)
    }
}
