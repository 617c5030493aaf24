import Foundation
package import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Synchronization

/// The store's share of a task alone: the writer's code and SQL without an engine, on units encoded before.
///
/// It is the limit that the engine is measured against.
package enum StoreBenchmark {
    package struct Report: Sendable, Hashable {
        package var tasks: Int
        package var createsPerSecond: Double
        package var drainsPerSecond: Double
        /// Both together: one task made and drained.
        package var tasksPerSecond: Double
        /// Time of the writer's thread on a core, without waiting for the disk or for others.
        package var createMicroseconds: Double
        package var drainMicroseconds: Double
        /// Of the file after a checkpoint, with events, lists and counters.
        package var bytesPerTask: Double
        package var transactions: Int
        /// One a commit; a checkpoint syncs the log, then the database.
        package var fsyncs: Int
    }

    /// Makes the tasks, then claims and finishes each: finishing one batch and claiming the next is one
    /// transaction.
    ///
    /// - Parameters:
    ///   - batch: Appends a transaction.
    ///   - start: The time of the first task; later ones follow, a hundred each millisecond.
    package static func run(
        tasks: Int, batch: Int = 500, payloadBytes: Int = 100, folder: String, from start: Timestamp
    ) throws -> Report {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lock = try FolderLock(folder: folder, node: "benchmark")
        let writer = try BatchWriter(try Connections.open(folder: folder), lock)
        var load = Load(payloadBytes: payloadBytes, from: start)
        var created: [StoredTask] = []
        var (creating, draining) = (Spent(), Spent())
        while created.count < tasks {
            let appends = (0..<min(batch, tasks - created.count)).map { _ in load.creation() }
            created += try write(appends, writer, &creating)
        }
        var running: [StoredTask] = []
        var rest = created[...]
        while !running.isEmpty || !rest.isEmpty {
            let next = rest.prefix(batch)
            rest = rest.dropFirst(batch)
            let appends = running.map { load.finish($0) } + next.map { load.claim($0) }
            let written = try write(appends, writer, &draining)
            running = Array(written.suffix(next.count))
        }
        let figures = writer.figures.withLock { $0 }
        writer.close()
        let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + Connections.fileName)
        let bytes = (attributes[.size] as? NSNumber)?.doubleValue ?? 0
        return Report(
            tasks: tasks, createsPerSecond: Double(tasks) / creating.seconds,
            drainsPerSecond: Double(tasks) / draining.seconds,
            tasksPerSecond: Double(tasks) / (creating.seconds + draining.seconds),
            createMicroseconds: creating.onCore * 1e6 / Double(tasks),
            drainMicroseconds: draining.onCore * 1e6 / Double(tasks), bytesPerTask: bytes / Double(tasks),
            transactions: figures.transactions, fsyncs: figures.transactions + 2 * figures.checkpoints)
    }

    private static func write(
        _ appends: [TaskAppend], _ writer: BatchWriter, _ spent: inout Spent
    ) throws -> [StoredTask] {
        let batch = Batches.Batch(units: appends.map { AppendUnit(tasks: [$0]) }, promotions: [])
        var outcome = BatchWriter.Outcome(results: [])
        spent.measure { outcome = writer.write(batch) }
        var tasks: [StoredTask] = []
        for (result, append) in zip(outcome.results, appends) {
            tasks.append(StoredTask(number: try result.get().numbers[0], state: append.after))
        }
        return tasks
    }

    /// Tasks that do nothing, with a payload of the given size.
    private struct Load {
        private var rng = SeededGenerator(seed: 1)
        private var now: Timestamp
        private let spec: TaskSpec

        init(payloadBytes: Int, from start: Timestamp) {
            now = start
            let text = String(repeating: "x", count: max(0, payloadBytes - 8))
            spec = TaskSpec(
                type: "noop", userID: UserID("benchmark"), agentID: AgentID("noop"),
                input: JSONText(valid: Array(#"{"a":"\#(text)"}"#.utf8)))
        }

        mutating func creation() -> TaskAppend {
            now = now + Int64(rng.next() % 100 == 0 ? 1 : 0)
            let id = TaskID(UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next()))
            let state = TaskState(id: id, spec: spec, at: now)
            return TaskAppend(number: nil, before: nil, events: [.taskCreated(spec)], at: now, after: state)
        }

        func claim(_ task: StoredTask) -> TaskAppend {
            let start = AttemptStart(
                number: 1, agentID: AgentID("noop"), provider: ProviderID("noop"), node: "n1", timeout: 30_000
            )
            return append([.taskStarted(round: 1), .attemptStarted(start)], to: task)
        }

        func finish(_ task: StoredTask) -> TaskAppend {
            append(
                [.attemptSuccess(AttemptSuccess(number: 1, duration: 1)), .taskCompleted(output: .null)],
                to: task)
        }

        private func append(_ events: [TaskEvent], to task: StoredTask) -> TaskAppend {
            var after = task.state
            for event in events { after.evolve(event, at: now) }
            return TaskAppend(number: task.number, before: task.state, events: events, at: now, after: after)
        }
    }
}

/// Seconds by the clock on the wall and by the thread's own.
private struct Spent {
    var seconds = 0.0
    var onCore = 0.0

    mutating func measure(_ body: () -> Void) {
        let (wall, core) = (Self.now(CLOCK_MONOTONIC), Self.now(CLOCK_THREAD_CPUTIME_ID))
        body()
        seconds += Self.now(CLOCK_MONOTONIC) - wall
        onCore += Self.now(CLOCK_THREAD_CPUTIME_ID) - core
    }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
