import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Synchronization
import Testing

@Suite("The engine runs what the rules decide")
struct EngineTests {
    private struct Flaky: Error {}

    private func spec(_ agent: String, _ policy: RetryPolicy = .standard) -> TaskSpec {
        TaskSpec(type: "test.echo", userID: UserID("ada"), agentID: AgentID(agent), retryPolicy: policy)
    }

    @Test("A task that fails twice and then works tells its whole story")
    func story() async throws {
        let world = try await EngineWorld()
        let calls = Atomic(0)
        try await world.agent("flaky") { _ in
            if calls.wrappingAdd(1, ordering: .relaxed).newValue <= 2 { throw Flaky() }
            return JSONText(valid: Array("42".utf8))
        }
        try await world.running { world in
            let tasks = try await world.engine.create([spec("flaky", RetryPolicy(baseDelay: 5))])
            try await world.wait(for: tasks) { $0.status == .completed }
            let types = try await world.types(of: tasks[0])
            #expect(
                types == [
                    .taskCreated, .taskStarted, .attemptStarted, .attemptFailed, .taskRetried,
                    .attemptStarted,
                    .attemptFailed, .taskRetried, .attemptStarted, .attemptSuccess, .taskCompleted,
                ])
            let done = try #require(try await world.store.task(tasks[0].state.id))
            #expect(done.state.output == JSONText(valid: Array("42".utf8)))
            #expect(done.state.attempts == 3)
        }
    }

    @Test("A thousand tasks run, each to one ending, never more at once than the agent allows")
    func many() async throws {
        let world = try await EngineWorld()
        let running = Atomic(0)
        let most = Atomic(0)
        try await world.agent("worker", concurrency: 7) { _ in
            let now = running.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            most.max(now, ordering: .sequentiallyConsistent)
            await Task.yield()
            running.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            return nil
        }
        try await world.running { world in
            let tasks = try await world.engine.create(Array(repeating: spec("worker"), count: 1000))
            try await world.wait(for: tasks) { $0.status == .completed }
        }
        #expect(most.load(ordering: .relaxed) <= 7)
        let totals = try await world.store.totals(of: nil)
        #expect(totals.tasks[.completed] == 1000)
    }

    @Test("Cancelling a running task breaks its call off and frees the slot")
    func cancel() async throws {
        let world = try await EngineWorld()
        let started = AsyncStream.makeStream(of: Void.self)
        try await world.agent("slow", concurrency: 1) { call in
            if call.input == .null { return nil }
            started.continuation.yield()
            try await Task.sleep(for: .seconds(3600))
            return nil
        }
        try await world.running { world in
            var stuck = spec("slow")
            stuck.input = JSONText(valid: Array("1".utf8))
            let first = try await world.engine.create([stuck])
            for await _ in started.stream { break }
            let cancelled = try await world.engine.perform(
                .cancel(reason: "no longer wanted", actor: "user:ada"), on: first[0].state.id, in: .everyone)
            #expect(cancelled.state.status == .cancelled)
            for _ in 0..<3 {
                let next = try await world.engine.create([spec("slow")])
                try await world.wait(for: next) { $0.status == .completed }
                let types = try await world.types(of: next[0])
                #expect(
                    types == [.taskCreated, .taskStarted, .attemptStarted, .attemptSuccess, .taskCompleted],
                    "the loop of a broken-off call must not break off the next one")
            }
        }
    }

    @Test("A shutdown interrupts what runs, spends nothing, and the next process runs it again")
    func interrupt() async throws {
        let store = MemoryStore()
        let world = try await EngineWorld(store: store, grace: 0)
        let started = AsyncStream.makeStream(of: Void.self)
        try await world.agent("slow") { _ in
            started.continuation.yield()
            try await Task.sleep(for: .seconds(3600))
            return nil
        }
        let made = Mutex<[StoredTask]>([])
        try await world.running { world in
            let tasks = try await world.engine.create([spec("slow")])
            made.withLock { $0 = tasks }
            for await _ in started.stream { break }
        }
        let task = try #require(made.withLock { $0.first })
        let after = try #require(try await store.task(task.state.id))
        #expect(after.state.status == .pending)
        #expect(after.state.roundAttempts == 0)
        let next = try await EngineWorld(store: store, node: "node-2")
        next.handlers.register(AgentID("slow")) { _ in nil }
        try await next.running { world in try await world.wait(for: [task]) { $0.status == .completed } }
        let types = try await next.types(of: task)
        #expect(types.contains(.attemptInterrupted))
        #expect(types.last == .taskCompleted)
    }

    @Test("A task whose time came while no process ran starts with the next one")
    func overdue() async throws {
        let store = MemoryStore()
        let before = try await EngineWorld(store: store)
        try await before.agent("worker") { _ in nil }
        var later = spec("worker")
        later.runAt = before.engine.now + 2
        let tasks = try await before.engine.create([later])
        while before.engine.now <= tasks[0].state.createdAt + 2 { await Task.yield() }
        let next = try await EngineWorld(store: store, node: "node-2")
        next.handlers.register(AgentID("worker")) { _ in nil }
        try await next.running { world in try await world.wait(for: tasks) { $0.status == .completed } }
    }

    @Test("An attempt whose process died is abandoned, counted, and tried again")
    func rescue() async throws {
        let store = MemoryStore()
        let dead = try await EngineWorld(store: store)
        try await dead.agent("worker") { _ in nil }
        let task = try await dead.engine.create([spec("worker", RetryPolicy(baseDelay: 1))])[0]
        var rng = SeededGenerator(seed: 1)
        let assignment = Assignment(
            agentID: AgentID("worker"), provider: ProviderID("worker"), node: "dead", timeout: 1)
        let events = try TaskRules.decide(
            .begin(assignment), task.state, at: task.state.updatedAt, using: &rng)
        var after = task.state
        for event in events { after.evolve(event, at: task.state.updatedAt) }
        _ = try await store.append(
            AppendUnit(tasks: [
                TaskAppend(
                    number: task.number, before: task.state, events: events, at: task.state.updatedAt,
                    after: after)
            ]))
        let next = try await EngineWorld(store: store, node: "node-2")
        next.handlers.register(AgentID("worker")) { _ in nil }
        try await next.running { world in try await world.wait(for: [task]) { $0.status == .completed } }
        #expect(
            try await next.types(of: task) == [
                .taskCreated, .taskStarted, .attemptStarted, .attemptAbandoned, .taskRetried, .attemptStarted,
                .attemptSuccess, .taskCompleted,
            ])
    }
}
