package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
package import KintsugiWire

/// Reads a task's attempts out of its events.
package struct AttemptFold: Sendable {
    package private(set) var attempts: [AttemptResource] = []
    private let id: TaskID
    private var state: TaskState?
    private var round = 1

    package init(of id: TaskID) { self.id = id }

    /// The attempts of a task that this story tells; it may begin in the middle of the task's history.
    package init(of task: TaskState, in story: [RecordedEvent]) {
        id = task.id
        state = TaskState(id: task.id, spec: task.spec, at: task.createdAt)
        round = task.round - story.count { $0.event.type == .taskRequeued }
        for event in story { take(event) }
    }

    /// Takes the next event in; they must come from the first on.
    package mutating func take(_ recorded: RecordedEvent) {
        let at = recorded.at
        switch recorded.event {
        case .taskCreated(let spec): return state = TaskState(id: id, spec: spec, at: at)
        case .attemptStarted(let start): begin(start, at: at)
        case .attemptSuccess(let success):
            end(success.number, .succeeded, at: at, duration: success.duration) {
                $0.httpStatus = success.httpStatus ?? $0.httpStatus
            }
        case .attemptFailed(let failed):
            end(failed.number, .failed, at: at, duration: failed.duration) {
                $0.httpStatus = failed.failure.httpStatus ?? $0.httpStatus
                $0.error = ErrorResource(failed.failure, at: at)
            }
        case .attemptAccepted(let number, _):
            change(number) {
                $0.status = .accepted
                $0.httpStatus = 202
            }
        case .attemptAbandoned(let number, let node):
            let failure = Failure(
                type: .workerLost, message: "The node \(node) that ran this attempt is gone.", sent: .maybe)
            end(number, .abandoned, at: at) { $0.error = ErrorResource(failure, at: at) }
        case .attemptInterrupted(let number): end(number, .interrupted, at: at)
        case .taskCancelled: if let number = state?.currentAttempt { end(number, .cancelled, at: at) }
        case .taskRequeued(let requeue): round = requeue.round
        case .taskRetried(let delay, let due, _):
            if let last = state?.attempt?.start.number { change(last) { $0.retry = (delay, due.rfc3339) } }
        default: break
        }
        state?.evolve(recorded.event, at: at)
    }

    private mutating func begin(_ start: AttemptStart, at: Timestamp) {
        var attempt = AttemptResource()
        attempt.number = start.number
        attempt.round = round
        attempt.probe = start.probe
        attempt.fallbackStep = start.step
        attempt.agentID = start.agentID.rawValue
        attempt.provider = start.provider.rawValue
        attempt.node = start.node
        attempt.startedAt = at.rfc3339
        attempt.queue = state?.queued(until: at) ?? 0
        attempt.breakerState = start.breaker
        attempt.failureRate = start.failureRate
        attempts.append(attempt)
    }

    private mutating func end(
        _ number: Int, _ status: AttemptStatus, at: Timestamp, duration: Milliseconds? = nil,
        _ body: (inout AttemptResource) -> Void = { _ in }
    ) {
        let ran = state?.attempt.map { max(0, at - $0.startedAt) }
        change(number) {
            $0.status = status
            $0.finishedAt = at.rfc3339
            $0.duration = duration ?? ran
            body(&$0)
        }
    }

    private mutating func change(_ number: Int, _ body: (inout AttemptResource) -> Void) {
        guard let index = attempts.lastIndex(where: { $0.number == number }) else { return }
        body(&attempts[index])
    }
}
