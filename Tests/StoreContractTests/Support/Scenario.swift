import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Plays the engine's part: decides by the real rules and records what they say.
final class Scenario {
    let store: any Store
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    /// One cause is one alert, as the engine sees to it.
    private(set) var alerts = OpenAlerts()
    private var rng: SeededGenerator

    init(_ store: any Store, seed: UInt64 = 1) {
        self.store = store
        rng = SeededGenerator(seed: seed)
    }

    static let start = Timestamp(milliseconds: 1_800_000_000_000)
    static let agent = AgentID("stripe")
    /// Where a task stands that is like any other.
    static let lane = Lane(.agent(agent), of: UserID("ann"))

    static func spec(
        _ type: String = "payment.capture", user: String = "ann", agent: String? = "stripe",
        priority: Int = 0,
        change: (inout TaskSpec) -> Void = { _ in }
    ) -> TaskSpec {
        var spec = TaskSpec(
            type: type, userID: UserID(user), agentID: agent.map { AgentID($0) },
            input: JSONText(valid: Array(#"{"amount":1}"#.utf8)), priority: priority)
        change(&spec)
        return spec
    }

    // MARK: Appends

    func creation(_ spec: TaskSpec = Scenario.spec()) -> TaskAppend {
        let id = TaskID(UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next()))
        return creation(spec, id: id)
    }

    func creation(_ spec: TaskSpec, id: TaskID) -> TaskAppend {
        let state = TaskState(id: id, spec: spec, at: now)
        return TaskAppend(number: nil, before: nil, events: [.taskCreated(spec)], at: now, after: state)
    }

    /// What the rules make of the command.
    func decided(_ command: TaskCommand, _ task: StoredTask, _ facts: Facts = Facts()) throws -> TaskAppend {
        var events = try TaskRules.decide(command, task.state, facts, at: now, using: &rng)
        alerts.adopt(&events, of: task.state.spec.userID, at: now)
        return appending(events, to: task)
    }

    func appending(_ events: [TaskEvent], to task: StoredTask) -> TaskAppend {
        var after = task.state
        let at = max(now, after.updatedAt)
        for event in events { after.evolve(event, at: at) }
        return TaskAppend(number: task.number, before: task.state, events: events, at: at, after: after)
    }

    func assignment(_ agent: AgentID = Scenario.agent) -> Assignment {
        Assignment(agentID: agent, provider: ProviderID(agent.rawValue), node: "n1", timeout: 30_000)
    }

    // MARK: Steps

    @discardableResult
    func record(_ append: TaskAppend) async throws -> StoredTask {
        let receipt = try await store.append(AppendUnit(tasks: [append]))
        heard(append)
        return StoredTask(number: receipt.numbers[0], state: append.after)
    }

    func heard(_ append: TaskAppend) {
        alerts.recorded(
            of: append.after.spec.userID, before: append.before?.alert, after: append.after.alert, at: now)
    }

    @discardableResult
    func create(_ spec: TaskSpec = Scenario.spec()) async throws -> StoredTask {
        try await record(creation(spec))
    }

    @discardableResult
    func go(_ command: TaskCommand, _ task: StoredTask, _ facts: Facts = Facts()) async throws -> StoredTask {
        try await record(decided(command, task, facts))
    }

    @discardableResult
    func begin(_ task: StoredTask, _ agent: AgentID = Scenario.agent) async throws -> StoredTask {
        try await go(.begin(assignment(agent)), task)
    }

    /// Begins the next attempt and ends it so.
    @discardableResult
    func attempt(_ task: StoredTask, _ outcome: AttemptOutcome) async throws -> StoredTask {
        let running = try await begin(task, task.state.listedAgent ?? Scenario.agent)
        return try await go(.attemptEnded(number: running.state.currentAttempt ?? 0, outcome), running)
    }

    static let success = AttemptOutcome.succeeded(
        output: JSONText(valid: Array(#"{"ok":true}"#.utf8)), httpStatus: 200)

    static func failure(_ type: ErrorType = .validationError) -> AttemptOutcome {
        .failed(Failure(type: type, message: "The agent said no.", httpStatus: 422))
    }
}

extension Store {
    /// All pages of a list.
    func all(_ query: TaskQuery) async throws -> [StoredTask] {
        var query = query
        var tasks: [StoredTask] = []
        while true {
            let page = try await self.tasks(query)
            tasks += page.elements
            guard let next = page.next else { return tasks }
            query.before = next
        }
    }

    func all(_ query: AlertQuery) async throws -> [Alert] {
        var query = query
        var alerts: [Alert] = []
        while true {
            let page = try await self.alerts(query)
            alerts += page.elements
            guard let next = page.next else { return alerts }
            query.before = next
        }
    }

    func all(_ query: DeadLetterQuery) async throws -> [DeadLetter] {
        var query = query
        var entries: [DeadLetter] = []
        while true {
            let page = try await deadLetters(query)
            entries += page.elements
            guard let next = page.next else { return entries }
            query.before = next
        }
    }
}

/// What the store refuses an append with; nil if it takes it.
func refusal(_ body: () async throws -> Void) async -> StoreError? {
    do { try await body() } catch { return error as? StoreError }
    return nil
}
