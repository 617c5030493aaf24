import Dispatch
import Foundation
import KintsugiCore
import KintsugiStore
import Synchronization

/// The one writer: an OS thread that takes everything that arrived while the last transaction ran and commits
/// it with one fsync.
///
/// No timer and no fixed batch: load makes the batch, limits bound it. Its own thread, because blocking
/// handlers in Swift's shared pool must not keep it from writing.
final class GroupCommit: Sendable {
    /// Units in one transaction, and the bytes after which no more are added.
    static let maxUnits = 512
    static let maxBytes = 4_000_000

    typealias Completion = @Sendable ([Result<Receipt, StoreError>]) -> Void
    typealias Observer = @Sendable ([CommittedUnit]) -> Void

    /// What one caller brought.
    struct Job: Sendable {
        var units: [AppendUnit] = []
        var promotions: [Promotion] = []
        var completion: Completion
    }

    struct Promotion: Sendable {
        var number: TaskNumber
        var version: Int
        var now: Timestamp
    }

    private struct Inbox {
        var jobs: [Job] = []
        var observer: Observer?
        /// The thread sleeps and must be woken.
        var isParked = false
        var isClosing = false
        /// What later callers are told; nil while the writer works.
        var refusal: StoreError?
        var closers: [@Sendable () -> Void] = []
        var hasEnded = false
    }

    private let inbox = Mutex(Inbox())
    private let wake = DispatchSemaphore(value: 0)

    // MARK: From any thread

    /// Queues the job; refused at once, on this thread, when the writer has stopped.
    func submit(_ job: Job) {
        let (refusal, mustWake) = inbox.withLock { inbox -> (StoreError?, Bool) in
            if inbox.isClosing || inbox.refusal != nil { return (inbox.refusal ?? .closed, false) }
            inbox.jobs.append(job)
            defer { inbox.isParked = false }
            return (nil, inbox.isParked)
        }
        if let refusal { job.completion(job.units.map { _ in .failure(refusal) }) }
        if mustWake { wake.signal() }
    }

    /// Whether it was told to close.
    var isClosed: Bool { inbox.withLock { $0.isClosing } }

    func observe(_ observer: @escaping Observer) { inbox.withLock { $0.observer = observer } }

    /// Takes no more jobs; calls back when those that came are written and everything is closed.
    func close(_ done: @escaping @Sendable () -> Void) {
        let (hasEnded, mustWake) = inbox.withLock { inbox -> (Bool, Bool) in
            inbox.isClosing = true
            if !inbox.hasEnded { inbox.closers.append(done) }
            defer { inbox.isParked = false }
            return (inbox.hasEnded, inbox.isParked)
        }
        if mustWake { wake.signal() }
        if hasEnded { done() }
    }

    // MARK: The thread

    /// Starts the thread; it ends after `close`.
    func start(_ writer: BatchWriter) {
        let thread = Thread { self.run(writer) }
        thread.name = "kintsugi.store"
        thread.stackSize = 1 << 20
        thread.start()
    }

    private func run(_ writer: BatchWriter) {
        while let (jobs, observer) = next(writer) { write(jobs, writer, observer) }
        writer.close()
        let closers = inbox.withLock { inbox in
            inbox.hasEnded = true
            defer { inbox.closers = [] }
            return inbox.closers
        }
        for closer in closers { closer() }
    }

    /// Everything that has arrived, after waiting for something; nil when it is time to end.
    private func next(_ writer: BatchWriter) -> (jobs: [Job], observer: Observer?)? {
        while true {
            let taken = inbox.withLock { inbox -> (jobs: [Job], observer: Observer?, isClosing: Bool) in
                let jobs = inbox.jobs
                inbox.jobs = []
                inbox.isParked = jobs.isEmpty && !inbox.isClosing
                return (jobs, inbox.observer, inbox.isClosing)
            }
            if !taken.jobs.isEmpty { return (taken.jobs, taken.observer) }
            if taken.isClosing { return nil }
            guard writer.hasIdleWork else {
                wake.wait()
                continue
            }
            if wake.wait(timeout: .now() + .seconds(1)) == .timedOut { idle(writer) }
        }
    }

    private func idle(_ writer: BatchWriter) {
        if let refusal = writer.checkpointWhenIdle() { stop(refusal) }
        // Somebody may have woken us while we were busy: that signal is spent on the next round.
    }

    /// From now on everybody is refused.
    private func stop(_ refusal: StoreError) {
        let waiting = inbox.withLock { inbox in
            inbox.refusal = refusal
            defer { inbox.jobs = [] }
            return inbox.jobs
        }
        for job in waiting { job.completion(job.units.map { _ in .failure(refusal) }) }
    }

    private func write(_ jobs: [Job], _ writer: BatchWriter, _ observer: Observer?) {
        var batches = Batches(jobs)
        while let batch = batches.next() {
            let outcome = writer.write(batch)
            if !outcome.committed.isEmpty { observer?(outcome.committed) }
            for (job, results) in batches.settle(outcome.results) { job.completion(results) }
            if let refusal = outcome.stop {
                stop(refusal)
                for (job, results) in batches.refuseRest(refusal) { job.completion(results) }
            }
        }
    }
}
