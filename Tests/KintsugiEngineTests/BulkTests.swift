import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Synchronization
import Testing

@Suite("Acts on many run by themselves")
struct BulkTests {
    private struct Broken: Error {}

    private func specs(_ count: Int, user: String = "ada") -> [TaskSpec] {
        Array(
            repeating: TaskSpec(
                type: "test.many", userID: UserID(user), agentID: AgentID("worker"),
                retryPolicy: RetryPolicy(maxAttempts: 1)), count: count)
    }

    private func plan(
        _ action: BulkAction, canary: Bool = false, user: String? = nil, rate: Int? = nil,
        change: (inout DeadLetterQuery) -> Void = { _ in }
    ) -> BulkPlan {
        var query = DeadLetterQuery()
        query.statuses = [.pending]
        query.user = user.map { UserID($0) }
        change(&query)
        return BulkPlan(
            target: .deadLetters(query),
            order: BulkRules.Order(action: action, actor: "user:ada", note: "mended"), maxPerSecond: rate,
            hasCanary: canary, owner: UserID("ada"))
    }

    /// A world whose worker fails until it is mended, with so many failed tasks.
    private func broken(_ count: Int, _ mended: Atomic<Bool>.Box, store: MemoryStore = MemoryStore())
        async throws
        -> EngineWorld
    {
        let world = try await EngineWorld(store: store)
        try await world.agent("worker") { _ in
            if !mended.value.load(ordering: .relaxed) { throw Broken() }
            return nil
        }
        try await world.running { world in
            let tasks = try await world.engine.create(specs(count))
            try await world.wait(for: tasks) { $0.status == .failed }
        }
        return world
    }

    private func next(_ store: MemoryStore, _ mended: Atomic<Bool>.Box) async throws -> EngineWorld {
        let world = try await EngineWorld(store: store, node: "node-2")
        world.handlers.register(AgentID("worker")) { _ in
            if !mended.value.load(ordering: .relaxed) { throw Broken() }
            return nil
        }
        return world
    }

    private func ended(_ record: BulkRecord, in world: EngineWorld) async throws -> BulkRecord {
        while true {
            let now = try await world.engine.bulk(record.id, in: .everyone)
            if now.progress.status.isFinal { return now }
            await Task.yield()
        }
    }

    @Test("A retry of many completes them all, says why on each, and in = out + pending holds")
    func retry() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(250, mended)
        mended.value.store(true, ordering: .relaxed)
        try await next(world.store, mended).running { world in
            let begun = try await world.engine.startBulk(plan(.retry))
            #expect(begun.progress.matched == 250 && begun.progress.status == .running)
            let record = try await ended(begun, in: world)
            #expect(record.progress.status == .completed && record.progress.done == 250)
            #expect(record.progress.skipped.isEmpty && record.finishedAt != nil)
            let entry = try #require(try await world.store.deadLetters(DeadLetterQuery()).elements.first)
            #expect(entry.status == .retried && entry.note == "mended" && entry.closedBy == "user:ada")
            let events = try await world.store.timeline(entry.task.number, after: 0, limit: 100)
            #expect(
                events.contains {
                    if case .taskRequeued(let requeue) = $0.event { requeue.cause == .bulk } else { false }
                })
        }
        let totals = try await world.store.totals(of: nil)
        #expect(totals.deadLettersIn == 250 && totals.deadLetters[.retried] == 250)
        #expect(totals.deadLetters[.pending] ?? 0 == 0)
    }

    @Test("What is closed by others in between is passed over; what fails later is not met")
    func meanwhile() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(5, mended)
        let idle = try await next(world.store, mended)
        // Not running yet: what happens now happens between the start and the acts.
        let begun = try await idle.engine.startBulk(plan(.resolve))
        let task = try #require(try await world.store.task(numbered: TaskNumber(3)))
        _ = try await idle.engine.perform(
            .discardDeadLetter(note: nil, actor: "bob"), on: task.state.id, in: .everyone)
        try await idle.running { world in
            let record = try await ended(begun, in: world)
            #expect(record.progress.done == 4 && record.progress.skipped == [.notPending: 1])
            let late = try await world.engine.create(specs(1))
            try await world.wait(for: late) { $0.status == .failed }
            let totals = try await world.store.totals(of: nil)
            #expect(totals.deadLetters[.pending] == 1 && totals.deadLettersIn == 6)
        }
    }

    @Test("A canary against a broken cause spends one task and says why it stopped")
    func canary() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(50, mended)
        try await next(world.store, mended).running { world in
            let record = try await ended(
                try await world.engine.startBulk(plan(.retry, canary: true)), in: world)
            #expect(record.progress.status == .stopped && record.progress.done == 1)
            let cause = try #require(try await world.store.causeGroups(CauseGroupQuery()).groups.first)
            #expect(record.progress.stop == .sameFailure(cause: cause.fingerprint))
            #expect(record.progress.remaining == 49)
        }
    }

    @Test("A canary against a mended cause goes through all its stages")
    func mendedCanary() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(130, mended)
        mended.value.store(true, ordering: .relaxed)
        try await next(world.store, mended).running { world in
            let record = try await ended(
                try await world.engine.startBulk(plan(.retry, canary: true)), in: world)
            #expect(record.progress.status == .completed && record.progress.done == 130)
            #expect(record.progress.canary?.stage == 4 && record.progress.canary?.recovered == 130)
        }
    }

    @Test("Paused it stays where it is over a restart, resumed it goes on, cancelled it is over")
    func people() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(30, mended)
        let idle = try await next(world.store, mended)
        let begun = try await idle.engine.startBulk(plan(.discard))
        let paused = try await idle.engine.changeBulk(begun.id, .pause, actor: "user:ada", in: .everyone)
        #expect(paused.progress.status == .paused)
        try await idle.running { world in
            #expect(try await world.engine.bulk(begun.id, in: .everyone).progress.done == 0)
            let resumed = try await world.engine.changeBulk(
                begun.id, .resume, actor: "user:ada", in: .everyone)
            #expect(resumed.progress.status == .running)
            let record = try await ended(resumed, in: world)
            #expect(record.progress.status == .completed && record.progress.done == 30)
            await #expect(throws: EngineError.bulkEnded(.completed)) {
                try await world.engine.changeBulk(begun.id, .cancel, actor: "user:ada", in: .everyone)
            }
            await #expect(throws: EngineError.notFound) {
                try await world.engine.bulk(begun.id, in: .user(UserID("bob")))
            }
        }
    }

    @Test("A process that ends in the middle leaves the rest to the next one, which acts on nothing twice")
    func restart() async throws {
        let mended = Atomic<Bool>.Box()
        let world = try await broken(120, mended)
        mended.value.store(true, ordering: .relaxed)
        let slow = plan(.retry, rate: 200)
        let first = try await next(world.store, mended)
        let begun = try await first.engine.startBulk(slow)
        try await first.running { world in
            while try await world.engine.bulk(begun.id, in: .everyone).progress.done == 0 {
                await Task.yield()
            }
        }
        let half = try await first.engine.bulk(begun.id, in: .everyone)
        #expect(half.progress.status == .running && half.progress.done < 120)
        try await next(world.store, mended).running { world in
            let record = try await ended(begun, in: world)
            #expect(record.progress.done == 120 && record.progress.skipped.isEmpty)
        }
        let totals = try await world.store.totals(of: nil)
        #expect(totals.deadLettersIn == 120 && totals.deadLetters[.retried] == 120)
        for task in try await world.store.tasks(TaskQuery()).elements { #expect(task.state.round == 2) }
    }

    @Test("Tasks are cancelled by a filter, and a dry run changes nothing")
    func tasks() async throws {
        let world = try await EngineWorld()
        try await world.agent("worker") { _ in nil }
        var later = specs(12)
        for index in later.indices { later[index].runAt = world.engine.now + 3_600_000 }
        _ = try await world.engine.create(later)
        var query = TaskQuery()
        query.statuses = [.pending]
        let plan = BulkPlan(
            target: .tasks(query),
            order: BulkRules.Order(action: .cancel, actor: "user:ada", note: "no more"),
            owner: UserID("ada"))
        let preview = try await world.engine.previewBulk(plan)
        #expect(preview.matched == 12 && preview.tasks.count == 10)
        #expect(try await world.store.totals(of: nil).tasks[.pending] == 12)
        try await world.running { world in
            let record = try await ended(try await world.engine.startBulk(plan), in: world)
            #expect(record.progress.done == 12)
        }
        #expect(try await world.store.totals(of: nil).tasks[.cancelled] == 12)
    }

    @Test("What a breaker turned away comes back at its closing, and after a restart without a new one")
    func redrive() async throws {
        let mended = Atomic<Bool>.Box()
        mended.value.store(true, ordering: .relaxed)
        let store = MemoryStore()
        let world = try await EngineWorld(store: store)
        try await world.agent("worker", breaker: BreakerSettings()) { _ in nil }
        _ = try await world.engine.forceBreaker(
            ProviderID("worker"), open: true, for: nil, reason: "test", actor: "test")
        var turned = specs(12)
        for index in turned.indices { turned[index].retryPolicy.onOpenBreaker = .skip }
        let tasks = Mutex<[StoredTask]>([])
        let specs = turned
        try await world.running { world in
            let made = try await world.engine.create(specs)
            tasks.withLock { $0 = made }
            try await world.wait(for: made) { $0.status == .failed }
            _ = try await world.engine.forceBreaker(
                ProviderID("worker"), open: false, for: nil, reason: "test", actor: "test")
            try await world.wait(for: Array(made.prefix(1))) { $0.status == .completed }
        }
        let all = tasks.withLock { $0 }
        let left = try await store.turnedAway(agent: AgentID("worker"), after: 0, limit: 100)
        #expect(!left.isEmpty, "it was broken off in the middle")
        let next = try await EngineWorld(store: store, node: "node-2")
        next.handlers.register(AgentID("worker")) { _ in nil }
        try await next.running { world in try await world.wait(for: all) { $0.status == .completed } }
        #expect(try await store.turnedAway(agent: AgentID("worker"), after: 0, limit: 100).isEmpty)
    }
}

extension Atomic<Bool> {
    /// Shared between a test and its agent.
    final class Box: Sendable {
        let value = Atomic<Bool>(false)
    }
}
