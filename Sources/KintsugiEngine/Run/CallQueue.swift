import KintsugiCore
import Synchronization

/// Calls that wait for a worker loop.
///
/// Loops are cheaper than a child task for each call: a task group looks for an ended child among all of them.
final class CallQueue: Sendable {
    private struct State {
        var calls: [StoredTask] = []
        /// The next of `calls`; what stands before it was taken.
        var first = 0
        var idle: [CheckedContinuation<StoredTask?, Never>] = []
        var isFinished = false

        mutating func takeFirst() -> StoredTask? {
            guard first < calls.count else { return nil }
            let call = calls[first]
            first += 1
            if first == calls.count {
                calls.removeAll(keepingCapacity: true)
                first = 0
            }
            return call
        }
    }

    private let state = Mutex(State())

    /// Hands the calls to idle loops and keeps the rest; how many more loops they need.
    func push(_ calls: [StoredTask]) -> Int {
        if calls.isEmpty { return 0 }
        let (resumed, missing) = state.withLock { state in
            let count = min(calls.count, state.idle.count)
            let idle = state.idle.suffix(count)
            state.idle.removeLast(count)
            state.calls.append(contentsOf: calls.dropFirst(count))
            return (Array(idle), calls.count - count)
        }
        for (continuation, call) in zip(resumed, calls) { continuation.resume(returning: call) }
        return missing
    }

    /// The next call; nil: the queue is finished.
    func next() async -> StoredTask? {
        if let call = state.withLock({ $0.takeFirst() }) { return call }
        return await withCheckedContinuation { continuation in
            let now: StoredTask?? = state.withLock { state in
                if let call = state.takeFirst() { return .some(call) }
                if state.isFinished { return .some(nil) }
                state.idle.append(continuation)
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// Ends the loops once nothing waits any more.
    func finish() {
        let idle = state.withLock { state in
            state.isFinished = true
            let idle = state.idle
            state.idle = []
            return idle
        }
        for continuation in idle { continuation.resume(returning: nil) }
    }
}
