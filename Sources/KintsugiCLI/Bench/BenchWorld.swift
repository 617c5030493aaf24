import Foundation
import Kintsugi
import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiSQLite
import KintsugiStore
import KintsugiTelemetry
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
    /// With the braces and the name around it, the 100 bytes that peers are measured with.
    static let text = String(repeating: "x", count: 89)
    /// Another one each time, for a store may be measured more than once.
    private let agent = AgentID("bench-\(UUID().uuidString.prefix(8).lowercased())")

    init(in folder: String) async throws {
        self.folder = folder
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

    /// Seconds that the body took while the engine ran beside it, its metrics recorded.
    func running(_ body: () async throws -> Void) async throws -> Double {
        engine.telemetry.attach(
            recorder: MetricsRecorder(factory: PrometheusRegistry(root: "kintsugi"), root: "kintsugi").record)
        ended.withLock { $0 = (0, .max, nil) }
        let start = ContinuousClock.now
        async let engine: Void = engine.run()
        try await body()
        let seconds = start.duration(to: .now) / .seconds(1)
        self.engine.stop()
        try await engine
        return seconds
    }

    /// Returns when this many tasks have ended since the engine began to run.
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

    func registerLocal(_ handler: @escaping LocalAgentCaller.Handler) async throws {
        handlers.register(agent, handler)
        let profile = AgentProfile(
            id: agent, isLocal: true, maxConcurrency: 2048, breaker: nil, retryBudget: nil)
        try await register(AgentRecord(profile: profile, kind: .local, url: nil))
    }

    func registerHTTP(_ url: String) async throws {
        let profile = AgentProfile(
            id: agent, isLocal: false, maxConcurrency: 128, breaker: BreakerSettings(),
            retryBudget: RetryBudget.Settings())
        try await register(AgentRecord(profile: profile, kind: .http, url: url))
    }

    private func register(_ record: AgentRecord) async throws {
        _ = try await engine.register(record, actor: "bench")
    }

    private func spec(_ retry: RetryPolicy = .standard, notBefore: Timestamp? = nil) -> TaskSpec {
        TaskSpec(
            type: "bench.noop", userID: UserID("bench"), agentID: agent,
            input: JSONText(valid: Array(#"{"text":"\#(Self.text)"}"#.utf8)), runAt: notBefore,
            retryPolicy: retry)
    }

    func submit(_ count: Int, retry: RetryPolicy = .standard) async throws {
        let spec = spec(retry)
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
    func submitOneByOne(producers: Int, each: Int, notBefore: Timestamp? = nil) async throws -> [UInt64] {
        let spec = spec(notBefore: notBefore)
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
    }
}

extension AgentRecord {
    fileprivate init(profile: AgentProfile, kind: Kind, url: String?) {
        self.init(
            profile: profile, name: "bench", kind: kind, callbackURL: url,
            secrets: [
                .init(value: Signature.newSecret((0..<24).map { _ in UInt8.random(in: .min ... .max) }))
            ], createdAt: .zero, updatedAt: .zero)
    }
}
