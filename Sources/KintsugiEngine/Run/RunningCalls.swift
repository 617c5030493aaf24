import KintsugiCore
import Synchronization

/// The calls under way, so that one can be broken off.
final class RunningCalls: Sendable {
    enum Cause: Sendable, Hashable {
        /// The task ended otherwise.
        case withdrawn
        /// We are shutting down.
        case shutdown
    }

    private struct Key: Hashable, Sendable {
        var number: TaskNumber
        var attempt: Int
    }

    /// `@unchecked Sendable`: `task` is touched only under `calls`' lock, and only while its task runs.
    private struct Handle: @unchecked Sendable {
        var task: UnsafeCurrentTask?
        var cause: Cause?
    }

    private let calls = Mutex<[Key: Handle]>([:])
    private let isStopping = Atomic(false)

    /// Runs a call so that `cancel` reaches it; tells why it was broken off, if it was.
    func run(_ number: TaskNumber, _ attempt: Int, _ body: @Sendable () async -> CallResult) async -> (
        CallResult, Cause?
    ) {
        let key = Key(number: number, attempt: attempt)
        let result = await withUnsafeCurrentTask { current in
            calls.withLock { calls in
                var handle = calls[key] ?? Handle(task: nil, cause: nil)
                handle.task = current
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
