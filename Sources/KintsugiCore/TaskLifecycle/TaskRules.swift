import KintsugiVocabulary

/// The rules of a task's life: a command in, events out, nothing else touched.
///
/// Time comes in as `now` and never goes back within a task; chance comes in as a generator.
package enum TaskRules {
    /// Late reports that one task remembers in order to know a repeated one.
    package static let maxLateResults = 32
    /// Reports that one task remembers as taken, the latest ones.
    package static let maxReports = 32
    /// A local handler whose process died under it this often in a row is poison.
    package static let poisonLimit = 3
    /// Progress reports closer together than this are dropped, but for the last of an attempt.
    package static let progressInterval: Milliseconds = 1000

    /// What the command makes happen to the task's life.
    static func decideLife(
        _ command: TaskCommand, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        let now = max(now, state.updatedAt)
        switch command {
        case .begin(let assignment): return try begin(assignment, state, at: now)
        case .hold(let provider): return try hold(provider, state, facts, at: now, using: &rng)
        case .refuse(let failure):
            switch state.phase {
            case .pending, .held:
                return inChain(.impossible(failure), state, facts, at: now, using: &rng)
                    ?? fallback(.missingCallback, failure, state, facts, at: now, using: &rng)
                    ?? ending(.permanentError, failure, state, facts, at: now, using: &rng)
            default: throw .outOfDate
            }
        case .attemptEnded(let number, let outcome):
            return try attemptEnded(number, outcome, state, facts, at: now, using: &rng)
        case .report(let attempt, let report):
            return try reported(report, of: attempt, state, facts, at: now, using: &rng)
        case .timeIsUp: return try timeIsUp(state, facts, at: now, using: &rng)
        case .abandon(let poisonous):
            return try abandon(poisonous: poisonous, state, facts, at: now, using: &rng)
        case .cancel(let reason, let actor):
            guard !state.status.isFinal else { throw .alreadyEnded(state.status) }
            return [.taskCancelled(reason: reason, actor: actor)]
        case .retry(let retry): return try requeue(retry, state, at: now, using: &rng)
        case .decide(let verdict): return try decided(verdict, state, facts, at: now, using: &rng)
        case .resolveDeadLetter(let note, let actor):
            return [.deadLetterResolved(try pendingDeadLetter(state), note: note, actor: actor)]
        case .discardDeadLetter(let note, let actor):
            return [.deadLetterDiscarded(try pendingDeadLetter(state), note: note, actor: actor)]
        }
    }

    // MARK: Beginning

    private static func begin(_ assignment: Assignment, _ state: TaskState, at now: Timestamp)
        throws(Rejection) -> [TaskEvent]
    {
        var events: [TaskEvent] = []
        events.reserveCapacity(4)
        switch state.phase {
        case .pending: if state.roundStartedAt == nil { events.append(.taskStarted(round: state.round)) }
        case .held(let provider, _): events.append(.taskReleased(provider: provider, probe: assignment.probe))
        default: throw .outOfDate
        }
        if assignment.halfOpens { events.append(.circuitBreakerHalfOpened(provider: assignment.provider)) }
        if let run = state.runningChain {
            events.append(.attemptStarted(attempt(state.attempts + 1, assignment, run, state.spec)))
            return events
        }
        events.append(
            .attemptStarted(
                AttemptStart(
                    number: state.attempts + 1, agentID: assignment.agentID, provider: assignment.provider,
                    node: assignment.node, breaker: assignment.breaker, failureRate: assignment.failureRate,
                    probe: assignment.probe, counted: !assignment.probe,
                    timeout: state.spec.timeout ?? assignment.timeout)))
        return events
    }

    /// The turn of a task whose provider's breaker is open: wait without spending, or give up, as its policy says.
    private static func hold(
        _ provider: ProviderID, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        guard case .pending = state.phase else { throw .outOfDate }
        let shut = ChainDecider.Happening.impossible(.circuitOpen(provider))
        if let next = inChain(shut, state, facts, at: now, using: &rng) { return next }
        let failure = state.failureOfRound ?? .circuitOpen(provider)
        if let chain = fallback(.breakerOpen, failure, state, facts, at: now, using: &rng) { return chain }
        let started: [TaskEvent] = state.roundStartedAt == nil ? [.taskStarted(round: state.round)] : []
        return started + openBreaker(provider, state.failureOfRound, state, facts, at: now, using: &rng)
    }

    private static func openBreaker(
        _ provider: ProviderID, _ failure: Failure?, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        let policy = state.spec.retryPolicy
        let until = (state.firstHeldAt ?? now) + policy.hold
        if policy.onOpenBreaker == .hold, until > now { return [.taskHeld(provider: provider, until: until)] }
        return skipRetries(provider, failure, state, facts, at: now, using: &rng)
    }

    /// - Parameter failure: How the round's last attempt failed; nil: none was made.
    private static func skipRetries(
        _ provider: ProviderID, _ failure: Failure?, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        let failure = failure ?? .circuitOpen(provider)
        let remaining = max(0, state.spec.retryPolicy.maxAttempts - state.roundAttempts)
        return [.retriesSkipped(provider: provider, remaining: remaining)]
            + ending(.circuitOpen, failure, state, facts, at: now, using: &rng)
    }

    // MARK: An attempt's end

    private static func attemptEnded(
        _ number: Int, _ outcome: AttemptOutcome, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        guard state.currentAttempt == number, let attempt = state.attempt else {
            return answeredLate(number, outcome, state)
        }
        let duration = now - attempt.startedAt
        switch outcome {
        case .succeeded(let output, let status):
            let success = AttemptSuccess(number: number, duration: duration, httpStatus: status)
            return completing(success, output, attempt, state, facts, at: now, using: &rng)
        case .accepted:
            guard case .running = state.phase else { return [] }
            let accepted = TaskEvent.attemptAccepted(number: number, until: now + attempt.start.timeout)
            return [accepted] + closing(attempt, facts)
        case .failed(let failure):
            // A 202 and then a broken connection: the report decides.
            guard case .running = state.phase else { return [] }
            let failed = AttemptFailure(number: number, duration: duration, failure: failure)
            return afterFailure(failed, attempt, state, facts, at: now, using: &rng)
        case .interrupted, .cancelled:
            // Broken off although it is current: nobody else will end it, so it runs again.
            guard case .running = state.phase else { return [] }
            return [.attemptInterrupted(number: number)]
        }
    }

    private static func completing(
        _ success: AttemptSuccess, _ output: JSONText?, _ attempt: TaskState.Attempt, _ state: TaskState,
        _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        let done = [.attemptSuccess(success)] + closing(attempt, facts)
        return done
            + (inChain(.attemptSucceeded, output: output, taking: done, state, facts, at: now, using: &rng)
                ?? [.taskCompleted(output: output)])
    }

    /// A callback's own answer after the attempt had ended: ignored after a report, else kept.
    private static func answeredLate(_ number: Int, _ outcome: AttemptOutcome, _ state: TaskState)
        -> [TaskEvent]
    {
        if let attempt = state.attempt, attempt.start.number == number, case .reported? = attempt.ended {
            return []
        }
        if state.reports.contains(where: { $0.attempt == number }) { return [] }
        let late: LateResult
        switch outcome {
        case .succeeded(let output, _):
            let mark = ReportMark(kind: "answer", body: output?.bytes ?? [])
            late = LateResult(attempt: number, kind: .complete, output: output, mark: mark)
        case .failed(let failure) where failure.type != .cancelled && failure.sent != .no:
            let mark = ReportMark(kind: "answer-fail", body: Array(failure.message.utf8))
            late = LateResult(attempt: number, kind: .fail, message: failure.message, mark: mark)
        default: return []
        }
        return keep(late, state).map { [.lateResult($0)] } ?? []
    }

    /// What follows a failed attempt: a retry, a hold, or the end of the round. All in one append.
    private static func afterFailure(
        _ failed: AttemptFailure, _ attempt: TaskState.Attempt, _ state: TaskState, _ facts: Facts,
        at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        let provider = attempt.start.provider
        var events: [TaskEvent] = [.attemptFailed(failed)]
        // A failed probe opens it again, which is no new trip; an accepted probe's call was over long ago.
        let reopens = attempt.start.probe && state.phase == .running
        if case .opened(let until, let rate)? = facts.breakerChange, !reopens {
            events.append(.circuitBreakerOpened(provider: provider, until: until, failureRate: rate))
        }
        events += closing(attempt, facts)
        return events
            + next(after: failed.failure, attempt, taking: events, state, facts, at: now, using: &rng)
    }

    /// This attempt's answer closed the breaker; even a refusal is an answer.
    private static func closing(_ attempt: TaskState.Attempt, _ facts: Facts) -> [TaskEvent] {
        facts.breakerChange == .closed ? [.circuitBreakerClosed(provider: attempt.start.provider)] : []
    }

    private static func next(
        after failure: Failure, _ attempt: TaskState.Attempt, taking events: [TaskEvent], _ state: TaskState,
        _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        if let next = inChain(.attemptFailed, taking: events, state, facts, at: now, using: &rng) {
            return next
        }
        let policy = state.spec.retryPolicy
        // A failed probe has spent nothing: back to the end of the line.
        let isSpent =
            !(attempt.start.probe && facts.breaker == .open) && state.roundAttempts >= policy.maxAttempts
        guard failure.errorClass == .retryable, !isSpent else {
            return fallback(.attemptFailed, failure, taking: events, state, facts, at: now, using: &rng)
                ?? ending(
                    failure.errorClass == .retryable ? .retriesExhausted : .permanentError, failure, state,
                    facts, at: now, using: &rng)
        }
        if facts.breaker == .open {
            return fallback(.breakerOpen, failure, taking: events, state, facts, at: now, using: &rng)
                ?? openBreaker(attempt.start.provider, failure, state, facts, at: now, using: &rng)
        }
        let delay = Backoff.delay(
            afterFailure: max(1, state.roundAttempts), policy: policy, retryAfter: failure.retryAfter,
            using: &rng)
        let due = now + delay
        if let limit = policy.maxElapsed, due - (state.roundStartedAt ?? now) > limit {
            return fallback(.attemptFailed, failure, taking: events, state, facts, at: now, using: &rng)
                ?? ending(.retriesExhausted, failure, state, facts, at: now, using: &rng)
        }
        return [.taskRetried(delay: delay, due: due, nextAttempt: state.roundAttempts + 1)]
    }

    private static func abandon(
        poisonous: Bool, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        guard case .running = state.phase, let attempt = state.attempt else { throw .outOfDate }
        let node = attempt.start.node
        let failure = Failure(
            type: .workerLost, message: "The node \(node) that ran this attempt is gone.", sent: .maybe)
        let lost: [TaskEvent] = [.attemptAbandoned(number: attempt.start.number, node: node)]
        if poisonous, state.abandonedInARow + 1 >= poisonLimit {
            return lost + ending(.poison, failure, state, facts, at: now, using: &rng)
        }
        // A chain's step makes its attempt again, as if nothing had been.
        if state.runningChain != nil { return lost }
        return lost + next(after: failure, attempt, taking: lost, state, facts, at: now, using: &rng)
    }

    // MARK: Reports

    private static func reported(
        _ report: AgentReport, of number: Int, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        guard state.currentAttempt == number, let attempt = state.attempt else {
            throw refusal(of: report, number, state)
        }
        let duration = now - attempt.startedAt
        switch report {
        case .progress(let percent, let message): return progress(percent, message, attempt, state, at: now)
        case .complete(let output, let mark):
            let success = AttemptSuccess(number: number, duration: duration, report: mark)
            return completing(success, output, attempt, state, facts, at: now, using: &rng)
        case .fail(let failure, let mark):
            let failed = AttemptFailure(number: number, duration: duration, failure: failure, report: mark)
            return afterFailure(failed, attempt, state, facts, at: now, using: &rng)
        }
    }

    private static func progress(
        _ percent: Double, _ message: String?, _ attempt: TaskState.Attempt, _ state: TaskState,
        at now: Timestamp
    ) -> [TaskEvent] {
        if let last = state.progress, now - last.at < progressInterval, percent < 100 || last.percent >= 100 {
            return []
        }
        var until: Timestamp?
        // The reports that are dropped meanwhile extend it too, so their second is granted beforehand.
        if case .accepted = state.phase { until = now + attempt.start.timeout + progressInterval }
        let number = attempt.start.number
        return [.taskProgress(Progress(attempt: number, percent: percent, message: message, until: until))]
    }

    private static func refusal(of report: AgentReport, _ number: Int, _ state: TaskState) -> Rejection {
        let late: LateResult
        switch report {
        case .progress: return .notCurrent(status: state.status, keep: nil)
        case .complete(let output, let mark):
            late = LateResult(attempt: number, kind: .complete, output: output, mark: mark)
        case .fail(let failure, let mark):
            late = LateResult(attempt: number, kind: .fail, message: failure.message, mark: mark)
        }
        if state.reports.contains(.init(attempt: number, mark: late.mark)) { return .repeatedReport }
        return .notCurrent(status: state.status, keep: keep(late, state))
    }

    /// The late result, if it is not among those kept already.
    private static func keep(_ late: LateResult, _ state: TaskState) -> LateResult? {
        state.lateResults.count >= maxLateResults || state.lateResults.contains(late) ? nil : late
    }

    // MARK: Times

    private static func timeIsUp(
        _ state: TaskState, _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        if let deadline = state.deadline, deadline <= now, !state.status.isFinal {
            return missedDeadline(state, facts, at: now, using: &rng)
        }
        switch state.phase {
        case .held(let provider, let until) where until <= now:
            let failure = state.failureOfRound
            return fallback(
                .breakerOpen, failure ?? .circuitOpen(provider), state, facts, at: now, using: &rng)
                ?? skipRetries(provider, failure, state, facts, at: now, using: &rng)
        case .accepted(let until) where until <= now:
            guard let attempt = state.attempt else { throw .outOfDate }
            let timeout = Failure(
                type: .timeout, message: "The agent accepted the task and then reported nothing in time.",
                sent: .yes)
            let failed = AttemptFailure(
                number: attempt.start.number, duration: now - attempt.startedAt, failure: timeout)
            return afterFailure(failed, attempt, state, facts, at: now, using: &rng)
        case .waiting(let until?) where until <= now:
            return try decided(
                Verdict(.timedOut, actor: "system"), state, facts, at: now, using: &rng)
        default: throw .outOfDate
        }
    }

    private static func missedDeadline(
        _ state: TaskState, _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        let sent: Sent = state.currentAttempt == nil ? .no : .maybe
        let failure = Failure(
            type: .deadlineExceeded, message: "The task had not ended by its deadline.", sent: sent)
        var events: [TaskEvent] = []
        if let number = state.currentAttempt, let attempt = state.attempt {
            let duration = now - attempt.startedAt
            events.append(
                .attemptFailed(AttemptFailure(number: number, duration: duration, failure: failure)))
        }
        return events + ending(.deadlineExceeded, failure, state, facts, at: now, using: &rng)
    }
}
