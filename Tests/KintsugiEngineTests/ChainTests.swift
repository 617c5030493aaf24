import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("The engine runs fallback chains")
struct ChainTests {
    private struct Refused: Error {}

    private static let chainID = UUID7(high: 0x7001, low: 0x8000_0000_0000_0001)

    private func spec() -> TaskSpec {
        TaskSpec(
            type: "test.echo", userID: UserID("ada"), agentID: AgentID("bad"),
            retryPolicy: RetryPolicy(maxAttempts: 1))
    }

    private func save(_ steps: [FallbackStep], in world: EngineWorld) async throws {
        let chain = FallbackChain(
            id: Self.chainID, name: "mend it", match: ChainMatch(), steps: steps, owner: UserID("ada"))
        let now = world.engine.now
        try await world.engine.save(
            ChainRecord(chain: chain, isShared: true, createdBy: "test", createdAt: now, updatedAt: now),
            actor: "test")
    }

    private func agents(in world: EngineWorld) async throws {
        try await world.agent("bad") { _ in throw Refused() }
        try await world.agent("good") { _ in JSONText(valid: Array("1".utf8)) }
    }

    @Test("A chain that was kept is run, from the next failure on")
    func mends() async throws {
        let world = try await EngineWorld()
        try await agents(in: world)
        try await world.running { world in
            let before = try await world.engine.create([spec()])
            try await world.wait(for: before) { $0.status == .failed }
            try await save([FallbackStep(.switchAgent(AgentID("good")))], in: world)
            let tasks = try await world.engine.create([spec()])
            try await world.wait(for: tasks) { $0.status == .completed }
            #expect(
                try await world.types(of: tasks[0]) == [
                    .taskCreated, .taskStarted, .attemptStarted, .attemptFailed, .fallbackStarted,
                    .fallbackStepStarted, .attemptStarted, .attemptSuccess, .fallbackStepSucceeded,
                    .fallbackSucceeded, .taskCompleted,
                ])
            let chain = try #require(world.engine.chain(Self.chainID, in: .everyone))
            try await world.engine.removeChain(chain, actor: "test")
            let after = try await world.engine.create([spec()])
            try await world.wait(for: after) { $0.status == .failed }
        }
    }

    @Test("A compensation is recorded with the step that makes it, and runs")
    func compensates() async throws {
        let world = try await EngineWorld()
        try await agents(in: world)
        let undo = Compensation(type: "test.undo", agentID: AgentID("good"))
        try await save([FallbackStep(.compensate(undo)), FallbackStep(.useOutput(.null))], in: world)
        try await world.running { world in
            let task = try await world.engine.create([spec()])[0]
            try await world.wait(for: [task]) { $0.status == .completed }
            let events = try await world.store.timeline(task.number, after: 0, limit: 100)
            let made = events.compactMap { recorded -> TaskID? in
                if case .fallback(let told) = recorded.event { told.taskID } else { nil }
            }
            let id = try #require(made.first)
            let child = try #require(try await world.store.task(id))
            #expect(made.count == 1 && child.state.spec.parent == task.state.id)
            if child.state.status != .completed {
                try await world.wait(for: [child]) { $0.status == .completed }
            }
        }
    }

    @Test("A compensation made by a person's decision is in the same unit, too")
    func compensatesAfterDecision() async throws {
        let world = try await EngineWorld()
        try await agents(in: world)
        let undo = Compensation(type: "test.undo", agentID: AgentID("good"))
        let ask = FallbackStep(.escalate(message: nil, timeout: nil, then: .fail))
        try await save([ask, FallbackStep(.compensate(undo))], in: world)
        try await world.running { world in
            let task = try await world.engine.create([spec()])[0]
            try await world.wait(for: [task]) { $0.status == .waiting }
            let id = task.state.id
            let verdict = Verdict(.retry, actor: "user:ada", agentID: AgentID("bad"))
            let resumed = try await world.engine.perform(.decide(verdict), on: id, in: .everyone)
            #expect(resumed.state.status == .pending)
            try await world.wait(for: [task]) { $0.status == .failed }
            var query = TaskQuery()
            query.type = "test.undo"
            let children = try await world.store.tasks(query)
            #expect(children.elements.map(\.state.spec.parent) == [id])
            await #expect(throws: EngineError.rejected(.notWaiting(.failed))) {
                try await world.engine.perform(.decide(verdict), on: id, in: .everyone)
            }
        }
    }

    @Test("A step's time and its chain survive the process, and what the next one knows of it")
    func survives() async throws {
        let store = MemoryStore()
        let first = try await EngineWorld(store: store)
        try await agents(in: first)
        try await save(
            [FallbackStep(.waitAndRetry(delay: 300)), FallbackStep(.switchAgent(AgentID("good")))], in: first)
        let task = try await first.engine.create([spec()])[0]
        try await first.running { world in
            try await world.wait(for: [task]) { $0.runningChain != nil }
            let chain = try #require(world.engine.chain(Self.chainID, in: .everyone))
            try await world.engine.removeChain(chain, actor: "test")
        }
        let next = try await EngineWorld(store: store, node: "node-2")
        next.handlers.register(AgentID("bad")) { _ in throw Refused() }
        next.handlers.register(AgentID("good")) { _ in nil }
        try await next.running { world in try await world.wait(for: [task]) { $0.status == .completed } }
        let done = try #require(try await store.task(task.state.id))
        #expect(done.state.chain?.step == 2 && done.state.attempt?.start.agentID == AgentID("good"))
    }
}
