import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Logging
import Synchronization

/// Runs the scheduler on a thread of its own: takes all inputs that came in while it worked, lets the rules act
/// on them, and hands out what is to be done.
///
/// The thread waits on its doorbell until the next input or the next time; no timer and no poll stands behind it.
final class Brain: Sendable {
    /// What the run loop performs; `append`s never appear here, the brain submits them itself.
    let actions: AsyncStream<[SchedulerAction]>
    private let out: AsyncStream<[SchedulerAction]>.Continuation
    private let scheduler: Mutex<Scheduler>
    private let inbox = Mutex(Inbox())
    private let doorbell = Doorbell()
    private let store: any Store
    private let configuration: EngineConfiguration
    private let telemetry: TelemetryBus
    private let logger: Logger

    private struct Inbox: Sendable {
        private(set) var inputs: [Input] = []
        /// Since when the oldest of them waits.
        private var since: Stopwatch?
        var isDraining = false
        var isStopped = false
        /// The store's writer has stopped for good: so must we.
        var fatal: StoreError?
        var pendingDecisions = 0
        var whenIdle: [CheckedContinuation<Void, Never>] = []

        mutating func add(_ more: [Input]) {
            if inputs.isEmpty, !more.isEmpty { since = Stopwatch() }
            inputs.append(contentsOf: more)
        }

        mutating func takeInputs() -> (inputs: [Input], since: Stopwatch?) {
            defer { (inputs, since) = ([], nil) }
            return (inputs, since)
        }
    }

    /// Those that hold whole tasks are boxed, so that the others, of which there are thousands, stay small.
    enum Input: Sendable {
        case committed([CommittedUnit])
        indirect case heard(StoredTask)
        indirect case refused(Decision)
        indirect case stalled(Decision)
        case callEnded(TaskNumber, attempt: Int, CallResult)
        case windowLoaded(Lane, Window)
        case windowFailed(Lane)
        case timersLoaded(Window, until: Timestamp)
        case timersFailed
        case promoted([OverdueTask])
    }

    init(store: any Store, configuration: EngineConfiguration, telemetry: TelemetryBus, logger: Logger) {
        self.store = store
        self.configuration = configuration
        self.telemetry = telemetry
        self.logger = logger
        var first = Scheduler(node: configuration.node, seed: configuration.seed ^ 0x9e37_79b9_7f4a_7c15)
        first.thresholds = configuration.alertThresholds
        scheduler = Mutex(first)
        (actions, out) = AsyncStream.makeStream(of: [SchedulerAction].self)
    }

    // MARK: Inputs

    func tell(_ input: Input) {
        tell([input])
    }

    func tell(_ inputs: [Input]) {
        guard !inputs.isEmpty else { return }
        inbox.withLock { $0.add(inputs) }
        doorbell.ring()
    }

    func agentChanged(_ profile: AgentProfile) { change { $0.agentChanged(profile) } }
    func agentRemoved(_ id: AgentID) { change { $0.agentRemoved(id) } }
    func chainsChanged(_ book: ChainBook) { change { $0.chainsChanged(book) } }
    func lanesFound(_ lanes: [Lane]) { change { $0.lanesFound(lanes) } }
    func breakerRestored(_ record: BreakerRecord, forced: Bool, reason: String?) {
        change { $0.breakerRestored(record, forced: forced, reason: reason) }
    }
    func force(_ provider: ProviderID, open: Bool, until: Timestamp?, reason: String?) {
        let now = configuration.now()
        change { $0.force(provider, open: open, until: until, reason: reason, at: now) }
    }

    func withScheduler<Value: Sendable>(_ body: (inout sending Scheduler) -> Value) -> Value {
        scheduler.withLock { body(&$0) }
    }

    private func change(_ body: (inout sending Scheduler) -> Void) {
        scheduler.withLock { body(&$0) }
        doorbell.ring()
    }

    // MARK: Questions

    var isDraining: Bool { inbox.withLock { $0.isDraining } }

    /// The facts for a command on this task.
    func facts(for state: TaskState) -> Facts {
        scheduler.withLock { $0.facts(for: state) }
    }

    func breakerState(_ provider: ProviderID) -> BreakerState {
        scheduler.withLock { $0.breakerState(provider) }
    }

    func obstacle(for state: TaskState) -> Obstacle? { scheduler.withLock { $0.obstacle(for: state) } }

    func knows(_ provider: ProviderID) -> Bool {
        let now = configuration.now()
        return scheduler.withLock { $0.breakers(at: now)[provider] != nil }
    }

    func breakers() -> [BreakerSnapshot] {
        let now = configuration.now()
        return scheduler.withLock { scheduler in
            scheduler.breakers(at: now).map { id, entry in
                BreakerSnapshot(
                    provider: id, state: entry.breaker.state, failureRate: entry.breaker.failureRate(at: now),
                    calls: entry.breaker.calls(at: now), recent: entry.breaker.recent(at: now),
                    openedAt: entry.breaker.openedAt, probeAt: entry.breaker.probeAt,
                    isForced: entry.breaker.forced,
                    forcedUntil: entry.breaker.forced ? entry.breaker.probeAt : nil,
                    forcedReason: entry.reason, trips: entry.trips, heldTasks: scheduler.heldCount(id))
            }
        }.sorted { $0.provider.rawValue < $1.provider.rawValue }
    }

    var runningCalls: Int { scheduler.withLock { $0.runningCalls } }

    // MARK: The thread

    func start() {
        Doorbell.spawnThread(named: "kintsugi-brain") { [self] in
            while step() {}
            out.finish()
        }
    }

    /// No new attempts from now on.
    func drain() {
        inbox.withLock { $0.isDraining = true }
        change { $0.drain() }
    }

    /// Returns when no call and no decision is under way; to be used after `drain`.
    func waitUntilIdle() async {
        await withCheckedContinuation { continuation in
            inbox.withLock { $0.whenIdle.append(continuation) }
            doorbell.ring()
        }
    }

    /// What stopped the store for good, if anything did.
    var fatal: StoreError? { inbox.withLock { $0.fatal } }

    /// The store does not know what is on disk: nothing more may be decided in this process.
    func fail(_ error: StoreError) {
        inbox.withLock { $0.fatal = $0.fatal ?? error }
        stop()
    }

    /// Ends the thread and the stream of actions.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        doorbell.ring()
    }

    /// One turn: waits, takes what came in, acts. False: stopped.
    private func step() -> Bool {
        let wake = scheduler.withLock { $0.wakeAt() }
        doorbell.wait(milliseconds: wake.map { max(0, $0 - configuration.now()) } ?? 60_000)
        let (inputs, since, stopped) = inbox.withLock { inbox in
            let (inputs, since) = inbox.takeInputs()
            return (inputs, since, inbox.isStopped)
        }
        if stopped { return false }
        if let since { telemetry.tell(.loopLagged(nanoseconds: since.nanoseconds)) }
        let now = configuration.now()
        let actions = scheduler.withLock { scheduler in
            for input in inputs { Self.take(input, &scheduler, at: now) }
            scheduler.pump(at: now)
            let actions = scheduler.actions
            scheduler.actions.removeAll(keepingCapacity: true)
            return actions
        }
        perform(actions)
        resumeIfIdle()
        return true
    }

    private static func take(_ input: Input, _ scheduler: inout Scheduler, at now: Timestamp) {
        switch input {
        case .committed(let units):
            for unit in units {
                heed(unit.unit, &scheduler, at: now)
                for (append, number) in zip(unit.unit.tasks, unit.receipt.numbers) {
                    scheduler.recorded(StoredTask(number: number, state: append.after), at: now)
                }
            }
        case .heard(let task): scheduler.recorded(task, at: now)
        case .refused(let decision): scheduler.refused(decision)
        case .stalled(let decision): scheduler.stalled(decision, at: now)
        case .callEnded(let number, let attempt, let result):
            scheduler.callEnded(
                number, attempt: attempt, result.outcome, isLocalSaturation: result.isLocalSaturation, at: now
            )
        case .windowLoaded(let lane, let window):
            scheduler.windowLoaded(lane, window.tasks, more: window.more, at: now)
        case .windowFailed(let lane): scheduler.windowFailed(lane, at: now)
        case .timersLoaded(let window, let until):
            scheduler.timersLoaded(window.tasks, more: window.more, until: until, at: now)
        case .timersFailed: scheduler.timersFailed(at: now)
        case .promoted(let tasks): scheduler.promoted(tasks)
        }
    }

    // MARK: Actions

    private func perform(_ actions: [SchedulerAction]) {
        guard !actions.isEmpty else { return }
        var appends: [SchedulerAction] = []
        var units: [AppendUnit] = []
        var others: [SchedulerAction] = []
        for action in actions {
            if case .append(let decision) = action {
                appends.append(action)
                units.append(
                    AppendUnit(
                        tasks: TaskAppend.all(
                            of: decision.task, decision.events, at: decision.at, after: decision.after),
                        records: decision.breaker.map { [$0.append(at: decision.at)] } ?? []))
            } else {
                others.append(action)
            }
        }
        if !others.isEmpty { out.yield(others) }
        if !appends.isEmpty { submit(units, for: appends) }
    }

    private func submit(_ units: [AppendUnit], for appends: [SchedulerAction]) {
        inbox.withLock { $0.pendingDecisions += appends.count }
        let stopwatch = Stopwatch()
        store.submit(units) { [self] results in
            let recorded = results.count { if case .success = $0 { true } else { false } }
            if recorded > 0 {
                telemetry.tell(.storeAppended(units: recorded, nanoseconds: stopwatch.nanoseconds))
            }
            var refusals: [Input] = []
            for (append, result) in zip(appends, results) {
                guard case .failure(let error) = result, case .append(let decision) = append else { continue }
                refusals.append(error == .versionConflict ? .refused(decision) : .stalled(decision))
                if case .outcomeUnknown = error { fail(error) }
                if let name = error.telemetryName { telemetry.tell(.storeFailed(name)) }
                if error != .versionConflict {
                    logger.error("A decision could not be recorded", metadata: ["store.error": "\(error)"])
                }
            }
            inbox.withLock { inbox in
                inbox.pendingDecisions -= appends.count
                inbox.add(refusals)
            }
            doorbell.ring()
        }
    }

    private func resumeIfIdle() {
        let running = runningCalls
        let waiting = inbox.withLock { inbox -> [CheckedContinuation<Void, Never>] in
            guard running == 0, inbox.pendingDecisions == 0, inbox.inputs.isEmpty else { return [] }
            let waiting = inbox.whenIdle
            inbox.whenIdle = []
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension BreakerRecord {
    /// The event and the document for the record of the provider.
    func append(at now: Timestamp) -> RecordAppend {
        let document = BreakerDocument(
            state: state, openedAt: openedAt, probeAt: probeAt, openCount: openCount, forced: false,
            reason: nil)
        return RecordAppend(
            kind: .provider, key: provider.rawValue, expectedVersion: nil, event: event,
            data: JSONText(
                valid: JSONWriter.object {
                    $0.member("actor", "system")
                    $0.optional("alert_id", alertID?.description)
                }), at: now, document: document.encoded)
    }
}
