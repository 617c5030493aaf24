package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
import Synchronization

extension Engine {
    /// Attempts to decide anew after somebody else changed the task in between.
    static let maxDecisions = 5

    /// Records new tasks, all or none, and returns once they are durable.
    ///
    /// - Throws: `unknownAgent` if a spec names an agent that is not registered; `draining`; `store`;
    ///   `idempotencyConflict` if another request with the same key was recorded first.
    package func create(_ specs: [TaskSpec], sealing: Sealing? = nil) async throws(EngineError)
        -> [StoredTask]
    {
        if brain.isDraining { throw .draining }
        for case let agent? in specs.map(\.agentID) where registry.agent(agent)?.isDraining ?? true {
            throw .unknownAgent(agent)
        }
        let now = now
        let states = specs.map { TaskState(id: TaskID(newUUID()), spec: $0, at: now) }
        let appends = states.map { state in
            TaskAppend(number: nil, before: nil, events: [.taskCreated(state.spec)], at: now, after: state)
        }
        let unit = AppendUnit(tasks: appends, idempotency: sealing?(states))
        let receipt = try await append(unit)
        return zip(receipt.numbers, states).map { StoredTask(number: $0, state: $1) }
    }

    /// Lets the rules decide a command on a task and records what follows.
    ///
    /// - Parameter version: the version the caller wants to act on (`If-Match`); nil: any.
    package func perform(
        _ command: TaskCommand, on id: TaskID, in scope: Scope, ifVersion version: Int? = nil,
        sealing: Sealing? = nil
    ) async throws(EngineError) -> StoredTask {
        if let agent = command.namedAgent, registry.agent(agent)?.isDraining ?? true {
            throw .unknownAgent(agent)
        }
        for _ in 0..<Self.maxDecisions {
            let task = try await self.task(id, in: scope)
            if let version, version != task.state.version {
                throw .preconditionFailed(version: task.state.version)
            }
            if let done = try await decide(command, task, brain.facts(for: task.state), sealing: sealing) {
                return done
            }
        }
        throw .contended
    }

    package func task(_ id: TaskID, in scope: Scope) async throws(EngineError) -> StoredTask {
        guard let task = try await reading({ () async throws(StoreError) in try await store.task(id) }),
            scope.covers(task.state.spec.userID)
        else { throw .notFound }
        return task
    }

    /// Why a task that is ready does not run yet; nil if nothing but its turn is missing.
    package func obstacle(for state: TaskState) -> Obstacle? { brain.obstacle(for: state) }

    /// The agent's record as registered now.
    package func agent(_ id: AgentID) -> AgentRecord? { registry.agent(id) }

    /// Decides once. Nil: the task has changed in between; load again.
    func decide(_ command: TaskCommand, _ task: StoredTask, _ facts: Facts, sealing: Sealing?)
        async throws(EngineError) -> StoredTask?
    {
        let (events, now): ([TaskEvent], Timestamp)
        do throws(Rejection) { (events, now) = try decided(command, task.state, facts) } catch {
            if case .outOfDate = error { return nil }
            throw .rejected(error)
        }
        if events.isEmpty { return task }
        return try await record(events, on: task, at: now, sealing: sealing)
    }

    /// What the rules make of the command now, and when that is.
    func decided(_ command: TaskCommand, _ state: TaskState, _ facts: Facts = Facts()) throws(Rejection)
        -> (events: [TaskEvent], at: Timestamp)
    {
        let now = max(now, state.updatedAt)
        var facts = facts
        facts.thresholds = configuration.alertThresholds
        let decided: Result<[TaskEvent], Rejection> = chance.withLock { rng in
            do throws(Rejection) {
                return .success(try TaskRules.decide(command, state, facts, at: now, using: &rng))
            } catch {
                return .failure(error)
            }
        }
        var events = try decided.get()
        brain.adopt(&events, of: state.spec.userID, at: now)
        return (events, now)
    }

    /// Appends decided events. Nil: the task has changed in between.
    func record(_ events: [TaskEvent], on task: StoredTask, at now: Timestamp, sealing: Sealing? = nil)
        async throws(EngineError) -> StoredTask?
    {
        var after = task.state
        for event in events { after.evolve(event, at: now) }
        let appends = TaskAppend.all(of: task, events, at: now, after: after)
        do {
            _ = try await self.append(AppendUnit(tasks: appends, idempotency: sealing?([after])))
        } catch .store(.versionConflict) {
            return nil
        }
        return StoredTask(number: task.number, state: after)
    }

    package func append(_ unit: AppendUnit) async throws(EngineError) -> Receipt {
        let stopwatch = Stopwatch()
        do throws(StoreError) {
            let receipt = try await store.append(unit)
            telemetry.tell(.storeAppended(units: 1, nanoseconds: stopwatch.nanoseconds))
            return receipt
        } catch .idempotencyConflict {
            throw .idempotencyConflict
        } catch {
            if let name = error.telemetryName { telemetry.tell(.storeFailed(name)) }
            if case .outcomeUnknown = error { brain.fail(error) }
            throw .store(error)
        }
    }

    package func reading<Value>(_ body: () async throws(StoreError) -> Value) async throws(EngineError)
        -> Value
    {
        do throws(StoreError) { return try await body() } catch { throw .store(error) }
    }
}

extension StoreError {
    /// Nil: no fault of the store's.
    var telemetryName: String? {
        switch self {
        case .versionConflict, .duplicate, .idempotencyConflict: nil
        case .full: "full"
        case .closed: "closed"
        case .outcomeUnknown: "outcome_unknown"
        case .broken: "broken"
        }
    }
}
