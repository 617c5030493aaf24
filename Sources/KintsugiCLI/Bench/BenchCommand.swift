import ArgumentParser
import Foundation
import Histogram
import KintsugiCore
import KintsugiEngine
import KintsugiSQLite
import KintsugiVocabulary

/// Measures this machine: each figure beside the store's raw limit of the same run, so that the ratio counts.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: drain, HTTP callbacks, submit latency, and the store's raw limit.",
        discussion: """
            Everything is durable while it is measured: SQLite in WAL mode with synchronous=FULL, one fsync shared by
            a batch, the full timeline of at least five events a task. Figures are medians of the runs, with their
            range; two cores and a noisy neighbour move them, the shares less.
            """)

    @Option(help: "Tasks a run of the drain.")
    var tasks = 50_000

    @Option(help: "Runs of each row.")
    var runs = 3

    @Option(help: "Folder on the disk to measure; default: the temporary folder.")
    var folder: String?

    @Flag(help: "Only the store's SQL, without engine: creates and drains.")
    var store = false

    @Flag(help: "One JSON document on standard output.")
    var json = false

    func validate() throws {
        guard (1000...10_000_000).contains(tasks) else { throw ValidationError("--tasks: 1000 to 10000000.") }
        guard (1...100).contains(runs) else { throw ValidationError("--runs: 1 to 100.") }
    }

    func run() async throws {
        var report = BenchReport()
        talk("Measuring with \(tasks) tasks, \(runs) runs. Durable: WAL, synchronous=FULL, shared fsync.")
        for run in 1...runs {
            talk("run \(run) of \(runs): store alone …")
            try storeAlone(&report)
            if store { continue }
            talk("run \(run) of \(runs): drain of no-op handlers …")
            try await drain(&report)
            talk("run \(run) of \(runs): submit …")
            try await submit(&report)
            talk("run \(run) of \(runs): HTTP callbacks …")
            try await callbacks(&report)
        }
        Terminal.output(json ? report.json : report.table)
    }

    private func talk(_ text: String) { if !json { Terminal.say(text) } }

    private func storeAlone(_ report: inout BenchReport) throws {
        let path = (folder ?? NSTemporaryDirectory()) + "/kintsugi-bench-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let raw = try StoreBenchmark.run(tasks: tasks, batch: 500, payloadBytes: 100, folder: path)
        report.add("store.create", "store alone: creates", raw.createsPerSecond, "tasks/s")
        report.add("store.drain", "store alone: drains (claim and finish)", raw.drainsPerSecond, "tasks/s")
        report.add("store.bytes", "bytes a finished task, whole timeline", Double(raw.bytesPerTask), "B")
    }

    private func drain(_ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: folder)
        try await world.register("noop", kind: .local, concurrency: 2048)
        world.handlers.register(AgentID("noop")) { _ in nil }
        try await world.submit(tasks, to: "noop")
        world.reset()
        let seconds = try await timed {
            async let engine: Void = world.engine.run()
            await world.waitForEnds(tasks)
            world.engine.stop()
            try await engine
        }
        report.add(
            "drain", "drain of no-op local tasks", Double(tasks) / seconds, "tasks/s", share: "store.drain")
        await world.close()
    }

    private func submit(_ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: folder)
        try await world.register("noop", kind: .local, concurrency: 2048)
        let each = max(1000, tasks / 5) / 32
        let start = ContinuousClock.now
        let latencies = try await world.submitOneByOne(producers: 32, each: each, to: "noop")
        let seconds = start.duration(to: .now) / .seconds(1)
        report.add(
            "submit", "submit one by one, 32 at a time", Double(each * 32) / seconds, "tasks/s",
            share: "store.create")
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for latency in latencies { histogram.record(latency) }
        report.add(
            "submit.p50", "  acknowledged after, p50", Double(histogram.valueAtPercentile(50)) / 1000, "ms")
        report.add(
            "submit.p99", "  acknowledged after, p99", Double(histogram.valueAtPercentile(99)) / 1000, "ms")
        await world.close()
    }

    private func callbacks(_ report: inout BenchReport) async throws {
        let world = try await BenchWorld(in: folder)
        let agent = try await AgentProcess.start(kind: .steady)
        try await world.register("http", kind: .http, url: agent.url, concurrency: 128)
        let count = max(1000, tasks / 5)
        try await world.submit(count, to: "http")
        world.reset()
        let seconds = try await timed {
            async let engine: Void = world.engine.run()
            await world.waitForEnds(count)
            world.engine.stop()
            try await engine
        }
        report.add(
            "callbacks", "HTTP callbacks, agent in another process", Double(count) / seconds, "tasks/s",
            share: "store.drain")
        agent.stop()
        await world.close()
    }

    private func timed(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return start.duration(to: .now) / .seconds(1)
    }
}
