import FoundationEssentials
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Logging
import Synchronization
import Testing

@Suite("Telemetry: what happens is told, off the hot path")
struct TelemetryTests {
    private struct Broken: Error {}

    private func spec(_ agent: String, _ policy: RetryPolicy = .standard) -> TaskSpec {
        TaskSpec(
            type: "test.echo", userID: UserID("ada"), agentID: AgentID(agent), retryPolicy: policy,
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    }

    /// Runs until so many events have come, and gives them.
    private func events(
        _ world: EngineWorld, _ prefix: [String], _ count: Int,
        _ body: @Sendable (EngineWorld) async throws -> Void
    ) async throws -> [TelemetryEvent] {
        let stream = world.engine.telemetry.events(prefix: prefix)
        let found = Mutex<[TelemetryEvent]>([])
        try await world.running { world in
            try await body(world)
            for await event in stream {
                let enough = found.withLock { found in
                    found.append(event)
                    return found.count == count
                }
                if enough { break }
            }
        }
        return found.withLock { $0 }
    }

    @Test("The four events of a task by their exact names, with what they promise")
    func four() async throws {
        let world = try await EngineWorld()
        let calls = Atomic(0)
        try await world.agent("flaky") { _ in
            if calls.wrappingAdd(1, ordering: .relaxed).newValue == 1 { throw Broken() }
            return nil
        }
        try await world.agent("broken") { _ in throw Broken() }
        let told = try await events(world, ["agrenting", "task"], 8) { world in
            let tasks = try await world.engine.create([spec("flaky", RetryPolicy(baseDelay: 1))])
            try await world.wait(for: tasks) { $0.status == .completed }
            _ = try await world.engine.create([
                spec("broken", RetryPolicy(maxAttempts: 2, baseDelay: 1))
            ])
        }
        #expect(
            told.map { $0.path.joined(separator: ".") } == [
                "agrenting.task.created", "agrenting.task.started", "agrenting.task.retry",
                "agrenting.task.completed", "agrenting.task.created", "agrenting.task.started",
                "agrenting.task.retry", "agrenting.task.failed",
            ])
        let (retry, completed, failed) = (told[2], told[3], told[7])
        #expect(retry.measurements["attempt"] == 2 && retry.metadata["error_type"] != nil)
        #expect(retry.metadata["error"]?.isEmpty == false)
        #expect(completed.measurements["attempts"] == 2 && completed.measurements["duration_ms"] ?? -1 >= 0)
        #expect(completed.metadata["agent_id"] == "flaky" && completed.metadata["outcome"] == "completed")
        #expect(failed.measurements["retry_count"] == 1 && failed.metadata["reason"] == "retries_exhausted")
        for event in told {
            #expect(Set(event.measurements.keys).isSubset(of: event.name.measurements), "\(event.name)")
            #expect(Set(event.metadata.keys).isSubset(of: event.name.metadata), "\(event.name)")
            #expect(event.metadata["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
        }
    }

    @Test("A handler that throws is detached; the others hear on")
    func throwing() async throws {
        let world = try await EngineWorld()
        try await world.agent("echo") { _ in nil }
        let calls = Atomic(0)
        world.engine.telemetry.attach("bad", prefix: ["agrenting", "task", "completed"]) { _ in
            calls.add(1, ordering: .relaxed)
            throw Broken()
        }
        let told = try await events(world, ["agrenting", "task", "completed"], 2) { world in
            for _ in 0..<2 {
                let tasks = try await world.engine.create([spec("echo")])
                try await world.wait(for: tasks) { $0.status == .completed }
            }
        }
        #expect(told.count == 2)
        #expect(!world.engine.telemetry.detach("bad"), "it was gone already")
        #expect(calls.load(ordering: .relaxed) == 1)
    }

    @Test("What does not fit is dropped and counted, and nothing is kept while nobody listens")
    func bounded() async throws {
        let bus = TelemetryBus(
            root: "r", capacity: 10 * TelemetryBus.itemBytes,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { .zero })
        bus.tell(.streamOpened(open: 1))
        let heard = Mutex<[TelemetryEvent]>([])
        bus.attach("all") { event in heard.withLock { $0.append(event) } }
        for open in 1...25 { bus.tell(.streamOpened(open: open)) }
        bus.finish()
        await bus.run()
        let told = heard.withLock { $0 }
        #expect(told.count == 11)
        #expect(told.first?.path == ["r", "stream", "opened"] && told.first?.measurements["open"] == 1)
        #expect(told.last?.name == .telemetryDropped && told.last?.measurements["count"] == 15)
    }

    @Test("The documentation lists every event and metric as they are")
    func documentation() throws {
        let file = #filePath.replacing(
            "Tests/KintsugiEngineTests/TelemetryTests.swift", with: "docs/telemetry.md")
        let document = try String(contentsOfFile: file, encoding: .utf8)
        func cells(_ values: [String]) -> String { values.map { "`\($0)`" }.joined(separator: ", ") }
        for name in TelemetryName.allCases {
            let isOfTask = name.metadata.contains("task_id")
            let rest = isOfTask ? Array(name.metadata.dropFirst(6)) : name.metadata
            let about = ((isOfTask ? ["*task*"] : []) + rest.map { "`\($0)`" }).joined(separator: ", ")
            let row = "| `\(name.rawValue)` | \(name.summary) | \(cells(name.measurements)) | \(about) |"
            #expect(document.contains(row), "\(row)")
        }
        for metric in MetricName.allCases {
            let kind =
                switch metric.kind {
                case .counter: "counter"
                case .gauge: "gauge"
                case .histogram: "histogram"
                }
            let row =
                "| `\(metric.text(root: "agrenting"))` | \(kind) | \(cells(metric.labels)) | \(metric.help) |"
            #expect(document.contains(row), "\(row)")
        }
    }

    @Test("Every event's name says what it carries, and no name is told twice")
    func names() {
        for name in TelemetryName.allCases {
            #expect(name.measurements.allSatisfy { !name.metadata.contains($0) })
            #expect(!name.summary.isEmpty && name.path(root: "a").count == 3)
        }
        for metric in MetricName.allCases where !metric.help.hasSuffix(".") {
            #expect(Bool(false), "\(metric)")
        }
    }
}
