import KintsugiVocabulary
import Testing

@testable import KintsugiCore

/// A node's scheduler with a fake store and scripted agents under virtual time; all chance comes from the seed.
///
/// It performs what the scheduler asks for, a little later and in varying order, as the shell would, and checks
/// after every step what must always hold.
final class World {
    /// How an agent answers a call that begins now.
    typealias Behaviour =
        @Sendable (_ task: StoredTask, _ now: Timestamp) -> (delay: Milliseconds, AttemptOutcome)

    struct CallLog {
        var at: Timestamp
        var agent: AgentID
        var number: TaskNumber
        var probe: Bool
    }

    private(set) var scheduler: Scheduler
    private(set) var store = FakeStore()
    private(set) var now = Story.start
    var faults = Faults()
    var chains = ChainBook() {
        didSet { scheduler.chainsChanged(chains) }
    }
    /// Checks after every step that nothing waits which could go: dear with many lanes.
    var isThorough = false
    private(set) var calls: [CallLog] = []
    /// Every event with its time, for counting.
    private(set) var log: [(at: Timestamp, number: TaskNumber, type: EventType)] = []
    private(set) var breakerRecords: [BreakerRecord] = []
    private(set) var tally = Tally()
    private(set) var broken: [String] = []

    private var rng: SeededGenerator
    private let seed: UInt64
    private let limits: Scheduler.Limits
    private var profiles: [AgentID: AgentProfile] = [:]
    private var behaviours: [AgentID: Behaviour] = [:]
    private var agenda = MinHeap<Item>()
    private var itemCount = 0
    private var underWay: [Scheduler.CallKey: AgentID] = [:]
    private var perAgent: [AgentID: Int] = [:]
    private var withdrawn: Set<Scheduler.CallKey> = []
    private var called: Set<Scheduler.CallKey> = []
    private var monitors: [TaskNumber: LifeMonitor] = [:]
    private var incarnation = 0
    private var lastHeard = Timestamp.zero

    /// What goes wrong, one in so many; 0: never.
    struct Faults {
        var foreignCommit = 0
        var stall = 0
        var loadFails = 0
        var heardTwice = 0
        var lateEnd = 0
        /// How much longer than others a promotion takes at most: it waits for the disk.
        var slowPromotion: Milliseconds = 0
        /// The longest time between an action and its effect.
        var latency: Milliseconds = 3
    }

    struct Tally {
        var refused = 0
        var stalled = 0
        var failedLoads = 0
        var loads = 0
        var reloads = 0
        var steps = 0
        var restarts = 0
        var mostEntries = 0
    }

    private struct Item: Comparable, Sendable {
        var at: Timestamp
        var order: Int
        var effect: Effect
        static func < (lhs: Item, rhs: Item) -> Bool { (lhs.at, lhs.order) < (rhs.at, rhs.order) }
        static func == (lhs: Item, rhs: Item) -> Bool { lhs.order == rhs.order }
    }

    private enum Effect: Sendable {
        case commit(Decision)
        case heard(StoredTask)
        case refused(Decision)
        case stalled(Decision)
        case callEnded(Scheduler.CallKey, AttemptOutcome)
        case decideAgain(TaskNumber, TaskCommand, Facts)
        case reload(TaskNumber)
        case readWindow(Lane, Int)
        case windowLoaded(Lane, [StoredTask], Bool)
        case windowFailed(Lane)
        case readTimers(Timestamp, Int)
        case timersLoaded([StoredTask], Bool, Timestamp)
        case timersFailed
        case promote([OverdueTask])
        case promoted([OverdueTask])
    }

    init(seed: UInt64 = 1, limits: Scheduler.Limits = Scheduler.Limits()) {
        self.seed = seed
        self.limits = limits
        rng = SeededGenerator(seed: seed)
        scheduler = Scheduler(node: "node-1", limits: limits, seed: seed)
        pump()
    }

    // MARK: What a test does

    func agent(_ profile: AgentProfile, _ behaviour: @escaping Behaviour) {
        profiles[profile.id] = profile
        behaviours[profile.id] = behaviour
        scheduler.agentChanged(profile)
    }

    func behave(_ id: AgentID, _ behaviour: @escaping Behaviour) { behaviours[id] = behaviour }

    func change(_ body: (inout Scheduler) -> Void) {
        body(&scheduler)
        pump()
    }

    @discardableResult
    func create(_ spec: TaskSpec) -> TaskNumber {
        let task = store.create(spec, at: now)
        monitors[task.number] = LifeMonitor(spec.retryPolicy)
        log.append((now, task.number, .taskCreated))
        hear(task)
        return task.number
    }

    func createMany(_ count: Int, _ spec: TaskSpec) { for _ in 0..<count { create(spec) } }

    /// Somebody else's command on the task, decided on what the store has and recorded at once.
    @discardableResult
    func act(_ command: TaskCommand, on number: TaskNumber, facts: Facts = Facts()) -> Bool {
        guard let task = store.task(number) else { return false }
        let at = max(now, task.state.updatedAt)
        let events: [TaskEvent]
        do {
            events = try TaskRules.decide(command, task.state, facts, at: at, using: &rng)
        } catch .notCurrent(_, let late?) {
            events = [.lateResult(late)]
        } catch {
            return false
        }
        return record(events, on: task, at: at)
    }

    func state(_ number: TaskNumber) -> TaskState? { store.task(number)?.state }
    func count(_ type: EventType) -> Int { log.count { $0.type == type } }
    func count(_ status: TaskStatus) -> Int { store.rows.values.count { $0.state.status == status } }

    /// The process dies and comes back: its memory and its calls are gone.
    func restart(after absence: Milliseconds = 0) {
        now = now + absence
        tally.restarts += 1
        incarnation += 1
        agenda = MinHeap()
        (underWay, perAgent, withdrawn) = ([:], [:], [])
        scheduler = Scheduler(node: "node-1", limits: limits, seed: seed &+ UInt64(incarnation))
        for profile in profiles.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) {
            scheduler.agentChanged(profile)
        }
        var latest: [ProviderID: BreakerRecord] = [:]
        for record in breakerRecords { latest[record.provider] = record }
        for record in latest.values { scheduler.breakerRestored(record, forced: false, reason: nil) }
        scheduler.chainsChanged(chains)
        for task in store.running() {
            act(.abandon(poisonous: false), on: task.number, facts: scheduler.facts(for: task.state))
        }
        scheduler.lanesFound(store.lanes)
        pump()
    }

    /// Lets time pass until then.
    func run(for span: Milliseconds) {
        let end = now + span
        while let next = nextTime(), next <= end, broken.isEmpty { step(at: next) }
        now = max(now, end)
    }

    /// Lets time pass until every task has ended, at most so long. Whether they have.
    func runUntilAllEnded(within span: Milliseconds = 3_600_000) -> Bool {
        let end = now + span
        while broken.isEmpty {
            if store.unfinished == 0, underWay.isEmpty, agenda.count == 0 { return true }
            guard let next = nextTime(), next <= end else { break }
            step(at: next)
        }
        return store.unfinished == 0 && broken.isEmpty
    }

    // MARK: Time

    private func nextTime() -> Timestamp? {
        [agenda.min?.at, scheduler.wakeAt()].compactMap(\.self).min()
    }

    private func step(at time: Timestamp) {
        tally.steps += 1
        now = max(now, time)
        while let item = agenda.min, item.at <= now {
            _ = agenda.popMin()
            take(item.effect)
        }
        pump()
    }

    private func pump() {
        scheduler.pump(at: now)
        let actions = scheduler.actions
        scheduler.actions.removeAll()
        for action in actions { perform(action) }
        check()
    }

    private func later(_ effect: Effect, after delay: Milliseconds? = nil) {
        itemCount += 1
        let delay = delay ?? Milliseconds.random(in: 0...max(0, faults.latency), using: &rng)
        agenda.insert(Item(at: now + delay, order: itemCount, effect: effect))
    }

    /// Commits are heard in the order in which they were made.
    private func hear(_ task: StoredTask) {
        let delay = Milliseconds.random(in: 0...max(0, faults.latency), using: &rng)
        lastHeard = max(lastHeard, now + delay)
        later(.heard(task), after: lastHeard - now)
        if happens(faults.heardTwice) { later(.heard(task), after: lastHeard - now + 1) }
    }

    private func happens(_ oneIn: Int) -> Bool { oneIn > 0 && Int.random(in: 0..<oneIn, using: &rng) == 0 }

    // MARK: Acting as the shell

    private func perform(_ action: SchedulerAction) {
        switch action {
        case .append(let decision):
            if happens(faults.foreignCommit) { disturb(decision.task.number) }
            if case .begin(let assignment) = decision.command, assignment.breaker == .open {
                broken.append("an attempt was reserved under an open breaker")
            }
            later(happens(faults.stall) ? .stalled(decision) : .commit(decision))
        case .startCall(let task): startCall(task)
        case .cancelCall(let number, let attempt):
            let key = Scheduler.CallKey(number: number, attempt: attempt)
            if underWay[key] != nil, withdrawn.insert(key).inserted { later(.callEnded(key, .cancelled)) }
        case .decideAgain(let number, let command, let facts): later(.decideAgain(number, command, facts))
        case .reload(let number):
            tally.reloads += 1
            later(.reload(number))
        case .loadWindow(let lane, let limit):
            tally.loads += 1
            later(.readWindow(lane, limit))
        case .loadTimers(let horizon, let limit): later(.readTimers(horizon, limit))
        case .promote(let tasks):
            later(
                .promote(tasks), after: .random(in: 0...(faults.latency + faults.slowPromotion), using: &rng))
        case .recordBreaker(let record): breakerRecords.append(record)
        case .redrive: break
        }
    }

    private func startCall(_ task: StoredTask) {
        guard let start = task.state.attempt?.start, let behaviour = behaviours[start.agentID] else {
            broken.append("a call without an attempt or an agent")
            return
        }
        let key = Scheduler.CallKey(number: task.number, attempt: start.number)
        if !called.insert(key).inserted { broken.append("attempt \(start.number) was called twice") }
        if (state(task.number)?.attempts ?? 0) < start.number {
            broken.append("a call before it was recorded")
        }
        underWay[key] = start.agentID
        perAgent[start.agentID, default: 0] += 1
        calls.append(CallLog(at: now, agent: start.agentID, number: task.number, probe: start.probe))
        let (delay, outcome) = behaviour(task, now)
        let late = happens(faults.lateEnd) ? Milliseconds.random(in: 0...5000, using: &rng) : 0
        later(.callEnded(key, outcome), after: delay + late)
    }

    private func take(_ effect: Effect) {
        switch effect {
        case .commit(let decision): commit(decision)
        case .heard(let task): scheduler.recorded(task, at: now)
        case .refused(let decision): scheduler.refused(decision)
        case .stalled(let decision):
            tally.stalled += 1
            scheduler.stalled(decision, at: now)
        case .callEnded(let key, let outcome):
            guard let agent = underWay.removeValue(forKey: key) else { return }
            perAgent[agent, default: 0] -= 1
            withdrawn.remove(key)
            monitors[key.number]?.callEnded(key.attempt)
            scheduler.callEnded(key.number, attempt: key.attempt, outcome, at: now)
        case .decideAgain(let number, let command, let facts):
            let done = act(command, on: number, facts: facts)
            if !done, case .timeIsUp = command { later(.reload(number)) }
        case .reload(let number): if let task = store.task(number) { later(.heard(task)) }
        case .readWindow(let lane, let limit):
            let (tasks, more) = store.window(lane, limit: limit)
            if happens(faults.loadFails) { tally.failedLoads += 1 }
            later(happens(faults.loadFails) ? .windowFailed(lane) : .windowLoaded(lane, tasks, more))
        case .windowLoaded(let lane, let tasks, let more):
            scheduler.windowLoaded(lane, tasks, more: more, at: now)
        case .windowFailed(let lane): scheduler.windowFailed(lane, at: now)
        case .readTimers(let horizon, let limit):
            let (tasks, more) = store.timers(until: horizon, limit: limit)
            later(happens(faults.loadFails) ? .timersFailed : .timersLoaded(tasks, more, horizon))
        case .timersLoaded(let tasks, let more, let horizon):
            scheduler.timersLoaded(tasks, more: more, until: horizon, at: now)
        case .timersFailed: scheduler.timersFailed(at: now)
        case .promote(let tasks):
            for task in tasks { store.promote(task.number, version: task.version, at: now) }
            later(.promoted(tasks))
        case .promoted(let tasks): scheduler.promoted(tasks)
        }
    }

    private func commit(_ decision: Decision) {
        if let record = decision.breaker, state(decision.task.number)?.version == decision.task.state.version
        {
            breakerRecords.append(record)
        }
        guard record(decision.events, on: decision.task, at: decision.at) else {
            tally.refused += 1
            return later(.refused(decision))
        }
    }

    /// Somebody else was faster: a report of an attempt long gone is kept.
    private func disturb(_ number: TaskNumber) {
        act(.report(attempt: 0, .done("\(rng.next())")), on: number)
    }

    private func record(_ events: [TaskEvent], on task: StoredTask, at: Timestamp) -> Bool {
        guard !events.isEmpty else { return true }
        var after = task.state
        for event in events { after.evolve(event, at: at) }
        guard store.append(task.number, version: task.state.version, after, at: at) else { return false }
        for event in events { log.append((now, task.number, event.type)) }
        for fault in monitors[task.number]?.saw(events, before: task.state, after: after) ?? [] {
            broken.append("task \(task.number.rawValue): \(fault)")
        }
        hear(StoredTask(number: task.number, state: after))
        return true
    }

    // MARK: What must always hold

    private func check() {
        for (agent, running) in perAgent where running > profiles[agent]?.maxConcurrency ?? .max {
            broken.append("\(running) calls of \(agent) at once")
        }
        if let wake = scheduler.wakeAt(), wake <= now {
            broken.append("the scheduler wants to wake at \(wake - Story.start), which is not later than now")
        }
        tally.mostEntries = max(tally.mostEntries, scheduler.entries.count)
        let most = scheduler.lanes.count * scheduler.windowSize + limits.maxTimers
        let busy = scheduler.entries.values.count { $0.place.isBusy }
        if scheduler.entries.count > most + busy {
            broken.append("\(scheduler.entries.count) tasks in memory")
        }
        if scheduler.timers.count > limits.maxTimers + busy + 1 {
            broken.append("\(scheduler.timers.count) timers")
        }
        if scheduler.wakes.count > 4 * (profiles.count + 16) + 64 + tally.failedLoads {
            broken.append("\(scheduler.wakes.count) wakes for \(profiles.count) agents")
        }
        if isThorough, let fault = faultOfLines() { broken.append(fault) }
    }

    /// What must hold when every task has ended: nothing is taken that was not given back.
    func expectNothingLeft(_ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(broken.isEmpty, comment, sourceLocation: sourceLocation)
        #expect(scheduler.calls.isEmpty, comment, sourceLocation: sourceLocation)
        #expect(
            scheduler.agents.values.allSatisfy { $0.running == 0 }, comment, sourceLocation: sourceLocation)
        let left = store.rows.filter { !$0.value.state.status.isFinal }.prefix(3).map { number, row in
            "\(number.rawValue): \(row.state.phase), in memory: \(String(describing: scheduler.entries[number]?.place))"
        }
        #expect(left.isEmpty, comment, sourceLocation: sourceLocation)
    }
}

extension Scheduler.Place {
    /// Under way, and so bounded by what is under way.
    var isBusy: Bool {
        switch self {
        case .ready, .timed: false
        default: true
        }
    }
}
