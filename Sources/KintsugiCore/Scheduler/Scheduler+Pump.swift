import KintsugiVocabulary

extension Scheduler {
    /// Lets everything go whose time and turn have come.
    package mutating func pump(at now: Timestamp) {
        tickProviders(at: now)
        while let wake = laneWakes.min, wake.at <= now {
            _ = laneWakes.popMin()
            if laneWakeAt[wake.lane] == wake.at { laneWakeAt[wake.lane] = nil }
            touch(wake.lane)
        }
        let fired = fireTimers(at: now)
        if !isDraining {
            turns(at: now)
            promote(fired + overdue)
            overdue = []
        }
        loadTimersIfDue(at: now)
    }

    // MARK: Turns

    /// Lanes take turns, a few tasks each, until none of them can let another go.
    private mutating func turns(at now: Timestamp) {
        // Held tasks go first: their lanes' turns come before all others.
        var round = dirty.filter(\.isHeld) + dirty.filter { !$0.isHeld }
        dirty.removeAll(keepingCapacity: true)
        isDirty.removeAll(keepingCapacity: true)
        while !round.isEmpty {
            var again: [Lane] = []
            for lane in round where turn(of: lane, most: 16, at: now) { again.append(lane) }
            round = again
        }
    }

    /// Whether the lane used up its turn and may go on.
    private mutating func turn(of lane: Lane, most: Int, at now: Timestamp) -> Bool {
        guard lanes[lane] != nil else { return false }
        var left = most
        while left > 0, let key = lanes[lane]?.best {
            guard let entry = entries[key.number], entry.place == .ready(key) else {
                lanes[lane]?.takeBest()
                continue
            }
            guard step(lane, key, entry.state, at: now) else { break }
            left -= 1
        }
        loadWindowIfLow(lane)
        return left == 0
    }

    /// Lets the lane's best task go, or notes why it cannot. Whether the lane can go on.
    private mutating func step(_ lane: Lane, _ key: LaneWindow.Key, _ state: TaskState, at now: Timestamp)
        -> Bool
    {
        switch route(state, lane, at: now) {
        case .go(let assignment, let permit):
            lanes[lane]?.takeBest()
            lanes[lane]?.obstacle = nil
            reserve(key.number, state, assignment, permit)
            decide(.begin(assignment), key.number, Facts(breaker: assignment.breaker), at: now)
            return true
        case .impossible(let failure):
            lanes[lane]?.takeBest()
            decide(.refuse(failure), key.number, facts(), at: now)
            return true
        case .blocked(let obstacle, let agents):
            lanes[lane]?.obstacle = obstacle
            if obstacle.reason == .breakerOpen, !lane.isHeld, let provider = obstacle.provider,
                breakerState(provider) == .open, takeHold(of: lane, at: now)
            {
                lanes[lane]?.takeBest()
                decide(.hold(provider: provider), key.number, facts(breaker: .open), at: now)
                return true
            }
            for agent in agents { waiters[agent, default: []].insert(lane) }
            if let until = obstacle.until { wake(lane, at: max(until, now + 1)) }
            return false
        }
    }

    /// Holds are written down in drips, so that one trip does not write a million events.
    private mutating func takeHold(of lane: Lane, at now: Timestamp) -> Bool {
        var rate =
            holdRates[lane]
            ?? RateLimit(
                settings: .init(
                    perSecond: Double(limits.holdsPerSecond), burst: max(1, limits.holdsPerSecond / 2)))
        let taken = rate.take(at: now)
        if !taken { wake(lane, at: max(rate.nextToken(at: now), now + 1)) }
        // Kept when the lane runs empty, else tasks that come one by one would each find a full bucket.
        if holdRates.count > 1024 { holdRates.removeAll() }
        holdRates[lane] = rate
        return taken
    }

    private mutating func loadWindowIfLow(_ lane: Lane) {
        guard let window = lanes[lane], !window.isLoading else { return }
        if window.more {
            guard window.keys.count <= windowSize / 4, window.isEmpty || window.obstacle == nil else {
                return
            }
            let starting = startingIn(lane)
            lanes[lane]?.isLoading = true
            lanes[lane]?.startedWhileLoading = starting
            actions.append(.loadWindow(lane, limit: windowSize + starting.count))
        } else if window.isEmpty {
            lanes[lane] = nil
            if case .held(let provider) = lane { providers[provider]?.slowStart = nil }
        }
    }

    /// Tasks of the lane whose start is on its way to the store: a read may still show them as ready.
    private func startingIn(_ lane: Lane) -> Set<TaskNumber> {
        var starting: Set<TaskNumber> = []
        for key in calls.keys {
            if let entry = entries[key.number], entry.place == .deciding, Lane(entry.state) == lane {
                starting.insert(key.number)
            }
        }
        return starting
    }

    // MARK: Times

    /// The tasks that became ready and stand in a window without the store knowing it.
    private mutating func fireTimers(at now: Timestamp) -> [(number: TaskNumber, version: Int)] {
        var fired: [(number: TaskNumber, version: Int)] = []
        while let timer = timers.min, timer.at <= now {
            _ = timers.popMin()
            guard let entry = entries[timer.number] else {
                actions.append(.decideAgain(timer.number, .timeIsUp, facts()))
                continue
            }
            guard entry.state.version == timer.version else { continue }
            if entry.place == .deciding {
                timers.insert(Timer(at: now + 100, number: timer.number, version: timer.version))
                continue
            }
            let deadlineMissed = entry.state.deadline.map { $0 <= now } ?? false
            if case .pending(let due, _) = entry.state.phase, !deadlineMissed {
                guard entry.place == .timed, due <= now else { continue }
                entries[timer.number] = nil
                arrive(StoredTask(number: timer.number, state: entry.state), at: now)
                fired.append((timer.number, timer.version))
            } else {
                timeIsUp(timer.number, entry, at: now)
            }
        }
        return fired
    }

    private mutating func timeIsUp(_ number: TaskNumber, _ entry: Entry, at now: Timestamp) {
        if case .ready(let key) = entry.place { lanes[Lane(entry.state)]?.remove(key) }
        var (breaker, change): (BreakerState, CircuitBreaker.Change?) = (.closed, nil)
        var record: BreakerRecord?
        if case .accepted(let until) = entry.state.phase, until <= now, let start = entry.state.attempt?.start
        {
            // It accepted and fell silent: a fault of the provider, like an answer that never came.
            let waiting = heldCount(start.provider)
            change = providers[start.provider]?.breaker?.record(
                success: false, permit: .normal, waiting: waiting, at: now)
            breaker = breakerState(start.provider)
            record = change.map { changed(start.provider, $0, at: now) }
        }
        let facts = facts(breaker: breaker, change: change)
        if !decide(.timeIsUp, number, facts, breaker: record, at: now) {
            entries[number] = nil
            actions.append(.decideAgain(number, .timeIsUp, facts))
        }
    }

    /// Those that could not start at once are ready from now on in the store too.
    private mutating func promote(_ fired: [(number: TaskNumber, version: Int)]) {
        let waiting = fired.filter { task in
            guard let place = entries[task.number]?.place else { return true }
            if case .ready = place { return true }
            return false
        }
        if !waiting.isEmpty { actions.append(.promote(waiting)) }
    }

    private mutating func loadTimersIfDue(at now: Timestamp) {
        guard !isLoadingTimers, timersHorizon <= now else { return }
        isLoadingTimers = true
        actions.append(.loadTimers(until: now + limits.horizon, limit: limits.maxTimers / 2))
    }

    /// Notes the task's next time, if it falls within the horizon or a read is under way that may miss it.
    mutating func pushTimer(of task: StoredTask, at now: Timestamp) {
        guard let at = nextTime(of: task.state, at: now) else { return }
        guard at <= timersHorizon || isLoadingTimers else { return }
        if timers.count >= limits.maxTimers {
            timersHorizon = min(timersHorizon, at + -1)
            return
        }
        timers.insert(Timer(at: at, number: task.number, version: task.state.version))
    }

    /// Times beyond the horizon are the store's to remember again.
    mutating func forgetTimers(after horizon: Timestamp) {
        var forgotten: [Timer] = []
        timers.removeAll { timer in
            guard timer.at > horizon else { return false }
            forgotten.append(timer)
            return true
        }
        for timer in forgotten where entries[timer.number]?.place == .timed { entries[timer.number] = nil }
    }

    /// Looks at the lane again then, unless it will be looked at sooner.
    mutating func wake(_ lane: Lane, at time: Timestamp) {
        if let known = laneWakeAt[lane], known <= time { return }
        laneWakeAt[lane] = time
        laneWakes.insert(LaneWake(at: time, lane: lane))
    }

    /// When time alone concerns this task next: for one that is ready already, only its deadline.
    private func nextTime(of state: TaskState, at now: Timestamp) -> Timestamp? {
        if case .pending(let due, _) = state.phase, due <= now { return state.deadline }
        return state.nextAt
    }

    // MARK: Arrivals

    /// A task that is not in memory: takes it in if its place is among the best, or its time is near.
    mutating func arrive(_ task: StoredTask, at now: Timestamp) {
        guard !task.state.status.isFinal else { return }
        let isReady: Bool
        switch task.state.phase {
        case .held: isReady = true
        case .pending(let due, _): isReady = due <= now
        default: isReady = false
        }
        guard isReady else {
            let near = (task.state.nextAt ?? .distantFuture) <= timersHorizon || isLoadingTimers
            if near, timers.count < limits.maxTimers, task.state.nextAt != nil {
                entries[task.number] = Entry(state: task.state, place: .timed)
            }
            return pushTimer(of: task, at: now)
        }
        let lane = Lane(task.state)
        let key = LaneWindow.Key(task.state, number: task.number)
        if lanes[lane] == nil { lanes[lane] = LaneWindow(more: false) }
        let capacity = windowSize
        switch lanes[lane]?.admit(key, capacity: capacity) {
        case .admitted(let evicted)?:
            if let evicted { entries[evicted] = nil }
            entries[task.number] = Entry(state: task.state, place: .ready(key))
            touch(lane)
        default: break
        }
        pushTimer(of: task, at: now)
    }

    // MARK: Deciding

    /// Lets the rules decide on the task as it is in memory. Whether there is something to record.
    @discardableResult
    mutating func decide(
        _ command: TaskCommand, _ number: TaskNumber, _ facts: Facts, breaker: BreakerRecord? = nil,
        at now: Timestamp
    ) -> Bool {
        guard let state = entries[number]?.state else { return false }
        let at = max(now, state.updatedAt)
        var facts = facts
        facts.thresholds = thresholds
        guard var events = try? TaskRules.decide(command, state, facts, at: at, using: &rng), !events.isEmpty
        else {
            return false
        }
        alerts.adopt(&events, of: state.spec.userID, at: at)
        var after = state
        for event in events { after.evolve(event, at: at) }
        entries[number]?.place = .deciding
        actions.append(
            .append(
                Decision(
                    task: StoredTask(number: number, state: state), command: command, facts: facts,
                    events: events,
                    after: after, at: at, breaker: breaker)))
        return true
    }

    mutating func touch(_ lane: Lane) {
        if isDirty.insert(lane).inserted { dirty.append(lane) }
    }

    mutating func touchAll() {
        for lane in lanes.keys { touch(lane) }
    }
}

extension Lane {
    var isHeld: Bool { if case .held = self { true } else { false } }
}
