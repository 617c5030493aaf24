import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
package import KintsugiWire

/// Turns recorded events into rows for people, one after the other from the first: what a row says depends on
/// what came before it.
package struct TimelineFold: Sendable {
    private let id: TaskID
    private(set) var state: TaskState?
    /// Attempts begun before this round.
    private(set) var attemptsBefore = 0
    private(set) var heldAt: Timestamp?
    private(set) var agents: [Int: AgentID] = [:]
    private var wasInputEdited = false

    package init(of id: TaskID) { self.id = id }

    /// The row of the next event. `following` are the events after it of the same append, as far as they are
    /// known: a success tells the size of the output, which stands with the completion.
    package mutating func row(_ recorded: RecordedEvent, following: ArraySlice<RecordedEvent> = [])
        -> TimelineEventResource
    {
        let moment = advance(recorded, following)
        return TimelineEventResource(
            seq: recorded.seq, position: recorded.position, type: recorded.event.type,
            severity: recorded.event.severity, at: recorded.at.rfc3339, attempt: moment.attempt,
            round: moment.after.round, message: moment.message, data: moment.data, actor: moment.actor)
    }

    /// Takes an event in whose row nobody wants.
    package mutating func skip(_ recorded: RecordedEvent) { _ = advance(recorded, []) }

    private mutating func advance(_ recorded: RecordedEvent, _ following: ArraySlice<RecordedEvent>)
        -> TimelineMoment
    {
        let before = state
        var after: TaskState
        if let before {
            after = before
            after.evolve(recorded.event, at: recorded.at)
        } else {
            after = TaskState(id: id, spec: recorded.event.spec ?? .unknown, at: recorded.at)
        }
        state = after
        if case .attemptStarted(let start) = recorded.event { agents[start.number] = start.agentID }
        let moment = TimelineMoment(
            event: recorded.event, output: following.lazy.compactMap(\.event.output).first, at: recorded.at,
            before: before ?? after, after: after, attemptsBefore: attemptsBefore, heldAt: heldAt,
            agents: agents,
            isInputEdited: wasInputEdited)
        wasInputEdited = recorded.event.type == .inputEdited
        if case .taskHeld = recorded.event { heldAt = recorded.at }
        if case .taskRequeued = recorded.event { attemptsBefore = after.attempts }
        return moment
    }
}

/// One event with the state on both sides of it.
struct TimelineMoment {
    let event: TaskEvent
    /// Of the completion that follows, if one does.
    let output: JSONText?
    let at: Timestamp
    let before: TaskState
    let after: TaskState
    let attemptsBefore: Int
    let heldAt: Timestamp?
    let agents: [Int: AgentID]
    /// Whether an `input_edited` stands right before this event.
    let isInputEdited: Bool

    /// Attempts begun in this round.
    var attemptsInRound: Int { max(0, after.attempts - attemptsBefore) }
    var sinceRoundBegan: Milliseconds { max(0, at - (before.roundStartedAt ?? at)) }
    var sinceAttemptBegan: Milliseconds { max(0, at - (before.attempt?.startedAt ?? at)) }
    var maxAttempts: Int { after.spec.retryPolicy.maxAttempts }

    /// The attempt that the event is about.
    var attempt: Int? {
        switch event {
        case .attemptStarted(let start): start.number
        case .attemptSuccess(let success): success.number
        case .attemptFailed(let failed): failed.number
        case .attemptAccepted(let number, _), .attemptAbandoned(let number, _),
            .attemptInterrupted(let number):
            number
        case .taskProgress(let progress): progress.attempt
        case .lateResult(let late): late.attempt
        case .circuitBreakerHalfOpened: before.attempts + 1
        case .taskRetried, .circuitBreakerOpened, .circuitBreakerClosed: after.attempt?.start.number
        default: nil
        }
    }

    var actor: String {
        switch event {
        case .taskCreated(let spec): spec.origin == .user ? Actor.user(spec.userID) : Actor.system
        case .attemptSuccess, .attemptAccepted, .taskProgress, .lateResult:
            Actor.agent(attempt.flatMap { agents[$0] })
        case .attemptFailed(let failed):
            failed.report != nil || failed.failure.httpStatus != nil
                ? Actor.agent(agents[failed.number]) : Actor.system
        case .taskCancelled(_, let actor), .inputEdited(_, _, _, let actor),
            .deadLetterResolved(_, _, let actor), .deadLetterDiscarded(_, _, let actor):
            Actor.shown(actor)
        case .taskResumed(let resumption): Actor.shown(resumption.actor)
        case .taskRequeued(let requeue): Actor.shown(requeue.actor)
        default: Actor.system
        }
    }
}

extension TaskEvent {
    fileprivate var spec: TaskSpec? { if case .taskCreated(let spec) = self { spec } else { nil } }
    fileprivate var output: JSONText? { if case .taskCompleted(let output) = self { output } else { nil } }
}

extension TaskSpec {
    /// For a log that does not begin as it must.
    fileprivate static let unknown = TaskSpec(type: "unknown", userID: UserID("unknown"))
}
