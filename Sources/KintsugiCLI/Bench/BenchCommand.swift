import ArgumentParser
import Foundation
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiSQLite
import KintsugiVocabulary

/// Measures this machine: each figure beside the store's raw limit of the same run, so that the ratio counts.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: throughput, latency, memory, and the store's raw limit beside them.",
        discussion: """
            Everything is durable and observed while it is measured: SQLite in WAL mode with synchronous=FULL, one
            fsync shared by a batch, the full timeline of at least five events a task, metrics recorded. Figures are
            medians of the runs, with their range; two cores and a noisy neighbour move them, the shares less.
            """)

    @Option(help: "Tasks a run; submit, callbacks and post take a fifth, latency 250.")
    var tasks = 50_000

    @Option(help: "Runs of each row.")
    var runs = 3

    @Option(help: "Measure on a store that holds so many finished tasks already; rows add theirs.")
    var grow = 0

    @Option(help: "Folder on the disk to measure; default: the temporary folder.")
    var folder: String?

    @Option(
        parsing: .upToNextOption,
        help:
            "Only these rows, and the store's raw limit: \(BenchRow.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var only: [BenchRow] = []

    @Flag(help: "One JSON document on standard output.")
    var json = false

    func validate() throws {
        guard (1000...10_000_000).contains(tasks) else { throw ValidationError("--tasks: 1000 to 10000000.") }
        guard (1...100).contains(runs) else { throw ValidationError("--runs: 1 to 100.") }
        guard (0...100_000_000).contains(grow) else { throw ValidationError("--grow: 0 to 100000000.") }
    }

    func run() async throws {
        // A row without its limit says little.
        let rows = BenchRow.allCases.filter { only.isEmpty || only.contains($0) || $0 == .store }
        let base = (folder ?? NSTemporaryDirectory()) + "/kintsugi-bench-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: base) }
        talk("Measuring with \(tasks) tasks, \(runs) runs. Durable: WAL, synchronous=FULL, shared fsync.")
        if grow > 0 { try growStore(in: base) }
        var report = BenchReport(grown: grow)
        for run in 1...runs {
            for row in rows {
                talk("run \(run) of \(runs): \(row.title) …")
                do { try await measure(row, in: base, &report) } catch {
                    throw CommandFailure(
                        description:
                            "Measuring \(row.title) in \(base) failed: \(error). Is there room on that disk? --folder names another."
                    )
                }
                if grow == 0 { try FileManager.default.removeItem(atPath: base) }
            }
        }
        Terminal.output(json ? report.json : report.table)
    }

    func talk(_ text: String) { if !json { Terminal.say(text) } }

    /// Fills the store that all rows are then measured on; otherwise each row has an empty one.
    private func growStore(in place: String) throws {
        let step = 250_000
        let start = SystemClock.now() + Int64(-grow / 100)
        for done in stride(from: 0, to: grow, by: step) {
            talk("Growing a store: \(done) of \(grow) finished tasks …")
            _ = try StoreBenchmark.run(
                tasks: min(step, grow - done), folder: place, from: start + Int64(done / 100))
        }
    }

    private func measure(_ row: BenchRow, in place: String, _ report: inout BenchReport) async throws {
        switch row {
        case .store: try storeAlone(place, &report)
        case .drain: try await drain(place, &report)
        case .together: try await together(place, &report)
        case .retry: try await retry(place, &report)
        case .submit: try await submit(place, &report)
        case .latency: try await latency(place, &report)
        case .callbacks: try await callbacks(place, &report)
        case .post: try await post(place, &report, tasksAPost: 1)
        case .batch: try await post(place, &report, tasksAPost: 100)
        case .idle: try await idle(place, &report)
        }
    }

    /// Tasks of the rows that are slower.
    private var few: Int { max(1000, tasks / 5) }

    // MARK: Rows of the engine

    private func storeAlone(_ place: String, _ report: inout BenchReport) throws {
        let raw = try StoreBenchmark.run(tasks: tasks, folder: place, from: SystemClock.now())
        report.add("store.create", "store alone: creates", raw.createsPerSecond, "tasks/s")
        report.add("store.drain", "store alone: drains (claim and finish)", raw.drainsPerSecond, "tasks/s")
        report.add("store.both", "store alone: both, one task whole", raw.tasksPerSecond, "tasks/s")
        if grow == 0 {
            report.add("store.bytes", "bytes a finished task, whole timeline", raw.bytesPerTask, "B")
        }
    }

    private func drain(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        try await world.registerLocal { _ in nil }
        try await world.submit(tasks)
        let seconds = try await world.running { await world.waitForEnds(tasks) }
        report.add(
            "drain", "drain of no-op local tasks", Double(tasks) / seconds, "tasks/s", share: "store.drain")
        await world.close()
    }

    private func together(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        try await world.registerLocal { _ in nil }
        let each = tasks / 64
        let seconds = try await world.running {
            _ = try await world.submitOneByOne(producers: 64, each: each)
            await world.waitForEnds(each * 64)
        }
        report.add(
            "together", "64 producers and the workers together", Double(each * 64) / seconds, "tasks/s",
            share: "store.both")
        await world.close()
    }

    private func retry(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        try await world.registerLocal { call in
            if call.attempt == 1 { throw CommandFailure(description: "once") }
            return nil
        }
        try await world.submit(tasks, retry: RetryPolicy(baseDelay: 0))
        let seconds = try await world.running { await world.waitForEnds(tasks) }
        // Claimed and finished twice.
        report.add(
            "retry", "fail once, retry at once", Double(tasks) / seconds, "tasks/s", share: "store.drain",
            times: 2)
        await world.close()
    }

    private func submit(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        try await world.registerLocal { _ in nil }
        var latencies: [UInt64] = []
        // Not due today: only their acceptance is measured.
        let seconds = try await world.running {
            latencies = try await world.submitOneByOne(
                producers: 32, each: few / 32, notBefore: SystemClock.now() + 86_400_000)
        }
        report.add(
            "submit", "submit one by one, 32 at a time", Double(latencies.count) / seconds, "tasks/s",
            share: "store.create")
        report.add("submit", "  acknowledged after", latencies)
        await world.close()
    }

    private func latency(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        let (starts, started) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        try await world.registerLocal { _ in
            started.yield(.now)
            return nil
        }
        var latencies: [UInt64] = []
        _ = try await world.running {
            var starts = starts.makeAsyncIterator()
            for _ in 0..<250 {
                let submitted = ContinuousClock.now
                try await world.submit(1)
                guard let start = await starts.next() else { break }
                latencies.append(UInt64(submitted.duration(to: start) / .microseconds(1)))
                try await Task.sleep(until: submitted + .milliseconds(20))
            }
        }
        report.add("latency", "submit to handler, 50 tasks/s", latencies)
        await world.close()
    }

    private func callbacks(_ place: String, _ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: place)
        let agent = try await DemoAgentCommand.start(.steady)
        try await world.registerHTTP(agent.greeting)
        try await world.submit(few)
        let seconds = try await world.running { await world.waitForEnds(few) }
        report.add(
            "callbacks", "HTTP callbacks, agent in another process", Double(few) / seconds, "tasks/s",
            share: "store.drain")
        agent.stop()
        await world.close()
    }

    // MARK: Rows of the server

    /// Tasks that are not due: only their acceptance is measured.
    private func post(_ place: String, _ report: inout BenchReport, tasksAPost: Int) async throws {
        let (server, key) = try await BenchServerCommand.start(data: place)
        defer { server.stop() }
        let task = #"{"type":"bench.noop","delay_ms":86400000,"input":{"text":"\#(BenchWorld.text)"}}"#
        let many = #"{"tasks":[\#(Array(repeating: task, count: tasksAPost).joined(separator: ","))]}"#
        let load = LoadGenerator(
            url: server.greeting, path: "/api/v1/tasks" + (tasksAPost == 1 ? "" : "/batch"), key: key,
            body: tasksAPost == 1 ? task : many)
        let each = max(1, (tasksAPost == 1 ? few : tasks) / 32 / tasksAPost)
        let start = ContinuousClock.now
        let latencies = try await load.run(connections: 32, each: each)
        let seconds = start.duration(to: .now) / .seconds(1)
        let (name, title) =
            tasksAPost == 1
            ? ("post", "POST of one task, 32 connections") : ("batch", "POST of 100 tasks, 32 connections")
        // A hundred tasks are one unit of the store, whose limit is measured with one task a unit.
        report.add(
            name, title, Double(latencies.count * tasksAPost) / seconds, "tasks/s",
            share: tasksAPost == 1 ? "store.create" : nil)
        report.add(name, "  answered after", latencies)
    }

    private func idle(_ place: String, _ report: inout BenchReport) async throws {
        let (server, _) = try await BenchServerCommand.start(data: place)
        defer { server.stop() }
        try await Task.sleep(for: .seconds(2))
        let before = ProcessCost(of: server.identifier)
        try await Task.sleep(for: .seconds(5))
        guard let before, let after = ProcessCost(of: server.identifier) else {
            throw CommandFailure(description: "The idle server ended by itself.")
        }
        report.add("idle.memory", "idle server: resident memory", Double(after.resident) / 1e6, "MB")
        report.add("idle.cpu", "idle server: of a core", (after.seconds - before.seconds) / 5 * 100, "%")
    }
}
