import KintsugiVocabulary

/// Who goes next.
///
/// A lane stands in line at every agent that could run its tasks. An agent is *knocked* at when a slot or a probe
/// comes free, when its next token is due, or when a lane joins its line; it then serves its line, one task a turn,
/// until it refuses. A lane is *touched* when another task may be its best, or when more than a turn may have changed for
/// it: it joins the lines anew.
///
/// After a pump, a lane with a task stands in line at all agents that could take one of its best, and each line's
/// first has been refused by its agent: nothing that could go waits for an input. So a freed slot costs one turn,
/// however many lanes wait.
extension Scheduler {
    typealias LanePlace = Dictionary<Lane, LaneWindow>.Index

    /// Of one lane's tasks so many are looked at for one that an agent may run.
    private static let lookAhead = 16

    /// Whether this task of the lane is looked at: the best one where all want the same agent.
    func isInView(_ key: LaneWindow.Key, of lane: Lane, _ place: LanePlace) -> Bool {
        if case .agent = lane.target { return lanes.values[place].best == key }
        return lanes.values[place].keys.suffix(Self.lookAhead).contains(key)
    }

    mutating func turns(at now: Timestamp) {
        while !touched.isEmpty || !knocked.isEmpty {
            var next = 0
            while next < touched.count {
                enter(touched[next], at: now)
                next += 1
            }
            touched.removeAll(keepingCapacity: true)
            next = 0
            while next < knocked.count {
                serve(knocked[next], at: now)
                next += 1
            }
            knocked.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Standing in line

    mutating func touch(_ lane: Lane) {
        guard let place = lanes.index(forKey: lane) else { return }
        touch(lane, place)
    }

    mutating func touch(_ lane: Lane, _ place: LanePlace) {
        guard !lanes.values[place].isTouched else { return }
        lanes.values[place].isTouched = true
        touched.append(lane)
    }

    mutating func touchAll() {
        for (lane, _) in lanes.sorted(by: { $0.value.serial < $1.value.serial }) { touch(lane) }
    }

    mutating func knock(_ id: AgentID) {
        guard let place = waiting.index(forKey: id), !waiting.values[place].isKnocked else { return }
        waiting.values[place].isKnocked = true
        knocked.append(id)
    }

    /// Knocks at the agent then, unless that happens sooner.
    mutating func wake(_ id: AgentID, at time: Timestamp) {
        if let known = waiting[id]?.wakeAt, known <= time { return }
        waiting[id]?.wakeAt = time
        wakes.insert(Wake(at: time, whom: .agent(id)))
    }

    /// Opens the lane if it is not open, and gives its place.
    mutating func open(_ lane: Lane, more: Bool) -> LanePlace {
        if let place = lanes.index(forKey: lane) { return place }
        lanesOpened += 1
        lanes[lane] = LaneWindow(more: more, serial: lanesOpened)
        if case .held(let provider) = lane.target {
            providers[provider, default: .init()].held.insert(lane.user)
        }
        return open(lane, more: more)
    }

    private mutating func close(_ lane: Lane, _ place: LanePlace) {
        for id in lanes.values[place].agents { waiting[id]?.leave(lane) }
        lanes.remove(at: place)
        guard case .held(let provider) = lane.target else { return }
        providers[provider]?.held.remove(lane.user)
        guard providers[provider]?.held.isEmpty ?? true, providers[provider]?.slowStart != nil else { return }
        providers[provider]?.slowStart = nil
        knock(agentsOf: provider)
    }

    /// Stands in line wherever its best tasks could run, and refuses those that can run nowhere.
    private mutating func enter(_ lane: Lane, at now: Timestamp) {
        guard let place = lanes.index(forKey: lane) else { return }
        lanes.values[place].isTouched = false
        lanes.values[place].obstacle = nil
        lanes.values[place].isAside = false
        while let (key, state) = best(in: place) {
            if !candidates(for: state).isEmpty {
                for id in wanted(lane, place, state) { join(lane, place, at: id) }
                break
            }
            lanes.values[place].remove(key)
            decide(.refuse(missingCallback(state)), key.number, facts(), at: now)
        }
        if lanes.values[place].isEmpty { loadWindowIfLow(lane, place) }
    }

    /// The agents that could run one of the lane's best tasks: of held ones each may have asked for others.
    private func wanted(_ lane: Lane, _ place: LanePlace, _ best: TaskState) -> [AgentID] {
        guard lane.isHeld else { return candidates(for: best) }
        var all: [AgentID] = []
        for key in lanes.values[place].keys.suffix(Self.lookAhead).reversed() {
            guard let state = entries[key.number]?.state else { continue }
            for id in candidates(for: state) where !all.contains(id) { all.append(id) }
        }
        return all
    }

    private mutating func join(_ lane: Lane, _ place: LanePlace, at id: AgentID) {
        waiting[id, default: Waiting()].join(lane)
        if !lanes.values[place].agents.contains(id) { lanes.values[place].agents.append(id) }
        knock(id)
    }

    private mutating func leave(_ lane: Lane, _ place: LanePlace, from id: AgentID) {
        waiting[id]?.leave(lane)
        lanes.values[place].agents.removeAll { $0 == id }
    }

    /// Nobody waits for this agent any more.
    mutating func disband(_ id: AgentID) {
        for lane in waiting[id]?.all ?? [] {
            if let place = lanes.index(forKey: lane) { lanes.values[place].agents.removeAll { $0 == id } }
        }
        waiting[id] = nil
        knocked.removeAll { $0 == id }
    }

    /// Everybody who waits for the provider's agents looks around anew: its breaker has changed.
    mutating func touchWaiting(for provider: ProviderID) {
        for id in agents(of: provider) {
            for lane in waiting[id]?.all ?? [] { touch(lane) }
        }
    }

    mutating func knock(agentsOf provider: ProviderID) {
        for id in agents(of: provider) { knock(id) }
    }

    private func agents(of provider: ProviderID) -> [AgentID] {
        agents.values.filter { $0.profile.provider == provider }.map(\.profile.id)
            .sorted { $0.rawValue < $1.rawValue }
    }

    // MARK: Turns

    /// Lets those in line have their turns until the agent refuses.
    private mutating func serve(_ id: AgentID, at now: Timestamp) {
        waiting[id]?.isKnocked = false
        while let lane = waiting[id]?[.held].first {
            guard turn(of: lane, at: id, in: .held, at: now) else { break }
        }
        while let kind = nextKind(at: id, at: now), let lane = waiting[id]?[kind].first {
            waiting[id]?.isAsideNext = kind == .ready
            guard turn(of: lane, at: id, in: kind, at: now) else { break }
        }
        guard waiting[id]?[.aside].isEmpty == false else { return }
        let next = nextRetry(of: id, at: now)
        if next > now { wake(id, at: next) }
    }

    /// Ready lanes and retries that were set aside alternate while the budget has room.
    private func nextKind(at id: AgentID, at now: Timestamp) -> Waiting.Kind? {
        guard let waiting = waiting[id] else { return nil }
        guard !waiting[.aside].isEmpty, waiting.isAsideNext || waiting[.ready].isEmpty,
            !isOpen(agents[id]?.profile.provider), nextRetry(of: id, at: now) <= now
        else { return waiting[.ready].isEmpty ? nil : .ready }
        return .aside
    }

    private func nextRetry(of id: AgentID, at now: Timestamp) -> Timestamp {
        agents[id].flatMap { providers[$0.profile.provider]?.budget?.nextRetry(at: now) } ?? now
    }

    /// Lets the lane have one task taken, or as many as go if nobody else waits. Whether the agent may take more.
    private mutating func turn(of lane: Lane, at id: AgentID, in kind: Waiting.Kind, at now: Timestamp)
        -> Bool
    {
        guard let place = lanes.index(forKey: lane) else {
            waiting[id]?.leave(lane)
            return true
        }
        let isAlone = kind == .ready && (waiting[id]?.isOneReady ?? false)
        var hasGone = false
        repeat {
            guard let (key, state) = best(in: place, for: id, lane) else {
                leave(lane, place, from: id)
                loadWindowIfLow(lane, place)
                return true
            }
            switch step(lane, place, key, state, at: id, at: now) {
            case .gone: hasGone = true
            case .refused(let isForItself):
                if hasGone { loadWindowIfLow(lane, place) }
                return isForItself && kind != .aside
            }
        } while isAlone
        waiting[id]?[kind].pass(lane)
        if standsElsewhere(lane, place) { touch(lane, place) }
        loadWindowIfLow(lane, place)
        return true
    }

    /// Whether the lane's next task may want other lines than those in which it stands.
    private func standsElsewhere(_ lane: Lane, _ place: LanePlace) -> Bool {
        if lanes.values[place].isAside { return true }
        if case .agent = lane.target { return false }
        guard let state = best(in: place)?.state else { return false }
        return lane.isHeld || lanes.values[place].agents.count < candidates(for: state).count
    }

    private func best(in place: LanePlace) -> (key: LaneWindow.Key, state: TaskState)? {
        lanes.values[place].best.flatMap { key in entries[key.number].map { (key, $0.state) } }
    }

    /// The best of the lane's first few tasks that this agent may run.
    private func best(in place: LanePlace, for id: AgentID, _ lane: Lane)
        -> (key: LaneWindow.Key, state: TaskState)?
    {
        for key in lanes.values[place].keys.suffix(Self.lookAhead).reversed() {
            guard let state = entries[key.number]?.state else { continue }
            if lane.isHeld, !candidates(for: state).contains(id) { continue }
            if avoided(by: state) != id { return (key, state) }
        }
        return nil
    }

    private enum Step {
        case gone
        /// For a reason of the task's own, so that others may still go.
        case refused(isForItself: Bool)
    }

    /// Lets the task go, or notes why it cannot and where it waits.
    private mutating func step(
        _ lane: Lane, _ place: LanePlace, _ key: LaneWindow.Key, _ state: TaskState, at id: AgentID,
        at now: Timestamp
    ) -> Step {
        asked += 1
        switch route(state, isHeld: lane.isHeld, at: now) {
        case .go(let assignment, let permit):
            lanes.values[place].remove(key)
            reserve(key.number, state, assignment, permit, at: now)
            beginning[key.number] = lane
            decide(.begin(assignment), key.number, Facts(breaker: assignment.breaker), at: now)
            return .gone
        case .impossible(let failure):
            lanes.values[place].remove(key)
            decide(.refuse(failure), key.number, facts(), at: now)
            return .gone
        case .blocked(let obstacle, let refusals):
            let isHeldUp = obstacle.reason == .breakerOpen && isOpen(obstacle.provider)
            let holder = isHeldUp && !lane.isHeld ? obstacle.provider : nil
            if let provider = holder, takeHold(of: provider, refusals, at: now) {
                lanes.values[place].remove(key)
                decide(.hold(provider: provider), key.number, facts(breaker: .open), at: now)
                return .gone
            }
            return wait(lane, place, refusals, holder: holder, at: id, at: now)
        }
    }

    /// Notes where the task waits. An agent sets the lane aside if what it says is not so for others.
    /// - Parameter holder: Whose open breaker would hold the task, had it room for one more hold now.
    private mutating func wait(
        _ lane: Lane, _ place: LanePlace, _ refusals: [Refusal], holder: ProviderID?, at id: AgentID,
        at now: Timestamp
    ) -> Step {
        var isForItself = true
        for refusal in refusals {
            let (agent, obstacle) = (refusal.agent, refusal.obstacle)
            if !lanes.values[place].agents.contains(agent) { join(lane, place, at: agent) }
            let isOpen = obstacle.reason == .breakerOpen && isOpen(obstacle.provider)
            if obstacle.reason == .retryBudget { lanes.values[place].obstacle = obstacle }
            if obstacle.reason == .retryBudget || isOpen && !lane.isHeld && obstacle.provider != holder {
                lanes.values[place].isAside = true
                waiting[agent]?.setAside(lane)
            } else {
                // It may have been set aside for a reason that is no more, and nothing else would tell it.
                if lanes.values[place].isAside { waiting[agent]?.join(lane) }
                if agent == id { isForItself = false }
            }
            // A breaker that half-opens touches everybody; no wake is needed for that.
            if let until = obstacle.until, !isOpen { wake(agent, at: max(until, now + 1)) }
        }
        if !refusals.contains(where: { $0.agent == id }) { leave(lane, place, from: id) }
        return .refused(isForItself: isForItself)
    }

    private func isOpen(_ provider: ProviderID?) -> Bool {
        provider.map { breakerState($0) == .open } ?? false
    }

    /// Holds are written down in drips, so that one trip does not write a million events.
    private mutating func takeHold(of provider: ProviderID, _ refusals: [Refusal], at now: Timestamp) -> Bool
    {
        let most = limits.holdsPerSecond
        var rate =
            providers[provider]?.holds
            ?? RateLimit(settings: .init(perSecond: Double(most), burst: max(1, most / 2)))
        let taken = rate.take(at: now)
        providers[provider]?.holds = rate
        if !taken {
            for refusal in refusals where refusal.obstacle.provider == provider {
                wake(refusal.agent, at: max(rate.nextToken(at: now), now + 1))
            }
        }
        return taken
    }

    // MARK: Windows

    private mutating func loadWindowIfLow(_ lane: Lane, _ place: LanePlace) {
        guard !lanes.values[place].isLoading else { return }
        if lanes.values[place].more {
            guard lanes.values[place].keys.count <= windowSize / 4 else { return }
            let starting = Set(beginning.lazy.filter { $0.value == lane }.map(\.key))
            lanes.values[place].isLoading = true
            lanes.values[place].startedWhileLoading = starting
            actions.append(.loadWindow(lane, limit: windowSize + starting.count))
        } else if lanes.values[place].isEmpty {
            close(lane, place)
        }
    }
}
