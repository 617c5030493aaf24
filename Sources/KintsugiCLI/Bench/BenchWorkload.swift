import Foundation
import Kintsugi
import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Logging
import Synchronization

/// An engine on a fresh SQLite store in a throw-away folder, and what it takes to measure it.
final class BenchWorld: Sendable {
    let folder: String
    let store: SQLiteStore
    let engine: Engine
    let handlers = LocalAgentCaller()
    let http: HTTPAgentCaller
    /// Tasks that have ended since the last `reset`.
    private let ended = Mutex((count: 0, target: Int.max, waiter: CheckedContinuation<Void, Never>?.none))
    let payload = JSONText(valid: Array(#"{"text":"\#(String(repeating: "x", count: 88))"}"#.utf8))

    init(in parent: String?) async throws {
        let base = parent ?? NSTemporaryDirectory()
        folder = base + "/kintsugi-bench-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        store = try SQLiteStore.open(folder: folder, node: "bench")
        var logger = Logger(label: "kintsugi.bench")
        logger.logLevel = .error
        http = HTTPAgentCaller(
            configuration: HTTPAgentCallerConfiguration(version: KintsugiVersion.current),
            guard: AddressGuard(policy: .init(allowPrivate: true)), logger: logger)
        let secret = ServerSecret("bench")
        engine = Engine(
            store: store, callers: [.local: handlers, .http: http],
            configuration: EngineConfiguration(
                node: "bench", reportBaseURL: { "http://127.0.0.1:7420" }, now: SystemClock.now,
                seed: UInt64.random(in: .min ... .max),
                attemptToken: { secret.attemptToken(task: $0, attempt: $1) }), logger: logger)
        try await engine.prepare()
        engine.onCommit { [self] units in
            let count = units.reduce(0) { $0 + $1.unit.tasks.count { $0.after.status.isFinal } }
            if count > 0 { note(count) }
        }
    }

    private func note(_ count: Int) {
        let waiter = ended.withLock { state -> CheckedContinuation<Void, Never>? in
            state.count += count
            guard state.count >= state.target, let waiter = state.waiter else { return nil }
            state.waiter = nil
            return waiter
        }
        waiter?.resume()
    }

    func reset() { ended.withLock { $0 = (0, .max, nil) } }

    /// Returns when this many tasks have ended since the last `reset`.
    func waitForEnds(_ target: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = ended.withLock { state in
                state.target = target
                if state.count >= target { return true }
                state.waiter = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func register(_ id: String, kind: AgentRecord.Kind, url: String? = nil, concurrency: Int) async throws {
        let profile = AgentProfile(
            id: AgentID(id), isLocal: kind == .local, maxConcurrency: concurrency,
            breaker: kind == .local ? nil : BreakerSettings(),
            retryBudget: kind == .local ? nil : RetryBudget.Settings())
        let record = AgentRecord(
            profile: profile, name: id, kind: kind, callbackURL: url,
            secrets: [
                .init(value: Signature.newSecret((0..<24).map { _ in UInt8.random(in: .min ... .max) }))
            ], createdAt: .zero, updatedAt: .zero)
        _ = try await engine.register(record, actor: "bench")
    }

    func submit(_ count: Int, to agent: String, retry: RetryPolicy = .standard) async throws {
        let spec = TaskSpec(
            type: "bench.noop", userID: UserID("bench"), agentID: AgentID(agent), input: payload,
            retryPolicy: retry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var left = count
            var running = 0
            while left > 0 {
                let batch = min(left, 500)
                left -= batch
                group.addTask { _ = try await self.engine.create(Array(repeating: spec, count: batch)) }
                running += 1
                if running >= 8 {
                    try await group.next()
                    running -= 1
                }
            }
            try await group.waitForAll()
        }
    }

    /// Each producer submits and waits for the acknowledgement before the next; the latencies in microseconds.
    func submitOneByOne(producers: Int, each: Int, to agent: String) async throws -> [UInt64] {
        let spec = TaskSpec(
            type: "bench.noop", userID: UserID("bench"), agentID: AgentID(agent), input: payload)
        return try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<producers {
                group.addTask {
                    var latencies: [UInt64] = []
                    for _ in 0..<each {
                        let start = ContinuousClock.now
                        _ = try await self.engine.create([spec])
                        latencies.append(UInt64(start.duration(to: .now) / .microseconds(1)))
                    }
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    func close() async {
        try? await http.shutdown()
        await store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
