import Foundation
import Kintsugi
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

/// The fixtures that the dashboard's fold of events runs as well (Tests/Dashboard/fold.test.mjs): each is a story as the
/// timeline tells it, with what the task is after every event. `KINTSUGI_RECORD=1` writes them anew.
@Suite("The fold in Swift and the one in JavaScript agree on the fixtures")
struct FoldFixtureTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Fixtures/folds")

    @Test("The fixtures are what the server tells", arguments: FoldStories.all.keys.sorted())
    func isCurrent(name: String) throws {
        let story = try #require(FoldStories.all[name])
        let told = try Self.fixture(of: story)
        let file = Self.folder.appendingPathComponent(name + ".json")
        if ProcessInfo.processInfo.environment["KINTSUGI_RECORD"] != nil {
            try Data(told.utf8).write(to: file)
        }
        let recorded = try String(contentsOf: file, encoding: .utf8)
        #expect(
            recorded == told,
            "\(name).json differs: run once with KINTSUGI_RECORD=1 and look at the difference")
    }

    @Test("No fixture is left over, and every type of event is in one")
    func areComplete() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files) == Set(FoldStories.all.keys.map { $0 + ".json" }))
        let told = Set(FoldStories.all.values.flatMap { $0.events.map(\.event.type) })
        #expect(told == Set(EventType.allCases))
    }

    private static func fixture(of story: Story) throws -> String {
        var rows = TimelineFold(of: story.id)
        var attempts = AttemptFold(of: story.id)
        var text = "{\"events\": [\n"
        var states: [String] = []
        var events: [String] = []
        for (index, recorded) in story.events.enumerated() {
            let following = story.events[(index + 1)...].prefix(2)
            events.append(String(decoding: rows.row(recorded, following: following).json, as: UTF8.self))
            attempts.take(recorded)
            let soFar = story.events.prefix(index + 1).map { ($0.event, $0.at) }
            let state = try #require(TaskState(id: story.id, folding: soFar))
            states.append(
                String(decoding: Self.json(of: state, attempts.attempts, at: recorded.at), as: UTF8.self))
        }
        text += events.joined(separator: ",\n") + "\n],\n\"states\": [\n"
        return text + states.joined(separator: ",\n") + "\n]}\n"
    }

    private static func json(of state: TaskState, _ attempts: [AttemptResource], at now: Timestamp) -> [UInt8]
    {
        let task = TaskResource(state, Outlook(now: now))
        return JSONWriter.object { json in
            json.member("status", task.status.rawValue)
            json.member("status_reason", task.statusReason.rawValue)
            json.member("round", task.round)
            json.member("attempt", task.attempt)
            json.member("round_attempt", task.roundAttempt)
            json.member("max_attempts", task.retryPolicy.maxAttempts)
            json.member("agent_id", task.agentID)
            json.member("error_type", task.error?.type.rawValue)
            json.member("percent", task.progress?.percent)
            json.member("created_at", task.createdAt)
            json.member("started_at", task.startedAt)
            json.member("finished_at", task.finishedAt)
            json.member("deadline_at", task.deadlineAt)
            json.member("failed_task_id", task.failedTaskID)
            json.member("dead_letter", state.deadLetter?.status.rawValue)
            json.member("fallback", resource: task.fallback)
            json.member("attempts", resources: attempts)
        }
    }
}

/// Stories that hold every type of event.
enum FoldStories {
    static let all: [String: Story] = [
        "completed": Story(.taskStarted(round: 1), Story.start(1), success(1), .taskCompleted(output: .null)),
        "healed": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1), retried(2, in: 1000), Story.start(2),
            Story.failure(2, nil, .timeout), retried(3, in: 2000), Story.start(3), success(3),
            .taskCompleted(output: .null)),
        "failed-then-mended": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1, 402, .clientError),
            .taskFailed(reason: .permanentError, failure: refused),
            .movedToDLQ(Story.deadLetter, reason: .permanentError),
            .alertRaised(AlertMark(id: alert, severity: .critical, cause: "00000000000000ab")),
            .inputEdited(
                before: .null, after: JSONText(valid: Array("1".utf8)), revision: 2, actor: "user:ann"),
            requeued(2), .taskStarted(round: 2), Story.start(2), success(2), .taskCompleted(output: .null),
            .alertResolved(id: alert), spec: paid),
        "held": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1),
            .circuitBreakerOpened(provider: Story.provider, until: time(30_000), failureRate: 0.5),
            .taskHeld(provider: Story.provider, until: time(600_000)),
            .circuitBreakerHalfOpened(provider: Story.provider),
            .taskReleased(provider: Story.provider, probe: true),
            Story.start(2, probe: true), success(2), .circuitBreakerClosed(provider: Story.provider),
            .taskCompleted(output: .null)),
        "hold-runs-out": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1),
            .taskHeld(provider: Story.provider, until: time(9_000)),
            .retriesSkipped(provider: Story.provider, remaining: 5),
            .taskFailed(reason: .circuitOpen, failure: refused),
            .movedToDLQ(Story.deadLetter, reason: .circuitOpen),
            .deadLetterDiscarded(Story.deadLetter, note: "not needed", actor: "user:ann")),
        "probe-fails": Story(
            .taskStarted(round: 1), Story.start(1, probe: true), Story.failure(1),
            .taskHeld(provider: Story.provider, until: time(600_000)),
            .taskReleased(provider: Story.provider, probe: false),
            Story.start(2), Story.failure(2, 422, .validationError),
            .taskFailed(reason: .permanentError, failure: refused),
            .movedToDLQ(Story.deadLetter, reason: .permanentError),
            .deadLetterResolved(Story.deadLetter, note: "by hand", actor: "user:ann")),
        "accepted": Story(
            .taskStarted(round: 1), Story.start(1), .attemptAccepted(number: 1, until: time(30_000)),
            progress(20), progress(70), success(1, nil), .taskCompleted(output: .null)),
        "abandoned": Story(
            .taskStarted(round: 1), Story.start(1), .attemptAbandoned(number: 1, node: "n"),
            retried(2, in: 500),
            Story.start(2), .attemptInterrupted(number: 2), Story.start(3), success(3),
            .taskCompleted(output: .null)),
        "cancelled-while-running": Story(
            .taskStarted(round: 1), Story.start(1), progress(10),
            .taskCancelled(reason: "no more", actor: "user:ann"),
            late(1), .movedToDLQ(Story.deadLetter, reason: .cancelled),
            requeued(2, delay: 5_000, agent: AgentID("b")),
            .taskStarted(round: 2), Story.start(2), success(2), .taskCompleted(output: .null)),
        "cancelled-while-pending": Story(.taskCancelled(reason: nil, actor: "user:ann"), spec: later),
        "escalated": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1, 422, .validationError), began(),
            step(1, agent: other), ofStep(2, 1, other), Story.failure(2), chain(.fallbackStepFailed, 1),
            step(2),
            .taskEscalated(until: time(90_000), message: "Is this right?"),
            .taskResumed(Resumption(.retry, actor: "user:ann", note: "yes")), ofStep(3, 2, Story.agent),
            success(3), chain(.fallbackStepSucceeded, 2), chain(.fallbackSucceeded, 0),
            .taskCompleted(output: .null)),
        "chain-exhausted": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1, 500), began(),
            step(1, agent: other, due: time(60_000)), ofStep(2, 1, other),
            .attemptAbandoned(number: 2, node: "n"),
            ofStep(3, 1, other), Story.failure(3), retried(2, in: 40_000), ofStep(4, 1, other, probe: true),
            Story.failure(4), chain(.fallbackStepFailed, 1), chain(.fallbackExhausted, 0),
            .taskFailed(reason: .fallbackExhausted, failure: refused),
            .movedToDLQ(Story.deadLetter, reason: .fallbackExhausted), requeued(2),
            .taskHeld(provider: Story.provider, until: time(90_000))),
        "chain-mends": Story(
            .taskStarted(round: 1), began(.breakerOpen), step(1, agent: other),
            ofStep(1, 1, other, probe: true), success(1), .circuitBreakerClosed(provider: Story.provider),
            chain(.fallbackStepSucceeded, 1), chain(.fallbackSucceeded, 0), .taskCompleted(output: .null)),
        "decided": Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1, 422, .validationError),
            .taskFailed(reason: .permanentError, failure: refused),
            .movedToDLQ(Story.deadLetter, reason: .permanentError), requeued(2, agent: AgentID("c")),
            .taskStarted(round: 2), began(.breakerOpen), step(1, agent: other), ofStep(2, 1, other),
            Story.failure(2), chain(.fallbackStepFailed, 1), step(2),
            .taskEscalated(until: nil, message: nil),
            .taskResumed(Resumption(.complete, actor: "user:ann")), chain(.fallbackStepSucceeded, 2),
            chain(.fallbackSucceeded, 0), .taskCompleted(output: .null)),
    ]

    private static let began: Int64 = 1_769_851_800_000
    private static let alert = UUID7(milliseconds: 1_769_851_800_000, random: 5, 6)
    private static let refused = Failure(type: .clientError, message: "No.", httpStatus: 402)
    private static let paid: TaskSpec = {
        var spec = Story.spec()
        spec.payment = Money("250.00", "USD").map { Payment($0, kind: "payment") }
        spec.deadline = time(3_600_000)
        return spec
    }()
    private static let later: TaskSpec = {
        var spec = Story.spec()
        spec.runAt = time(60_000)
        return spec
    }()

    private static func time(_ later: Int64) -> Timestamp { Timestamp(milliseconds: began + later) }
    private static func success(_ number: Int, _ status: Int? = 200) -> TaskEvent {
        .attemptSuccess(AttemptSuccess(number: number, duration: 120, httpStatus: status))
    }
    private static func retried(_ next: Int, in delay: Milliseconds) -> TaskEvent {
        // Events of a story are a second apart, so the due time lies a while after any of them.
        .taskRetried(delay: delay, due: time(30_000 + delay), nextAttempt: next)
    }
    private static func progress(_ percent: Double) -> TaskEvent {
        .taskProgress(Progress(attempt: 1, percent: percent, message: "page \(Int(percent))"))
    }
    private static func requeued(_ round: Int, delay: Milliseconds = 0, agent: AgentID? = nil) -> TaskEvent {
        var requeue = Requeue(
            round: round, cause: .manual, actor: "user:ann", failedTaskID: Story.deadLetter,
            due: delay == 0 ? time(0) : time(60_000 + delay))
        requeue.agentID = agent
        return .taskRequeued(requeue)
    }
    private static func late(_ attempt: Int) -> TaskEvent {
        .lateResult(
            LateResult(
                attempt: attempt, kind: .complete, output: .null, message: nil, mark: ReportMark(value: 7)))
    }
    private static let other = AgentID("b")
    private static let snapshot = ChainSnapshot(
        id: "chain", name: "another, then a person", version: 3,
        steps: [
            FallbackStep(.switchAgent(nil)),
            FallbackStep(.escalate(message: "Is this right?", timeout: 60_000, then: .fail)),
        ])

    private static func began(_ trigger: ChainTrigger = .attemptFailed) -> TaskEvent {
        .fallback(
            FallbackEvent(
                type: .fallbackStarted, chainID: "chain", step: 0, strategy: nil, chain: snapshot,
                trigger: trigger, failure: trigger == .breakerOpen ? .circuitOpen(Story.provider) : nil))
    }
    private static func step(_ number: Int, agent: AgentID? = nil, due: Timestamp? = nil) -> TaskEvent {
        .fallback(
            FallbackEvent(
                type: .fallbackStepStarted, chainID: "chain", step: number,
                strategy: snapshot.steps[number - 1].strategy.rawValue, agentID: agent, due: due))
    }
    private static func chain(_ type: EventType, _ step: Int) -> TaskEvent {
        .fallback(
            FallbackEvent(
                type: type, chainID: "chain", step: step,
                strategy: step == 0 ? nil : snapshot.steps[step - 1].strategy.rawValue))
    }
    private static func ofStep(_ number: Int, _ step: Int, _ agent: AgentID, probe: Bool = false) -> TaskEvent
    {
        .attemptStarted(
            AttemptStart(
                number: number, agentID: agent, provider: ProviderID(agent.rawValue), node: "n", probe: probe,
                counted: false, timeout: 30_000, step: step))
    }
}
