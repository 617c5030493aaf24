import KintsugiVocabulary

extension Scheduler {
    enum Route: Sendable {
        case go(Assignment, CircuitBreaker.Permit)
        /// No agent can ever run it.
        case impossible(Failure)
        /// Not now; these agents' slots would change that.
        case blocked(Obstacle, slotsOf: [AgentID])
    }

    /// The best healthy agent for a task whose turn has come, or why there is none now.
    mutating func route(_ state: TaskState, _ lane: Lane, at now: Timestamp) -> Route {
        let candidates = candidates(for: state)
        let callable = candidates.filter { agents[$0]?.profile.isCallable ?? false }
        guard !callable.isEmpty else { return .impossible(Self.missingCallback(state, candidates)) }
        var obstacles: [Obstacle] = []
        var full: [AgentID] = []
        for id in ranked(callable, for: state, at: now) {
            switch permission(id, state, lane, at: now) {
            case .success(let granted): return .go(granted.assignment, granted.permit)
            case .failure(let refusal):
                if refusal.obstacle.reason == .atCapacity { full.append(id) }
                obstacles.append(refusal.obstacle)
            }
        }
        return .blocked(Self.soonest(obstacles), slotsOf: full)
    }

    private func candidates(for state: TaskState) -> [AgentID] {
        if let id = state.target { return agents[id] == nil ? [] : [id] }
        let wanted = state.spec.capability ?? state.spec.type
        return agents.values.filter { $0.profile.capabilities.contains(wanted) }.map(\.profile.id)
    }

    /// Healthy before ailing, then the least loaded by weight; the one that just failed comes last.
    private func ranked(_ ids: [AgentID], for state: TaskState, at now: Timestamp) -> [AgentID] {
        guard ids.count > 1 else { return ids }
        let justFailed = state.lastFailure == nil ? nil : state.attempt?.start.agentID
        func score(_ id: AgentID) -> (Int, Int, Double, Double, String) {
            guard let agent = agents[id] else { return (9, 0, 0, 0, "") }
            let breaker = providers[agent.profile.provider]?.breaker
            let health = breaker.map { $0.state == .closed ? 0 : ($0.state == .halfOpen ? 1 : 2) } ?? 0
            let load =
                Double(agent.running) / Double(max(1, agent.profile.maxConcurrency * agent.profile.weight))
            return (health, id == justFailed ? 1 : 0, breaker?.failureRate(at: now) ?? 0, load, id.rawValue)
        }
        return ids.map { (score($0), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private struct Granted: Sendable {
        var assignment: Assignment
        var permit: CircuitBreaker.Permit
    }

    private struct Refusal: Error {
        var obstacle: Obstacle
    }

    /// Asks everything that guards an agent, the things that spend something last.
    private mutating func permission(_ id: AgentID, _ state: TaskState, _ lane: Lane, at now: Timestamp)
        -> Result<Granted, Refusal>
    {
        guard var agent = agents[id] else { return .failure(Refusal(obstacle: Obstacle(reason: .queued))) }
        let profile = agent.profile
        var provider = providers[profile.provider] ?? ProviderState()
        func refuse(_ reason: StatusReason, until: Timestamp? = nil) -> Result<Granted, Refusal> {
            .failure(Refusal(obstacle: Obstacle(reason: reason, until: until, provider: profile.provider)))
        }
        if profile.isPaused { return refuse(.agentPaused) }
        if agent.running >= profile.maxConcurrency { return refuse(.atCapacity) }
        if let breaker = provider.breaker, breaker.state == .open {
            return refuse(.breakerOpen, until: breaker.probeAt)
        }
        let isHalfOpen = provider.breaker?.state == .halfOpen
        if var start = provider.slowStart, !isHalfOpen {
            start.advance(to: now)
            provider.slowStart = start
            providers[profile.provider] = provider
            if start.left <= 0 { return refuse(.breakerOpen, until: start.nextAt) }
        }
        // What was held comes back by the slow start, which is stricter than any budget.
        let isRetry = state.roundAttempts > 0 && !isHalfOpen && !lane.isHeld
        if isRetry, provider.budget?.takeRetry(at: now) == false {
            let next = provider.budget?.nextRetry(at: now)
            providers[profile.provider] = provider
            return refuse(.retryBudget, until: next)
        }
        if agent.rateLimit?.take(at: now) == false {
            let next = agent.rateLimit?.nextToken(at: now)
            agents[id] = agent
            return refuse(.rateLimited, until: next)
        }
        let permit: CircuitBreaker.Permit
        if provider.breaker != nil {
            // Half-open with all probes under way: their end wakes every lane.
            guard let granted = provider.breaker?.permit(at: now) else { return refuse(.breakerOpen) }
            permit = granted
        } else {
            permit = .normal
        }
        let assignment = Assignment(
            agentID: id, provider: profile.provider, node: node, timeout: profile.timeout,
            breaker: provider.breaker?.state ?? .closed,
            failureRate: provider.breaker?.failureRate(at: now) ?? 0,
            probe: permit == .probe, halfOpens: permit == .probe && provider.announcesHalfOpen)
        if permit == .probe { provider.announcesHalfOpen = false }
        provider.slowStart?.left -= 1
        provider.budget?.recordCall(at: now)
        providers[profile.provider] = provider
        agents[id] = agent
        return .success(Granted(assignment: assignment, permit: permit))
    }

    mutating func reserve(
        _ number: TaskNumber, _ state: TaskState, _ assignment: Assignment, _ permit: CircuitBreaker.Permit
    ) {
        let key = CallKey(number: number, attempt: state.attempts + 1)
        // The append of an earlier decision is on its way to be refused.
        release(key)
        agents[assignment.agentID]?.running += 1
        calls[key] = Call(
            agent: assignment.agentID, provider: assignment.provider, permit: permit, version: state.version)
    }

    /// Of several obstacles the one that will be out of the way first.
    private static func soonest(_ obstacles: [Obstacle]) -> Obstacle {
        obstacles.min { lhs, rhs in
            func weight(_ obstacle: Obstacle) -> Int64 {
                switch obstacle.reason {
                case .atCapacity: -1
                case .agentPaused: .max
                default: obstacle.until?.milliseconds ?? .max - 1
                }
            }
            return weight(lhs) < weight(rhs)
        } ?? Obstacle(reason: .queued)
    }

    private static func missingCallback(_ state: TaskState, _ candidates: [AgentID]) -> Failure {
        let message: String
        if let agent = candidates.first {
            message = "The agent \(agent) has neither a callback URL nor a local handler."
        } else if let agent = state.target {
            message = "The agent \(agent) is not registered."
        } else {
            message = "No agent has the capability \(state.spec.capability ?? state.spec.type)."
        }
        return Failure(type: .missingCallback, message: message, sent: .no)
    }
}
