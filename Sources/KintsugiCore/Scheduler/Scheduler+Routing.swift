import KintsugiVocabulary

extension Scheduler {
    enum Route: Sendable {
        case go(Assignment, CircuitBreaker.Permit)
        /// No agent can ever run it.
        case impossible(Failure)
        /// Not now: what each agent says that could run it, and the obstacle that will be out of the way first.
        case blocked(Obstacle, by: [Refusal])
    }

    struct Refusal: Error {
        var agent: AgentID
        var obstacle: Obstacle
    }

    /// The agent for a task whose turn has come, or why there is none now.
    /// - Parameter excluded: Agents that it must not go to, whatever they are.
    mutating func route(
        _ state: TaskState, isHeld: Bool, excluding excluded: Set<AgentID> = [], at now: Timestamp
    ) -> Route {
        let candidates = candidates(for: state, excluding: excluded)
        guard candidates.count > 1 else {
            guard let only = candidates.first else { return .impossible(missingCallback(state)) }
            switch permission(only, state, isHeld: isHeld, at: now) {
            case .success(let granted): return .go(granted.assignment, granted.permit)
            case .failure(let refusal): return .blocked(refusal.obstacle, by: [refusal])
            }
        }
        return deal(state, candidates, isHeld: isHeld, at: now)
    }

    /// Asks first whose turn it is among those that may have room, then the others for their reasons.
    private mutating func deal(
        _ state: TaskState, _ candidates: [AgentID], isHeld: Bool, at now: Timestamp
    ) -> Route {
        let avoided = avoided(by: state)
        let wanted = state.spec.capability ?? state.spec.type
        var open = shares(candidates.filter { $0 != avoided && mayHaveRoom($0) }, at: now)
        var refusals: [Refusal] = []
        for id in (rotations[wanted] ?? Rotation()).order(open) {
            switch permission(id, state, isHeld: isHeld, at: now) {
            case .success(let granted):
                rotations[wanted, default: Rotation()].took(id, among: open)
                return .go(granted.assignment, granted.permit)
            case .failure(let refusal):
                refusals.append(refusal)
                open.removeAll { $0.id == id }
            }
        }
        for id in candidates where id != avoided && !refusals.contains(where: { $0.agent == id }) {
            switch permission(id, state, isHeld: isHeld, at: now) {
            case .success(let granted): return .go(granted.assignment, granted.permit)
            case .failure(let refusal): refusals.append(refusal)
            }
        }
        return .blocked(Self.soonest(refusals.map(\.obstacle)) ?? Obstacle(reason: .queued), by: refusals)
    }

    // MARK: Candidates

    /// The agents that can be called for this task, by id: the one that it asks for, else all with the capability.
    func candidates(for state: TaskState, excluding excluded: Set<AgentID> = []) -> [AgentID] {
        let all: [AgentID]
        if let id = state.target {
            all = agents[id]?.profile.isCallable ?? false ? [id] : []
        } else {
            all = capable[state.spec.capability ?? state.spec.type] ?? []
        }
        return excluded.isEmpty ? all : all.filter { !excluded.contains($0) }
    }

    /// The agent that has just failed this task, if a healthy one could run it too: then it waits for that one,
    /// however busy it is.
    func avoided(by state: TaskState) -> AgentID? {
        guard state.target == nil, let failure = state.lastFailure, let last = state.attempt,
            failure.at >= last.startedAt
        else { return nil }
        let failed = last.start.agentID
        return candidates(for: state).contains { $0 != failed && isHealthy($0) } ? failed : nil
    }

    private func isHealthy(_ id: AgentID) -> Bool {
        guard let profile = agents[id]?.profile else { return false }
        return !profile.isPaused && breakerState(profile.provider) == .closed
    }

    /// Not paused, not full, and not behind an open breaker.
    private func mayHaveRoom(_ id: AgentID) -> Bool {
        guard let agent = agents[id] else { return false }
        return !agent.profile.isPaused && agent.running < agent.profile.maxConcurrency
            && breakerState(agent.profile.provider) != .open
    }

    private func shares(_ ids: [AgentID], at now: Timestamp) -> [(id: AgentID, share: Double)] {
        let standings = ids.map { id in
            guard let agent = agents[id] else { return AgentStanding(weight: 1) }
            let breaker = providers[agent.profile.provider]?.breaker
            return AgentStanding(
                weight: agent.profile.weight, calls: breaker?.calls(at: now) ?? 0,
                failureRate: breaker?.failureRate(at: now) ?? 0, latency: agent.latency.milliseconds,
                running: agent.running, isOnProbation: breaker?.state == .halfOpen)
        }
        return Array(zip(ids, AgentStanding.shares(standings)))
    }

    /// An agent came, changed or went: who can run what is looked up here and not searched for.
    mutating func regroup(_ id: AgentID) {
        let profile = agents[id]?.profile
        let words = profile?.isCallable ?? false ? Set(profile?.capabilities ?? []) : []
        for (word, group) in capable where !words.contains(word) && group.contains(id) {
            capable[word] = group.count == 1 ? nil : group.filter { $0 != id }
            rotations[word]?.forget(id)
            if group.count == 1 { rotations[word] = nil }
        }
        for word in words where !(capable[word]?.contains(id) ?? false) {
            capable[word] = ((capable[word] ?? []) + [id]).sorted { $0.rawValue < $1.rawValue }
        }
        disband(id)
    }

    // MARK: Permission

    private struct Granted: Sendable {
        var assignment: Assignment
        var permit: CircuitBreaker.Permit
    }

    /// Asks everything that guards an agent, the things that spend something last.
    private mutating func permission(_ id: AgentID, _ state: TaskState, isHeld: Bool, at now: Timestamp)
        -> Result<Granted, Refusal>
    {
        let result = ask(id, state, isHeld: isHeld, at: now)
        if case .failure(let refusal) = result {
            // A retry's budget says nothing about other tasks.
            if refusal.obstacle.reason != .retryBudget { agents[id]?.obstacle = refusal.obstacle }
        }
        return result
    }

    private mutating func ask(_ id: AgentID, _ state: TaskState, isHeld: Bool, at now: Timestamp)
        -> Result<Granted, Refusal>
    {
        guard var agent = agents[id] else {
            return .failure(Refusal(agent: id, obstacle: Obstacle(reason: .queued)))
        }
        let profile = agent.profile
        var provider = providers[profile.provider] ?? ProviderState()
        func refuse(_ reason: StatusReason, until: Timestamp? = nil) -> Result<Granted, Refusal> {
            let obstacle = Obstacle(reason: reason, until: until, provider: profile.provider)
            return .failure(Refusal(agent: id, obstacle: obstacle))
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
        let isRetry = state.roundAttempts > 0 && !isHalfOpen && !isHeld
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
            // Half-open with all probes under way: the end of each knocks at the provider's agents.
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
        agent.obstacle = nil
        agents[id] = agent
        return .success(Granted(assignment: assignment, permit: permit))
    }

    mutating func reserve(
        _ number: TaskNumber, _ state: TaskState, _ assignment: Assignment, _ permit: CircuitBreaker.Permit,
        at now: Timestamp
    ) {
        let key = CallKey(number: number, attempt: state.attempts + 1)
        // The append of an earlier decision is on its way to be refused.
        release(key)
        agents[assignment.agentID]?.running += 1
        calls[key] = Call(
            agent: assignment.agentID, provider: assignment.provider, permit: permit, version: state.version,
            since: now)
    }

    /// Of several obstacles the one that will be out of the way first.
    static func soonest(_ obstacles: [Obstacle]) -> Obstacle? {
        obstacles.min { lhs, rhs in
            func weight(_ obstacle: Obstacle) -> Int64 {
                switch obstacle.reason {
                case .atCapacity: -1
                case .agentPaused: .max
                default: obstacle.until?.milliseconds ?? .max - 1
                }
            }
            return weight(lhs) < weight(rhs)
        }
    }

    func missingCallback(_ state: TaskState) -> Failure {
        let wanted = state.spec.capability ?? state.spec.type
        let mute =
            state.target ?? agents.keys.filter { isMute($0, wanted) }.min { $0.rawValue < $1.rawValue }
        let message: String
        if let mute, agents[mute] != nil {
            message = "The agent \(mute) has neither a callback URL nor a local handler."
        } else if let agent = state.target {
            message = "The agent \(agent) is not registered."
        } else {
            message = "No agent has the capability \(wanted)."
        }
        return Failure(type: .missingCallback, message: message, sent: .no)
    }

    private func isMute(_ id: AgentID, _ wanted: String) -> Bool {
        agents[id]?.profile.capabilities.contains(wanted) ?? false
    }
}

extension AttemptOutcome {
    /// Whether the agent had its say, so that the time it took means something.
    var isAnswer: Bool {
        switch self {
        case .succeeded, .accepted, .failed: true
        case .interrupted, .cancelled: false
        }
    }
}
