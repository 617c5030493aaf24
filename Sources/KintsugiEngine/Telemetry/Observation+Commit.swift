import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What a commit tells. Decided from its values alone.
extension Observed {
    static func all(in unit: AppendUnit, into observations: inout [Observed]) {
        for append in unit.tasks {
            if append.after.spec.origin == .internal {
                delivery(append, into: &observations)
            } else {
                all(in: append, into: &observations)
            }
        }
        for record in unit.records {
            if let what = change(record) { observations.append(Observed(at: record.at, what: what)) }
        }
    }

    private static func all(in append: TaskAppend, into observations: inout [Observed]) {
        let state = append.after
        let task = ObservedTask(state)
        for event in append.events {
            if case .taskCancelled = event, append.before?.status == .inProgress, let attempt = state.attempt
            {
                let what = Observation.attempt(
                    endedBy: .cancelled, attempt.start.number, task, state, append.before, at: append.at)
                observations.append(Observed(at: append.at, what: what))
            }
            guard let what = Observation(event, task, state, append.before, at: append.at) else { continue }
            observations.append(Observed(at: append.at, what: what))
        }
    }

    /// A delivery is a task of ours: told as what became of the notification.
    private static func delivery(_ append: TaskAppend, into observations: inout [Observed]) {
        let state = append.after
        guard state.spec.type == Reserved.alertTask, let provider = state.attempt?.start.provider,
            let channel = Reserved.channel(of: provider)
        else { return }
        for event in append.events {
            let isDelivered: Bool
            switch event {
            case .taskCompleted: isDelivered = true
            case .taskFailed: isDelivered = false
            default: continue
            }
            let what = Observation.alertDelivered(
                channel: channel, isDelivered: isDelivered, attempts: state.attempts,
                duration: append.at - state.createdAt)
            observations.append(Observed(at: append.at, what: what))
        }
    }

    private static func change(_ record: RecordAppend) -> Observation? {
        guard record.kind == .provider else { return nil }
        let provider = ProviderID(record.key)
        switch record.event {
        case .breakerOpened, .breakerForcedOpen: return .breakerChanged(provider, to: .open)
        case .breakerHalfOpened: return .breakerChanged(provider, to: .halfOpen)
        case .breakerClosed, .breakerForcedClosed: return .breakerChanged(provider, to: .closed)
        default: return nil
        }
    }
}

extension Observation {
    /// Nil: nothing that is measured.
    fileprivate init?(
        _ event: TaskEvent, _ task: ObservedTask, _ state: TaskState, _ before: TaskSummary?,
        at now: Timestamp
    ) {
        let age = now - max(state.createdAt, state.spec.runAt ?? .zero)
        switch event {
        case .taskCreated: self = .taskCreated(task)
        case .taskStarted(let round): self = .taskStarted(task, wait: round == 1 ? max(0, age) : nil)
        case .taskCompleted:
            let byFallback = state.phase == .completed(byFallback: true)
            self = .taskCompleted(
                task, byFallback: byFallback, duration: max(0, age),
                run: now - (state.roundStartedAt ?? state.createdAt), attempts: state.attempts)
        case .taskFailed(let reason, let failure):
            self = .taskFailed(
                task, reason: reason, error: failure.type, duration: max(0, age),
                retryCount: max(0, state.roundAttempts - 1))
        case .taskRetried(let delay, _, let next):
            let failure = state.lastFailure?.failure
            self = .taskRetry(
                task, attempt: next, delay: delay, error: failure?.type, message: failure?.message)
        case .taskCancelled: self = .taskCancelled(task, duration: max(0, age))
        case .taskHeld(let provider, _): self = .holdStarted(task.held(by: provider))
        case .taskReleased(let provider, _): self = .holdStopped(task.held(by: provider))
        default:
            if let attempt = Self.attempt(event, task, state, before, at: now) {
                self = attempt
            } else if let letter = Self.letter(event, task, state, before, at: now) {
                self = letter
            } else {
                return nil
            }
        }
    }

    private static func attempt(
        _ event: TaskEvent, _ task: ObservedTask, _ state: TaskState, _ before: TaskSummary?,
        at now: Timestamp
    ) -> Observation? {
        func stop(
            _ outcome: AttemptOutcome, _ number: Int, _ duration: Milliseconds? = nil,
            error: ErrorType? = nil, httpStatus: Int? = nil
        ) -> Observation {
            attempt(
                endedBy: outcome, number, task, state, before, duration, error: error, httpStatus: httpStatus,
                at: now)
        }
        switch event {
        case .attemptStarted(let start): return .attemptStarted(task, attempt: start.number)
        case .attemptSuccess(let success):
            return stop(.success, success.number, success.duration, httpStatus: success.httpStatus)
        case .attemptFailed(let failed):
            let failure = failed.failure
            return stop(
                .failed, failed.number, failed.duration, error: failure.type, httpStatus: failure.httpStatus)
        case .attemptAccepted(let number, _): return stop(.accepted, number, httpStatus: 202)
        case .attemptAbandoned(let number, _): return stop(.abandoned, number)
        case .attemptInterrupted(let number): return stop(.interrupted, number)
        default: return nil
        }
    }

    fileprivate static func attempt(
        endedBy outcome: AttemptOutcome, _ number: Int, _ task: ObservedTask, _ state: TaskState,
        _ before: TaskSummary?, _ duration: Milliseconds? = nil, error: ErrorType? = nil,
        httpStatus: Int? = nil, at now: Timestamp
    ) -> Observation {
        let duration = duration ?? state.attempt.map { now - $0.startedAt } ?? 0
        return .attemptStopped(
            task,
            AttemptStop(
                attempt: number, outcome: outcome, duration: max(0, duration), error: error,
                httpStatus: httpStatus, wasAccepted: before?.isAccepted ?? false))
    }

    private static func letter(
        _ event: TaskEvent, _ task: ObservedTask, _ state: TaskState, _ before: TaskSummary?,
        at now: Timestamp
    ) -> Observation? {
        let age = state.deadLetter.map { max(0, now - $0.at) } ?? 0
        switch event {
        case .movedToDLQ(_, let reason): return .deadLetterAdded(task, reason: reason)
        // What was closed before has left the queue already.
        case .taskRequeued where before?.deadLetter?.status ?? .pending == .pending:
            return .deadLetterRemoved(task, as: .retried, age: age)
        case .deadLetterResolved: return .deadLetterRemoved(task, as: .resolved, age: age)
        case .deadLetterDiscarded: return .deadLetterRemoved(task, as: .discarded, age: age)
        case .alertRaised(let mark): return .alertRaised(task, id: mark.id, severity: mark.severity)
        case .alertResolved(let id): return .alertResolved(id: id)
        default: return nil
        }
    }
}

extension ObservedTask {
    fileprivate func held(by provider: ProviderID) -> ObservedTask {
        var task = self
        task.provider = provider
        return task
    }
}
