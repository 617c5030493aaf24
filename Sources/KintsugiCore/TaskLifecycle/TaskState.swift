package import KintsugiVocabulary

/// What a task is now: the fold of its events.
package struct TaskState: Sendable, Hashable {
    package let id: TaskID
    /// Boxed: it never changes, is the larger part, and states are copied on every step.
    private var specBox: SpecBox
    package var spec: TaskSpec { _read { yield specBox.spec } }
    package let createdAt: Timestamp
    /// The `seq` of the last event.
    package private(set) var version = 0
    package private(set) var updatedAt: Timestamp
    package private(set) var phase: Phase
    /// The input of the current round and how often it was edited (1: never).
    package private(set) var input: JSONText
    package private(set) var inputRevision = 1
    /// The agent asked for, which a retry may change.
    package private(set) var agentID: AgentID?
    package private(set) var deadline: Timestamp?
    package private(set) var output: JSONText?
    package private(set) var lastFailure: DatedFailure?
    package private(set) var progress: DatedProgress?
    package private(set) var round = 1
    /// Nil until the round begins.
    package private(set) var roundStartedAt: Timestamp?
    /// Attempts begun over all rounds.
    package private(set) var attempts = 0
    /// Attempts of this round that count against `max_attempts`.
    package private(set) var roundAttempts = 0
    /// The current attempt while one is running or accepted, else the last one.
    package private(set) var attempt: Attempt?
    /// When the first hold of this round began: `hold_ms` runs from here.
    package private(set) var firstHeldAt: Timestamp?
    package private(set) var startedAt: Timestamp?
    package private(set) var finishedAt: Timestamp?
    package private(set) var deadLetter: DeadLetterEntry?
    /// What is being tried to mend it.
    package private(set) var remedies = RemedyFold()
    /// Boxed: few tasks have one, and states are copied on every step.
    var chainBox: ChainBox?
    /// The alert that it is part of until it is cured.
    package private(set) var alert: AlertMark?
    /// Attempts in a row whose process died under them.
    package private(set) var abandonedInARow = 0
    package private(set) var lateResults: [LateResult] = []
    /// Reports that became an attempt's outcome, the latest `TaskRules.maxReports`: a repeated one is known by them.
    package private(set) var reports: [TakenReport] = []

    private final class SpecBox: Sendable, Hashable {
        let spec: TaskSpec
        init(_ spec: TaskSpec) { self.spec = spec }
        static func == (lhs: SpecBox, rhs: SpecBox) -> Bool { lhs === rhs || lhs.spec == rhs.spec }
        func hash(into hasher: inout Hasher) { hasher.combine(spec) }
    }

    /// Where the task is, with what only exists there.
    package enum Phase: Sendable, Hashable {
        /// Waits for its time, then for its turn.
        case pending(due: Timestamp, why: PendingCause)
        /// The breaker is open: no attempt until it closes, at most until then.
        case held(provider: ProviderID, until: Timestamp)
        case running
        /// The agent answered 202; its report is due by then.
        case accepted(until: Timestamp)
        /// For a person.
        case waiting(until: Timestamp?)
        case completed(byFallback: Bool)
        case failed(DeadLetterReason)
        case cancelled
    }

    package enum PendingCause: Sendable, Hashable {
        case scheduled, backoff
    }

    package struct Attempt: Sendable, Hashable {
        package var start: AttemptStart
        package var startedAt: Timestamp
        package var ended: Ended?

        package enum Ended: Sendable, Hashable {
            /// By its agent's answer or report.
            case reported(ReportMark?)
            /// By us: cancelled, timed out, out of time, abandoned, interrupted.
            case withdrawn
        }
    }

    package struct TakenReport: Sendable, Hashable {
        package var attempt: Int
        package var mark: ReportMark
    }

    package struct DatedFailure: Sendable, Hashable {
        package var failure: Failure
        package var at: Timestamp
    }

    package struct DatedProgress: Sendable, Hashable {
        package var percent: Double
        package var message: String?
        package var at: Timestamp
    }

    package struct DeadLetterEntry: Sendable, Hashable {
        package var id: DeadLetterID
        package var reason: DeadLetterReason
        package var status: DeadLetterStatus
        package var at: Timestamp
    }

    /// The state after `task_created`, which must be the first event of every task.
    package init(id: TaskID, spec: TaskSpec, at now: Timestamp) {
        self.id = id
        specBox = SpecBox(spec)
        createdAt = now
        updatedAt = now
        input = spec.input
        agentID = spec.agentID
        deadline = spec.deadline
        phase = .pending(due: max(spec.runAt ?? now, now), why: .scheduled)
        version = 1
    }

    /// The state after all these events, each with its time; nil if the first is not `task_created`.
    package init?(id: TaskID, folding events: some Sequence<(event: TaskEvent, at: Timestamp)>) {
        var iterator = events.makeIterator()
        guard let first = iterator.next(), case .taskCreated(let spec) = first.event else { return nil }
        self.init(id: id, spec: spec, at: first.at)
        while let next = iterator.next() { evolve(next.event, at: next.at) }
    }

    package var status: TaskStatus {
        switch phase {
        case .pending, .held: .pending
        case .running, .accepted: .inProgress
        case .waiting: .waiting
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    /// The number of the attempt that runs or is accepted now.
    package var currentAttempt: Int? {
        switch phase {
        case .running, .accepted: attempt?.start.number
        default: nil
        }
    }

    /// When something must happen to this task by itself; nil once it has ended.
    ///
    /// The soonest of: due, end of the hold, report due, end of the escalation, deadline.
    package var nextAt: Timestamp? { nextAt(after: nil) }

    /// The same, seen at this time: a task that is due already waits for its turn, and only its deadline is left.
    package func nextAt(after now: Timestamp?) -> Timestamp? {
        let own: Timestamp?
        switch phase {
        case .pending(let due, _): own = now.map { due <= $0 } ?? false ? nil : due
        case .held(_, let until): own = until
        case .running: own = nil
        case .accepted(let until): own = until
        case .waiting(let until): own = until
        case .completed, .failed, .cancelled: return nil
        }
        switch (own, deadline) {
        case (let own?, let deadline?): return min(own, deadline)
        case (let own?, nil): return own
        case (nil, let deadline): return deadline
        }
    }
}

extension TaskState {
    /// Takes one more event in. Accepts every event that was ever stored, so it cannot fail.
    package mutating func evolve(_ event: TaskEvent, at now: Timestamp) {
        version += 1
        updatedAt = now
        noteRemedy(event)
        switch event {
        case .taskCreated(let spec): specBox = SpecBox(spec)
        case .taskStarted:
            roundStartedAt = now
            if startedAt == nil { startedAt = now }
        case .attemptStarted(let start): begin(start, at: now)
        case .attemptSuccess(let success):
            attempt?.ended = .reported(success.report)
            note(success.report, of: success.number)
            // A probe spends nothing unless it works: then it was this round's attempt.
            if let start = attempt?.start, !start.counted, start.probe, start.step == nil {
                roundAttempts += 1
            }
            abandonedInARow = 0
        case .attemptFailed(let failed):
            attempt?.ended = failed.isWithdrawn ? .withdrawn : .reported(failed.report)
            note(failed.report, of: failed.number)
            lastFailure = DatedFailure(failure: failed.failure, at: now)
            if chainBox != nil { noteFailure(failed.failure) }
            abandonedInARow = 0
            phase = .pending(due: now, why: .backoff)
        case .taskRetried(_, let due, _): phase = .pending(due: due, why: .backoff)
        case .taskFailed(let reason, let failure): end(.failed(reason), failure: failure, at: now)
        case .movedToDLQ(let id, let reason):
            deadLetter = DeadLetterEntry(id: id, reason: reason, status: .pending, at: now)
        case .taskCompleted(let output):
            self.output = output
            let byFallback =
                chain?.end == .succeeded || attempt.map { $0.ended == nil || $0.ended == .withdrawn } ?? true
            end(.completed(byFallback: byFallback), failure: nil, at: now)
        case .attemptAccepted(_, let until): phase = .accepted(until: until)
        case .attemptAbandoned(_, let node): abandon(node: node, at: now)
        case .attemptInterrupted:
            attempt?.ended = .withdrawn
            if attempt?.start.counted == true { roundAttempts = max(0, roundAttempts - 1) }
            phase = .pending(due: now, why: .scheduled)
        case .taskProgress(let progress):
            self.progress = DatedProgress(percent: progress.percent, message: progress.message, at: now)
            if let until = progress.until, case .accepted = phase { phase = .accepted(until: until) }
        case .taskCancelled:
            if currentAttempt != nil { attempt?.ended = .withdrawn }
            end(.cancelled, failure: nil, at: now)
        case .taskRequeued(let requeue): requeued(requeue)
        case .inputEdited(_, let after, let revision, _):
            input = after
            inputRevision = revision
        case .taskHeld(let provider, let until):
            if firstHeldAt == nil { firstHeldAt = now }
            phase = .held(provider: provider, until: until)
        case .taskReleased: phase = .pending(due: now, why: .scheduled)
        case .taskEscalated(let until, _): phase = .waiting(until: until)
        case .taskResumed(let resumption):
            phase = .pending(due: now, why: .scheduled)
            answered(resumption)
        case .fallback(let event): evolve(event, at: now)
        case .lateResult(let late):
            if lateResults.count < TaskRules.maxLateResults { lateResults.append(late) }
        case .deadLetterResolved: deadLetter?.status = .resolved
        case .deadLetterDiscarded: deadLetter?.status = .discarded
        case .alertRaised(let mark): alert = mark
        case .alertResolved(let id): if alert?.id == id { alert = nil }
        case .circuitBreakerOpened, .circuitBreakerHalfOpened, .circuitBreakerClosed, .retriesSkipped:
            break
        }
    }

    /// To be called before anything else is made of the event.
    private mutating func noteRemedy(_ event: TaskEvent) {
        var agent: AgentID?
        if case .taskRequeued = event { agent = agentID ?? attempt?.start.agentID }
        var counts: [RemedyFold.Count] = []
        remedies.take(event, agent: agent, into: &counts)
    }

    private mutating func begin(_ start: AttemptStart, at now: Timestamp) {
        attempts = start.number
        if start.counted { roundAttempts += 1 }
        attempt = Attempt(start: start, startedAt: now)
        progress = nil
        phase = .running
    }

    private mutating func note(_ report: ReportMark?, of attempt: Int) {
        guard let report else { return }
        if reports.count >= TaskRules.maxReports { reports.removeFirst() }
        reports.append(TakenReport(attempt: attempt, mark: report))
    }

    private mutating func abandon(node: String, at now: Timestamp) {
        attempt?.ended = .withdrawn
        abandonedInARow += 1
        let failure = Failure(
            type: .workerLost, message: "The node \(node) that ran this attempt is gone.", sent: .maybe)
        lastFailure = DatedFailure(failure: failure, at: now)
        phase = .pending(due: now, why: .backoff)
    }

    private mutating func requeued(_ requeue: Requeue) {
        round = requeue.round
        roundAttempts = 0
        roundStartedAt = nil
        firstHeldAt = nil
        finishedAt = nil
        output = nil
        progress = nil
        abandonedInARow = 0
        chainBox = nil
        deadLetter?.status = .retried
        if let agent = requeue.agentID { agentID = agent }
        deadline = requeue.deadline
        phase = .pending(due: requeue.due, why: .scheduled)
    }

    private mutating func end(_ phase: Phase, failure: Failure?, at now: Timestamp) {
        if let failure { lastFailure = DatedFailure(failure: failure, at: now) }
        self.phase = phase
        finishedAt = now
        firstHeldAt = nil
        if chainBox != nil { leaveChain() }
    }

    /// Waits for its turn, from then on.
    mutating func wait(until due: Timestamp, at now: Timestamp) {
        phase = .pending(due: due, why: due > now ? .backoff : .scheduled)
    }
}

extension TaskState {
    /// How the last attempt of this round failed; nil if none has.
    var failureOfRound: Failure? {
        guard let last = lastFailure, let started = roundStartedAt, last.at >= started else { return nil }
        return attempt.map { $0.startedAt >= started } ?? false ? last.failure : nil
    }
}

extension AttemptFailure {
    /// Whether we ended it and the agent did not: its own answer may still come.
    package var isWithdrawn: Bool {
        guard report == nil else { return false }
        return failure.type == .timeout && failure.httpStatus == nil || failure.type == .deadlineExceeded
    }
}
