import Kintsugi
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import KintsugiServer

/// A task's story, told event by event a second apart.
struct Story {
    let id = TaskID(UUID7(milliseconds: 1_769_851_800_000, random: 1, 2))
    private(set) var events: [RecordedEvent] = []
    private var now = Timestamp(milliseconds: 1_769_851_800_000)

    static let deadLetter = DeadLetterID(UUID7(milliseconds: 1_769_851_800_000, random: 3, 4))
    static let agent = AgentID("a")
    static let provider = ProviderID("p")

    static func start(_ number: Int, probe: Bool = false) -> TaskEvent {
        .attemptStarted(
            AttemptStart(
                number: number, agentID: agent, provider: provider, node: "n", probe: probe, counted: !probe,
                timeout: 30_000))
    }

    static func failure(_ number: Int, _ status: Int? = 503, _ type: ErrorType = .serverError) -> TaskEvent {
        .attemptFailed(
            AttemptFailure(
                number: number, duration: 250,
                failure: Failure(type: type, message: "No.", httpStatus: status)))
    }

    static func spec(_ policy: RetryPolicy = .standard) -> TaskSpec {
        TaskSpec(type: "t", userID: UserID("u"), agentID: agent, retryPolicy: policy)
    }

    init(_ told: TaskEvent..., spec: TaskSpec = Story.spec()) {
        add(.taskCreated(spec))
        for event in told { add(event) }
    }

    mutating func add(_ event: TaskEvent) {
        events.append(
            RecordedEvent(seq: events.count + 1, position: Int64(events.count + 1), at: now, event: event))
        now = now + 1000
    }

    var state: TaskState {
        get throws { try #require(TaskState(id: id, folding: events.map { ($0.event, $0.at) })) }
    }

    /// The time of the last event.
    var end: Timestamp { now + -1000 }
}

@Suite("What clients are told")
struct MappingTests {
    private func explained(_ story: Story, _ obstacle: Obstacle? = nil, later: Milliseconds = 0) throws
        -> String
    {
        Explanation.sentence(for: try story.state, Outlook(now: story.end + later, obstacle: obstacle))
    }

    @Test("A task that waits for its retry says how long, which, and why")
    func backoff() throws {
        var story = Story(.taskStarted(round: 1), Story.start(1), Story.failure(1))
        story.add(.taskRetried(delay: 2100, due: story.end + 3100, nextAttempt: 2))
        #expect(try explained(story) == "Waiting 3.1 s before attempt 2 of 6 because the agent answered 503.")
        #expect(try explained(story, later: 60_000) == "Waiting for its turn to begin attempt 2 of 6.")
    }

    @Test(
        "A task that is ready says what is in its way",
        arguments: [
            (StatusReason.queued, "Waiting for its turn."),
            (.agentPaused, "Waiting because agent a is paused."),
            (.atCapacity, "Waiting because agent a runs as many attempts as it may."),
            (.rateLimited, "Waiting because agent a has reached its rate limit."),
            (.retryBudget, "Waiting before attempt 1 of 6 because the retry budget of p is used up."),
            (.breakerOpen, "Waiting, spending no attempt, because the circuit breaker of p is open."),
        ])
    func obstacles(reason: StatusReason, sentence: String) throws {
        #expect(try explained(Story(), Obstacle(reason: reason, provider: Story.provider)) == sentence)
    }

    @Test("Every phase has its sentence")
    func phases() throws {
        let due = Timestamp(milliseconds: 1_769_855_400_000)
        var scheduled = Story.spec()
        scheduled.runAt = due
        #expect(try explained(Story(spec: scheduled)) == "Scheduled: it begins at 2026-01-31T10:30:00.000Z.")
        let running = Story(.taskStarted(round: 1), Story.start(1))
        #expect(try explained(running) == "Agent a is running attempt 1 of 6.")
        #expect(
            try explained(Story(.taskStarted(round: 1), Story.start(1, probe: true)))
                == "Agent a is being probed with it, to see whether p works again.")
        var accepted = running
        accepted.add(.attemptAccepted(number: 1, until: due))
        accepted.add(.taskProgress(Progress(attempt: 1, percent: 40, message: nil)))
        #expect(
            try explained(accepted)
                == "Agent a has accepted attempt 1 of 6 and will report by 2026-01-31T10:30:00.000Z (40 % done)."
        )
        var held = Story(.taskStarted(round: 1))
        held.add(.taskHeld(provider: Story.provider, until: due))
        #expect(
            try explained(held).hasPrefix(
                "Held, spending no attempt, because the circuit breaker of p is open"))
        #expect(
            try explained(Story(.taskEscalated(until: nil, message: nil)))
                == "Waiting for a person to decide.")
        #expect(
            try explained(Story(.taskCancelled(reason: nil, actor: "user:u")))
                == "Cancelled before its first attempt.")
        var done = running
        done.add(.attemptSuccess(AttemptSuccess(number: 1, duration: 1)))
        done.add(.taskCompleted(output: nil))
        #expect(try explained(done) == "Completed by agent a at the first attempt.")
    }

    @Test("Every reason to fail has its sentence", arguments: DeadLetterReason.allCases)
    func failures(reason: DeadLetterReason) throws {
        let failure = Failure(type: .validationError, message: "No.", httpStatus: 400)
        let story = Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1, 400, .validationError),
            .taskFailed(reason: reason, failure: failure), .movedToDLQ(Story.deadLetter, reason: reason))
        let sentence = try explained(story)
        #expect(sentence.hasSuffix(". It waits in the dead letter queue."))
        let resource = TaskResource(try story.state, Outlook(now: story.end))
        #expect(resource.statusReason.rawValue == reason.rawValue)
        #expect(resource.failedTaskID == Story.deadLetter.description)
    }

    @Test("Spans are said as people say them")
    func spans() {
        let said = [0, 999, 1000, 3100, 119_900, 120_000, 7_200_000, 172_800_000].map { Phrases.span($0) }
        #expect(said == ["0 ms", "999 ms", "1 s", "3.1 s", "119.9 s", "2 min", "2 h", "2 d"])
    }

    @Test("Attempts are read out of events")
    func attempts() {
        var story = Story(.taskStarted(round: 1), Story.start(1), Story.failure(1))
        story.add(.taskRetried(delay: 1000, due: story.end + 1000, nextAttempt: 2))
        story.add(Story.start(2))
        story.add(.attemptAbandoned(number: 2, node: "n"))
        story.add(Story.start(3, probe: true))
        story.add(.attemptInterrupted(number: 3))
        story.add(Story.start(4))
        story.add(.attemptAccepted(number: 4, until: story.end + 30_000))
        story.add(.taskCancelled(reason: nil, actor: "user:u"))
        var fold = AttemptFold(of: story.id)
        for event in story.events { fold.take(event) }
        #expect(fold.attempts.map(\.number) == [1, 2, 3, 4])
        #expect(fold.attempts.map(\.status) == [.failed, .abandoned, .interrupted, .cancelled])
        #expect(fold.attempts.map(\.httpStatus) == [503, nil, nil, 202])
        #expect(fold.attempts.map { $0.retry?.delay } == [1000, nil, nil, nil])
        #expect(fold.attempts.map(\.probe) == [false, false, true, false])
        #expect(fold.attempts.map(\.duration) == [250, 1000, 1000, 2000])
        #expect(fold.attempts[1].error?.type == .workerLost)
    }

    @Test("The data of every event has exactly the members that the document promises")
    func eventData() throws {
        let fault = Failure(type: .serverError, message: "No.", httpStatus: 503)
        let mark = ReportMark(value: 1)
        let due = Timestamp(milliseconds: 1_769_855_400_000)
        let requeue = Requeue(
            round: 2, cause: .manual, actor: "user:u", failedTaskID: Story.deadLetter, due: due)
        let story = Story(
            .taskStarted(round: 1), Story.start(1), .attemptAccepted(number: 1, until: due),
            .taskProgress(Progress(attempt: 1, percent: 5, message: "x")), Story.failure(1),
            .circuitBreakerOpened(provider: Story.provider, until: due, failureRate: 0.5),
            .taskRetried(delay: 1, due: due, nextAttempt: 2), Story.start(2),
            .attemptAbandoned(number: 2, node: "n"), .taskHeld(provider: Story.provider, until: due),
            .taskReleased(provider: Story.provider, probe: true),
            .circuitBreakerHalfOpened(provider: Story.provider), Story.start(3, probe: true),
            .attemptInterrupted(number: 3), .retriesSkipped(provider: Story.provider, remaining: 2),
            .taskFailed(reason: .circuitOpen, failure: fault),
            .movedToDLQ(Story.deadLetter, reason: .circuitOpen),
            .deadLetterResolved(Story.deadLetter, note: "n", actor: "user:u"),
            .deadLetterDiscarded(Story.deadLetter, note: nil, actor: "user:u"),
            .inputEdited(before: .null, after: .null, revision: 2, actor: "user:u"), .taskRequeued(requeue),
            .taskStarted(round: 2), Story.start(4), .attemptSuccess(AttemptSuccess(number: 4, duration: 1)),
            .circuitBreakerClosed(provider: Story.provider), .taskCompleted(output: JSONText(valid: [49])),
            .lateResult(LateResult(attempt: 1, kind: .fail, message: "late", mark: mark)),
            chain(.fallbackStarted), chain(.fallbackStepStarted), .taskEscalated(until: due, message: "m"),
            .taskResumed(Resumption(.retry, actor: "user:u")), chain(.fallbackStepFailed),
            chain(.fallbackStepSucceeded), chain(.fallbackSucceeded), chain(.fallbackExhausted),
            .taskCancelled(reason: "r", actor: "user:u"))
        var fold = TimelineFold(of: story.id)
        var seen: Set<EventType> = []
        for (index, event) in story.events.enumerated() {
            let row = fold.row(event, following: story.events[(index + 1)...].prefix(2))
            let data = try JSONNode(parsing: row.data.bytes)
            let schema = OpenAPIDocument.root?["components"]?["schemas"]?["EventData.\(row.type.rawValue)"]
            let promised = try #require(schema?["required"]?.array).compactMap(\.string)
            #expect(data.object?.map(\.name) == promised, "\(row.type.rawValue)")
            #expect(!row.message.isEmpty && row.message.hasSuffix(".") || row.message.contains(": "))
            seen.insert(row.type)
        }
        let later = EventType.allCases.filter { $0.rawValue.hasPrefix("alert") }
        #expect(seen.union(later) == Set(EventType.allCases))
    }

    private func chain(_ type: EventType) -> TaskEvent {
        .fallback(FallbackEvent(type: type, chainID: "c", step: 1, strategy: "retry"))
    }

    @Test("A success tells the size of the output that stands with the completion")
    func outputBytes() throws {
        let story = Story(
            .taskStarted(round: 1), Story.start(1), .attemptSuccess(AttemptSuccess(number: 1, duration: 1)),
            .circuitBreakerClosed(provider: Story.provider),
            .taskCompleted(output: JSONText(valid: Array("12345".utf8))))
        var fold = TimelineFold(of: story.id)
        let rows = story.events.indices.map {
            fold.row(story.events[$0], following: story.events[($0 + 1)...].prefix(2))
        }
        #expect(try JSONNode(parsing: rows[3].data.bytes)["output_bytes"]?.int == 5)
        #expect(rows.map(\.attempt) == [nil, nil, 1, 1, 1, nil])
        #expect(rows.map(\.actor) == ["user:u", "system", "system", "agent:a", "system", "system"])
    }
}
