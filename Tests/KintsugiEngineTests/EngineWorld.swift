import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Logging
import ServiceLifecycle
import Synchronization

/// An engine over the store in memory with one local agent whose answers are scripted.
final class EngineWorld: Sendable {
    let store: MemoryStore
    let engine: Engine
    let handlers = LocalAgentCaller()
    private let commits = AsyncStream.makeStream(of: [CommittedUnit].self)

    init(store: MemoryStore = MemoryStore(), node: String = "node-1", grace: Milliseconds = 10_000)
        async throws
    {
        self.store = store
        engine = Engine(
            store: store, callers: [.local: handlers],
            configuration: EngineConfiguration(
                node: node, reportBaseURL: { "http://localhost" }, now: Self.clock, seed: 42,
                drainGrace: grace,
                attemptToken: { "\($0)/\($1)" }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await engine.prepare()
        let continuation = commits.continuation
        engine.onCommit { continuation.yield($0) }
    }

    private static let clock: @Sendable () -> Timestamp = {
        let now = ContinuousClock.now
        let elapsed = start.duration(to: now)
        return Timestamp(
            milliseconds: 1_700_000_000_000 + elapsed.components.seconds * 1000
                + elapsed.components.attoseconds / 1_000_000_000_000_000)
    }
    private static let start = ContinuousClock.now

    /// Runs the engine around the body and drains it afterwards, as SIGTERM does.
    func running(_ body: @Sendable (EngineWorld) async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: engine)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(self)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func agent(
        _ id: String, concurrency: Int = 8, breaker: BreakerSettings? = nil,
        handler: @escaping LocalAgentCaller.Handler
    )
        async throws
    {
        handlers.register(AgentID(id), handler)
        let profile = AgentProfile(
            id: AgentID(id), isLocal: true, maxConcurrency: concurrency, breaker: breaker, retryBudget: nil)
        let record = AgentRecord(profile: profile, name: id, kind: .local, createdAt: .zero, updatedAt: .zero)
        _ = try await engine.register(record, actor: "test")
    }

    /// Waits, commit by commit, until every task is as wanted; what is so already needs no commit.
    func wait(for tasks: [StoredTask], until isThere: (TaskState) -> Bool) async throws {
        if try await areThere(tasks, isThere) { return }
        for await _ in commits.stream {
            if try await areThere(tasks, isThere) { return }
        }
    }

    private func areThere(_ tasks: [StoredTask], _ isThere: (TaskState) -> Bool) async throws -> Bool {
        for task in tasks {
            guard let now = try await store.task(numbered: task.number), isThere(now.state) else {
                return false
            }
        }
        return true
    }

    func types(of task: StoredTask) async throws -> [EventType] {
        try await store.timeline(task.number, after: 0, limit: 1000).map(\.event.type)
    }
}
