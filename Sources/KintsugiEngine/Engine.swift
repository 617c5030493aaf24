package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
package import Logging
import Synchronization

/// The shell around the rules: load, decide, append, act.
///
/// `run()` is the long work: it rescues what a dead process left, feeds the scheduler, makes the calls.
/// Everything else may be called from anywhere, before, while and after it runs.
package final class Engine: Sendable {
    package let store: any Store
    package let configuration: EngineConfiguration
    package let logger: Logger
    let callers: [AgentRecord.Kind: any AgentCaller]
    package let telemetry: TelemetryBus
    let brain: Brain
    let registry: AgentRegistry
    let chainRegistry = ChainRegistry()
    let chance: Mutex<SeededGenerator>
    let calls = RunningCalls()
    let localCalls = CallQueue()
    let remoteCalls = CallQueue()
    /// Others who hear of every commit, after the brain.
    let listeners = CommitListeners()
    let isRunning = Atomic(false)
    /// Ends when a graceful shutdown begins.
    let shutdownSignal: AsyncStream<Never>
    let shutdown: AsyncStream<Never>.Continuation
    let handlerExecutor: HandlerExecutor
    let progress = ProgressHold()
    let redriving = AtWork<ProviderID>()
    let bulksAtWork = AtWork<UUID7>()
    /// Small works that the run loop does beside the scheduler's actions.
    let chores: AsyncStream<@Sendable () async -> Void>
    private let choreList: AsyncStream<@Sendable () async -> Void>.Continuation

    package init(
        store: any Store, callers: [AgentRecord.Kind: any AgentCaller], configuration: EngineConfiguration,
        logger: Logger
    ) {
        self.store = store
        self.callers = callers
        self.configuration = configuration
        self.logger = logger
        registry = AgentRegistry()
        chance = Mutex(SeededGenerator(seed: configuration.seed))
        (shutdownSignal, shutdown) = AsyncStream.makeStream(of: Never.self)
        (chores, choreList) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        handlerExecutor = HandlerExecutor(threads: configuration.handlerThreads)
        telemetry = TelemetryBus(root: configuration.telemetryRoot, logger: logger, now: configuration.now)
        brain = Brain(store: store, configuration: configuration, telemetry: telemetry, logger: logger)
    }

    /// Hears of every commit, in position order, on the store's writer thread: must be quick.
    package func onCommit(_ listener: @escaping @Sendable ([CommittedUnit]) -> Void) {
        listeners.add(listener)
    }

    package var now: Timestamp { configuration.now() }

    /// Has this done by the run loop, soon.
    func chore(_ work: @escaping @Sendable () async -> Void) { choreList.yield(work) }

    /// A new identifier for something that is made now.
    package func newUUID() -> UUID7 {
        let now = now
        return chance.withLock { UUID7(milliseconds: now.milliseconds, random: $0.next(), $0.next()) }
    }
}

/// Those who hear of every commit.
final class CommitListeners: Sendable {
    private let all = Mutex<[@Sendable ([CommittedUnit]) -> Void]>([])

    func add(_ listener: @escaping @Sendable ([CommittedUnit]) -> Void) {
        all.withLock { $0.append(listener) }
    }

    func tell(_ units: [CommittedUnit]) {
        for listener in all.withLock({ $0 }) { listener(units) }
    }
}

/// Works of which there must not be two at once for the same thing.
final class AtWork<Key: Hashable & Sendable>: Sendable {
    private let all = Mutex<[Key: Bool]>([:])

    /// False: it is under way already, and goes round once more when it is through.
    func begin(_ key: Key) -> Bool {
        all.withLock { all in
            guard all[key] != nil else {
                all[key] = false
                return true
            }
            all[key] = true
            return false
        }
    }

    /// Whether it was asked for again meanwhile; then it is still under way.
    func end(_ key: Key) -> Bool {
        all.withLock { all in
            let again = all[key] ?? false
            all[key] = again ? false : nil
            return again
        }
    }
}
