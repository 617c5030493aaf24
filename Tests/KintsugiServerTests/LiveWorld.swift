import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Logging

@testable import Kintsugi

/// Live topics over a store in memory whose tasks live random lives by the real rules, as fast as they can.
final class LiveWorld {
    let store: MemoryStore
    let engine: Engine
    let live: LiveTopics
    let users = ["ann", "bob", "a-user-with-a-longer-name"].map { UserID($0) }
    private(set) var tasks: [StoredTask] = []
    private var rng: SeededGenerator
    private var now = Timestamp(milliseconds: 1_800_000_000_000)

    init(seed: UInt64, limits: LiveTopics.Log.Limits = .init()) async throws {
        rng = SeededGenerator(seed: seed)
        store = MemoryStore()
        engine = Engine(
            store: store, callers: [.local: LocalAgentCaller()],
            configuration: EngineConfiguration(
                node: "n", reportBaseURL: { "" }, now: { .zero }, seed: seed, attemptToken: { "\($0)\($1)" }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await engine.prepare()
        live = try await LiveTopics(engine: engine, maxStreams: 2000, limits: limits)
    }

    func random(_ bound: Int) -> Int { Int(rng.next() % UInt64(bound)) }

    func create(for user: UserID? = nil, origin: TaskOrigin = .user) async throws -> StoredTask {
        let spec = TaskSpec(
            type: "payment.capture", userID: user ?? users[random(users.count)], agentID: AgentID("stripe"),
            input: JSONText(valid: Array("{\n\"amount\": 1}".utf8)), origin: origin)
        let id = TaskID(UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next()))
        let state = TaskState(id: id, spec: spec, at: now)
        let append = TaskAppend(number: nil, before: nil, events: [.taskCreated(spec)], at: now, after: state)
        let number = try await store.append(AppendUnit(tasks: [append])).numbers[0]
        tasks.append(StoredTask(number: number, state: state))
        return tasks[tasks.count - 1]
    }

    /// Something that can happen happens: a task is made, one goes on, or a record is written.
    func step() async throws {
        now = now + Milliseconds(random(40))
        switch random(10) {
        case 0...2: _ = try await create(origin: random(12) == 0 ? .internal : .user)
        case 3:
            let record = RecordAppend(
                kind: .agent, key: "a\(random(5))", expectedVersion: nil, event: .agentUpdated,
                data: JSONText(valid: Array("{}".utf8)), at: now, document: JSONText(valid: Array("{}".utf8)))
            _ = try await store.append(AppendUnit(records: [record]))
        default:
            guard !tasks.isEmpty else { return }
            let index = random(8) == 0 ? random(tasks.count) : max(0, tasks.count - 1 - random(30))
            try await goOn(index)
        }
    }

    private func goOn(_ index: Int) async throws {
        let task = tasks[index]
        let command: TaskCommand
        if let number = task.state.currentAttempt {
            let outcomes: [AttemptOutcome] = [
                .succeeded(output: JSONText(valid: Array("[1]".utf8)), httpStatus: 200),
                .failed(
                    Failure(
                        type: .serverError, message: "The agent answered 503.", httpStatus: 503, sent: .yes)),
                .failed(
                    Failure(
                        type: .validationError, message: "The agent \"said\" no.", httpStatus: 422, sent: .yes
                    )),
                .interrupted,
            ]
            command = .attemptEnded(number: number, outcomes[random(outcomes.count)])
        } else if task.state.status.isFinal {
            guard task.state.status != .completed else { return }
            command = .retry(
                Retry(actor: "user:ann", input: random(2) == 0 ? JSONText(valid: Array("[2,\n3]".utf8)) : nil)
            )
        } else if random(9) == 0 {
            command = .cancel(reason: "No longer needed", actor: "user:bob")
        } else {
            now = max(now, now + 40_000)
            command = .begin(
                Assignment(
                    agentID: AgentID("stripe"), provider: ProviderID("stripe"), node: "n", timeout: 1000))
        }
        let at = max(now, task.state.updatedAt)
        guard let events = try? TaskRules.decide(command, task.state, Facts(), at: at, using: &rng),
            !events.isEmpty
        else { return }
        try await record(events, index, at: at)
    }

    func cancel(_ task: StoredTask) async throws {
        guard let index = tasks.firstIndex(where: { $0.number == task.number }) else { return }
        try await record([.taskCancelled(reason: nil, actor: "user:ann")], index, at: now)
    }

    private func record(_ events: [TaskEvent], _ index: Int, at: Timestamp) async throws {
        let task = tasks[index]
        var after = task.state
        for event in events { after.evolve(event, at: at) }
        let append = TaskAppend(number: task.number, before: task.state, events: events, at: at, after: after)
        _ = try await store.append(AppendUnit(tasks: [append]))
        tasks[index].state = after
    }

    /// Every event there is as a frame, made from the store.
    func frames() async throws -> [Frame] {
        var folds: [TaskNumber: TimelineFold] = [:]
        var frames: [Frame] = []
        for append in try await store.wholeLog() {
            var fold = folds[append.number] ?? TimelineFold(of: append.id)
            frames += live.maker.frames(of: append, &fold)
            folds[append.number] = fold
        }
        return frames
    }

    /// What a stream of these topics has to write of them.
    func expected(_ topics: [Topic], after position: Int64 = 0, of frames: [Frame]) async throws -> [UInt8] {
        let interest = try await live.interest(in: topics, scope: .everyone)
        var bytes: [UInt8] = []
        for frame in frames where frame.position > position {
            let topic = interest.topic(of: frame.task, user: frame.user, isInternal: frame.isInternal)
            if let topic { frame.write(topic: interest.names[topic], to: &bytes) }
        }
        return bytes
    }
}

extension MemoryStore {
    func wholeLog() async throws -> [LogAppend] {
        var (appends, position): ([LogAppend], Int64) = ([], 0)
        while true {
            let slice = try await log(after: position, limit: 1000, of: .all)
            appends += slice.appends
            position = slice.through
            if !slice.more { return appends }
        }
    }
}
