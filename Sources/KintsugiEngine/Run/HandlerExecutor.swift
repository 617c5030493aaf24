import Synchronization

/// Threads for local handlers: one that blocks must not stop the rest of the process.
///
/// Swift's own pool has one thread for each core; two handlers that block stop everything on two cores.
final class HandlerExecutor: TaskExecutor {
    private let queue = Mutex<[UnownedJob]>([])
    private let doorbells: [Doorbell]
    private let next = Atomic(0)

    init(threads: Int) {
        doorbells = (0..<max(1, threads)).map { _ in Doorbell() }
        for (index, doorbell) in doorbells.enumerated() {
            Doorbell.spawnThread(named: "kintsugi-handler-\(index)") { [self] in
                while true {
                    while runAll() {}
                    doorbell.wait(milliseconds: 60_000)
                }
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.append(job) }
        let index = next.wrappingAdd(1, ordering: .relaxed).newValue
        doorbells[Int(UInt(bitPattern: index) % UInt(doorbells.count))].ring()
    }

    /// Takes a few jobs and runs them. False: there was none.
    private func runAll() -> Bool {
        let jobs = queue.withLock { queue -> [UnownedJob] in
            let share = queue.suffix(32)
            queue.removeLast(share.count)
            return Array(share)
        }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        return !jobs.isEmpty
    }
}
