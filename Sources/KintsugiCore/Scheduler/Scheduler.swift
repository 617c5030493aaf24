package import KintsugiVocabulary

/// The brain of a node: which tasks are ready, running, or waiting for a time, a slot, a rate or a breaker.
///
/// A value without I/O: each input is a mutating function that may add actions; `pump` lets tasks whose turn has
/// come go. The same inputs at the same times with the same seed give the same actions.
///
/// Memory is bounded by lanes × window, running calls and `maxTimers`, whatever the backlog: tasks beyond stay
/// in the store and are read when there is room. Payloads are held only for those in a window.
package struct Scheduler: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Tasks of one lane that are held in memory.
        package var window = 2048
        /// Tasks over all lanes; with many lanes each window shrinks, down to 16.
        package var allWindows = 32_768
        package var maxTimers = 20_000
        /// How far ahead times are held in memory.
        package var horizon: Milliseconds = 60_000
        /// Tasks a second of one provider that are written down as held when their turn comes.
        package var holdsPerSecond = 100

        package init() {}
    }

    let node: String
    let limits: Limits
    var rng: SeededGenerator
    var agents: [AgentID: AgentState] = [:]
    var providers: [ProviderID: ProviderState] = [:]
    /// Providers whose breaker is open, so that nobody has to look through all of them.
    var openBreakers: Set<ProviderID> = []
    var entries: [TaskNumber: Entry] = [:]
    var lanes: [Lane: LaneWindow] = [:]
    var lanesOpened = 0
    /// Lanes whose best task is another one than when they were last looked at.
    var touched: [Lane] = []
    /// Agents that may have room again.
    var knocked: [AgentID] = []
    /// Lanes that wait for each agent; each agent's soonest wake in `wakes` stands there too.
    var waiting: [AgentID: Waiting] = [:]
    var wakes = MinHeap<Wake>()
    /// The callable agents that have a capability, by id; who has one of that name runs tasks of that type too.
    var capable: [String: [AgentID]] = [:]
    /// How the work of each capability is dealt out.
    var rotations: [String: Rotation] = [:]
    /// Tasks whose start is on its way to the store: a read may still show them as ready.
    var beginning: [TaskNumber: Lane] = [:]
    var timers = MinHeap<Timer>()
    /// All tasks with a time up to here are in `timers`.
    var timersHorizon = Timestamp.zero
    var isLoadingTimers = false
    /// Read as due already: to be promoted if they do not start at once.
    var overdue: [OverdueTask] = []
    var calls: [CallKey: Call] = [:]
    var isDraining = false
    /// The fallback chains there are.
    var chains = ChainBook()
    /// The agents as the rules see them, kept as they change.
    var roster = AgentRoster()
    /// From which amounts on alerts are critical.
    package var thresholds = AlertThresholds()
    package var alerts = OpenAlerts()
    /// How often an agent was asked to take a task; few more times than tasks began, however many lanes wait.
    var asked = 0
    package var actions: [SchedulerAction] = []

    /// A task in memory.
    struct Entry: Sendable {
        var state: TaskState
        var place: Place
    }

    enum Place: Sendable, Hashable {
        /// In its lane's window.
        case ready(LaneWindow.Key)
        /// Its time has not come, or only a time concerns us.
        case timed
        /// An append is under way.
        case deciding
        /// Its call is under way.
        case running
    }

    struct CallKey: Sendable, Hashable {
        var number: TaskNumber
        var attempt: Int
    }

    /// A call under way, or about to be: what it has taken and must give back.
    struct Call: Sendable {
        var agent: AgentID
        var provider: ProviderID
        var permit: CircuitBreaker.Permit
        /// The task's, when it was reserved: the same attempt may be reserved anew after a refusal.
        var version: Int
        var since: Timestamp
        var isCancelled = false
    }

    struct Timer: Sendable, Hashable, Comparable {
        var at: Timestamp
        var number: TaskNumber
        var version: Int
        static func < (lhs: Timer, rhs: Timer) -> Bool { (lhs.at, lhs.number) < (rhs.at, rhs.number) }
    }

    struct Wake: Sendable, Hashable, Comparable {
        enum Whom: Sendable, Hashable {
            case agent(AgentID)
            /// Its window could not be read.
            case lane(Lane)
        }

        var at: Timestamp
        var whom: Whom
        static func < (lhs: Wake, rhs: Wake) -> Bool { lhs.at < rhs.at }
    }

    package init(node: String, limits: Limits = Limits(), seed: UInt64) {
        self.node = node
        self.limits = limits
        rng = SeededGenerator(seed: seed)
    }

    /// Tasks of one lane that may be held now.
    var windowSize: Int { min(limits.window, max(16, limits.allWindows / max(1, lanes.count))) }

    /// Calls under way.
    package var runningCalls: Int { calls.count }

    /// When `pump` must be called again though nothing happens; nil: never.
    package func wakeAt() -> Timestamp? {
        var times = [timers.min?.at, wakes.min?.at].compactMap(\.self)
        if !isLoadingTimers { times.append(timersHorizon) }
        for id in openBreakers {
            if let probeAt = providers[id]?.breaker?.probeAt { times.append(probeAt) }
        }
        return times.min()
    }

    // MARK: Starting and stopping

    /// Lanes in which the store has ready or held tasks; told once at start.
    package mutating func lanesFound(_ found: [Lane]) {
        for lane in found {
            let place = open(lane, more: true)
            lanes.values[place].more = true
            touch(lane, place)
        }
    }

    /// No new attempts from now on.
    package mutating func drain() { isDraining = true }

    package mutating func agentChanged(_ profile: AgentProfile) {
        var state = agents[profile.id] ?? AgentState(profile: profile)
        if state.profile.rateLimit != profile.rateLimit || state.rateLimit == nil {
            state.rateLimit = profile.rateLimit.map(RateLimit.init(settings:))
        }
        state.profile = profile
        agents[profile.id] = state
        regroup(profile.id)
        var provider = providers[profile.provider] ?? ProviderState()
        if let settings = profile.breaker {
            if provider.breaker == nil { provider.breaker = CircuitBreaker(settings: settings) }
            provider.breaker?.settings = settings
        }
        if let settings = profile.retryBudget, provider.budget?.settings != settings {
            provider.budget = RetryBudget(settings: settings)
        }
        providers[profile.provider] = provider
        roster.set(profile)
        touchAll()
    }

    package mutating func agentRemoved(_ id: AgentID) {
        agents[id] = nil
        roster.remove(id)
        regroup(id)
        touchAll()
    }

    // MARK: Inputs about tasks

    /// A commit changed this task, whoever made it.
    package mutating func recorded(_ task: StoredTask, at now: Timestamp) {
        guard var entry = entries[task.number] else { return arrive(task, at: now) }
        guard task.state.version > entry.state.version else { return }
        leaveLine(entry)
        if beginning.removeValue(forKey: task.number) != nil {
            let reserved = CallKey(number: task.number, attempt: entry.state.attempts + 1)
            // Somebody else was faster: our start will be refused, and the task may begin anew before we hear it.
            if task.state.attempts < reserved.attempt { release(reserved) }
        }
        let attempt = task.state.currentAttempt
        let before = entry.state
        entry.state = task.state
        if let old = before.currentAttempt, old != attempt { withdraw(task.number, attempt: old, task.state) }
        if case .running = task.state.phase, let attempt {
            let key = CallKey(number: task.number, attempt: attempt)
            entry.place = .running
            entries[task.number] = entry
            pushTimer(of: task, at: now)
            // Only an attempt that this node has reserved is this node's to call.
            if calls[key] != nil, before.currentAttempt != attempt { actions.append(.startCall(task)) }
            return
        }
        entries[task.number] = nil
        arrive(task, at: now)
    }

    /// The append of a decision was refused, because the task had changed in between.
    package mutating func refused(_ decision: Decision) {
        let number = decision.task.number
        release(decision)
        if let record = decision.breaker { actions.append(.recordBreaker(record)) }
        switch decision.command {
        case .attemptEnded, .timeIsUp: actions.append(.decideAgain(number, decision.command, decision.facts))
        default: break
        }
        guard isDeciding(decision) else { return }
        entries[number] = nil
        actions.append(.reload(number))
    }

    /// The store could not take a decision now (its disk is full): the task tries again in a second.
    package mutating func stalled(_ decision: Decision, at now: Timestamp) {
        let number = decision.task.number
        release(decision)
        if let record = decision.breaker { actions.append(.recordBreaker(record)) }
        switch decision.command {
        case .attemptEnded, .timeIsUp: actions.append(.decideAgain(number, decision.command, decision.facts))
        default: break
        }
        guard isDeciding(decision) else { return }
        entries[number]?.place = .timed
        timers.insert(Timer(at: now + 1000, number: number, version: decision.task.state.version))
    }

    /// Whether the task still waits for this decision's append. If somebody else's commit was heard meanwhile it has
    /// moved on, and perhaps been decided on anew.
    private func isDeciding(_ decision: Decision) -> Bool {
        guard let entry = entries[decision.task.number] else { return false }
        return entry.place == .deciding && entry.state.version == decision.task.state.version
    }

    /// A call is over: what it had taken is free again, and the rules decide what follows for its task.
    package mutating func callEnded(
        _ number: TaskNumber, attempt: Int, _ outcome: AttemptOutcome, isLocalSaturation: Bool = false,
        at now: Timestamp
    ) {
        let key = CallKey(number: number, attempt: attempt)
        guard let call = calls[key] else { return }
        let change = settle(call, outcome, isLocalSaturation: isLocalSaturation, at: now)
        calls[key] = nil
        freeSlot(of: call.agent)
        if outcome.isAnswer { agents[call.agent]?.latency.record(now - call.since) }
        let facts = facts(breaker: breakerState(call.provider), change: change)
        let record = change.map { breakerRecord(call.provider, $0, at: now) }
        let command = TaskCommand.attemptEnded(number: attempt, outcome)
        guard let entry = entries[number], entry.place == .running, entry.state.currentAttempt == attempt
        else {
            if let record { actions.append(.recordBreaker(record)) }
            if call.isCancelled, case .cancelled = outcome { return }
            return actions.append(.decideAgain(number, command, facts))
        }
        if !decide(command, number, facts, breaker: record, at: now), let record {
            actions.append(.recordBreaker(record))
        }
    }

    package mutating func windowLoaded(_ lane: Lane, _ tasks: [StoredTask], more: Bool, at now: Timestamp) {
        let place = open(lane, more: more)
        let started = lanes.values[place].finishLoading(more: more)
        for task in tasks where entries[task.number] == nil && !started.contains(task.number) {
            guard Lane(task.state) == lane else { continue }
            guard lanes.values[place].keys.count < windowSize else {
                lanes.values[place].more = true
                break
            }
            let key = LaneWindow.Key(task.state, number: task.number)
            lanes.values[place].insert(key)
            entries[task.number] = Entry(state: task.state, place: .ready(key))
        }
        touch(lane, place)
    }

    /// The read of a lane's window failed: try again in a second.
    package mutating func windowFailed(_ lane: Lane, at now: Timestamp) {
        lanes[lane]?.isLoading = false
        wakes.insert(Wake(at: now + 1000, whom: .lane(lane)))
    }

    package mutating func timersLoaded(
        _ tasks: [StoredTask], more: Bool, until horizon: Timestamp, at now: Timestamp
    ) {
        isLoadingTimers = false
        timersHorizon = horizon
        // A row is ordered by its own next time, which for a ready task is its deadline: none is before its state's.
        if more, let last = tasks.compactMap(\.state.nextAt).max() {
            timersHorizon = min(horizon, max(last, now + 50))
        }
        forgetTimers(after: timersHorizon)
        for task in tasks {
            if entries[task.number] == nil, case .pending(let due, _) = task.state.phase {
                guard due > now else {
                    // Its time came while nobody looked; the store may not know yet that it is ready.
                    arrive(task, at: now)
                    overdue.append(OverdueTask(task))
                    continue
                }
                guard timers.count < limits.maxTimers else {
                    pushTimer(of: task, at: now)
                    continue
                }
                // Beyond the horizon it is the store's to remember: an entry without a timer would hide it.
                if due <= timersHorizon { entries[task.number] = Entry(state: task.state, place: .timed) }
            }
            pushTimer(of: task, at: now)
        }
    }

    /// The store knows now that they are ready. A read of their lane before did not show them, and so those that
    /// its window had no room for would wait for ever.
    package mutating func promoted(_ tasks: [OverdueTask]) {
        for task in tasks where entries[task.number] == nil {
            let place = open(task.lane, more: true)
            lanes.values[place].more = true
            if lanes.values[place].isLoading { lanes.values[place].missedWhileLoading = true }
            touch(task.lane, place)
        }
    }

    package mutating func timersFailed(at now: Timestamp) {
        isLoadingTimers = false
        timersHorizon = now + 1000
    }
}

extension LaneWindow.Key {
    init(_ task: TaskState, number: TaskNumber) {
        switch task.phase {
        case .held(_, let until): self.init(priority: 0, readyAt: until, number: number)
        case .pending(let due, _): self.init(priority: task.spec.priority, readyAt: due, number: number)
        default: self.init(priority: task.spec.priority, readyAt: task.updatedAt, number: number)
        }
    }
}

extension Decision {
    /// The attempt that this decision begins, if it does.
    var reservedAttempt: Int? {
        if case .running = after.phase, task.state.currentAttempt != after.currentAttempt {
            return after.currentAttempt
        }
        return nil
    }
}
