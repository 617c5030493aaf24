import KintsugiCore
import Synchronization

/// The calls under way, so that one can be broken off.
final class RunningCalls: Sendable {
    enum Cause: Sendable, Hashable {
        /// The task ended otherwise.
        case withdrawn
        /// We are shutting down.
        case shutdown
        /// Its time was over.
        case timeout
    }

    private struct Key: Hashable, Sendable {
        var number: TaskNumber
        var attempt: Int
    }

    /// `@unchecked Sendable`: `task` is touched only under `calls`' lock, and only while its task runs.
    private struct Handle: @unchecked Sendable {
        var task: UnsafeCurrentTask?
        var cause: Cause?
        var deadline: ContinuousClock.Instant?
    }

    private let calls = Mutex<[Key: Handle]>([:])
    private let isStopping = Atomic(false)

    /// Runs a call so that `cancel` reaches it; tells why it was broken off, if it was.
    ///
    /// - Parameter timeout: breaks it off then; nil: the caller keeps the time itself.
    func run(
        _ number: TaskNumber, _ attempt: Int, timeout: Milliseconds?, _ body: @Sendable () async -> CallResult
    ) async -> (CallResult, Cause?) {
        let key = Key(number: number, attempt: attempt)
        let result = await withUnsafeCurrentTask { current in
            calls.withLock { calls in
                var handle = calls[key] ?? Handle(task: nil, cause: nil)
                handle.task = current
                if let timeout { handle.deadline = .now + .milliseconds(timeout) }
                if isStopping.load(ordering: .relaxed), handle.cause == nil { handle.cause = .shutdown }
                if handle.cause != nil { current?.cancel() }
                calls[key] = handle
            }
            return await body()
        }
        let cause = calls.withLock { $0.removeValue(forKey: key)?.cause }
        return (result, cause)
    }

    func cancel(_ number: TaskNumber, _ attempt: Int) {
        let key = Key(number: number, attempt: attempt)
        calls.withLock { calls in
            var handle = calls[key] ?? Handle(task: nil, cause: nil)
            handle.cause = .withdrawn
            handle.task?.cancel()
            calls[key] = handle
        }
    }

    /// Breaks off calls whose time is over, until the surrounding task is cancelled.
    ///
    /// One watcher for all: a timer for each call would cost more than most handlers.
    func watchTimeouts() async {
        while (try? await Task.sleep(for: .milliseconds(50))) != nil {
            calls.withLock { calls in
                guard !calls.isEmpty else { return }
                let now = ContinuousClock.now
                for (key, handle) in calls {
                    guard let deadline = handle.deadline, deadline <= now, handle.cause == nil else {
                        continue
                    }
                    calls[key]?.cause = .timeout
                    handle.task?.cancel()
                }
            }
        }
    }

    /// Breaks off all calls, also those that are only about to begin.
    func cancelAll() {
        calls.withLock { calls in
            isStopping.store(true, ordering: .relaxed)
            for key in calls.keys {
                if calls[key]?.cause == nil { calls[key]?.cause = .shutdown }
                calls[key]?.task?.cancel()
            }
        }
    }
}
