import KintsugiVocabulary

extension Scheduler {
    /// Lets everything go whose time and turn have come.
    package mutating func pump(at now: Timestamp) {
        tickProviders(at: now)
        takeWakes(at: now)
        let fired = fireTimers(at: now)
        if !isDraining {
            turns(at: now)
            promote(fired + overdue)
            overdue = []
        }
        loadTimersIfDue(at: now)
    }

    // MARK: Times

    private mutating func takeWakes(at now: Timestamp) {
        while let wake = wakes.min, wake.at <= now {
            _ = wakes.popMin()
            switch wake.whom {
            case .lane(let lane): touch(lane)
            case .agent(let id):
                guard waiting[id]?.wakeAt == wake.at else { continue }
                waiting[id]?.wakeAt = nil
                knock(id)
            }
        }
    }

    /// The tasks that became ready and stand in a window without the store knowing it.
    private mutating func fireTimers(at now: Timestamp) -> [OverdueTask] {
        var fired: [OverdueTask] = []
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
                let task = StoredTask(number: timer.number, state: entry.state)
                arrive(task, at: now)
                fired.append(OverdueTask(task))
            } else {
                timeIsUp(timer.number, entry, at: now)
            }
        }
        return fired
    }

    private mutating func timeIsUp(_ number: TaskNumber, _ entry: Entry, at now: Timestamp) {
        leaveLine(entry)
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
    private mutating func promote(_ fired: [OverdueTask]) {
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
        for timer in forgotten {
            guard let entry = entries[timer.number], entry.place == .timed else { continue }
            if isOurs(timer, entry.state) { timers.insert(timer) } else { entries[timer.number] = nil }
        }
    }

    /// Whether the store knows nothing of this time: the task waits to be tried again after a decision that stalled.
    private func isOurs(_ timer: Timer, _ state: TaskState) -> Bool {
        state.version == timer.version && state.nextAt != timer.at
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
        let place = open(lane, more: false)
        if case .admitted(let evicted) = lanes.values[place].admit(key, capacity: windowSize) {
            if let evicted { entries[evicted] = nil }
            entries[task.number] = Entry(state: task.state, place: .ready(key))
            if isInView(key, of: lane, place) { touch(lane, place) }
        }
        pushTimer(of: task, at: now)
    }

    /// Takes a task that stands in a lane's window out of it.
    mutating func leaveLine(_ entry: Entry) {
        guard case .ready(let key) = entry.place else { return }
        let lane = Lane(entry.state)
        guard let place = lanes.index(forKey: lane) else { return }
        if isInView(key, of: lane, place) { touch(lane, place) }
        lanes.values[place].remove(key)
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
}
