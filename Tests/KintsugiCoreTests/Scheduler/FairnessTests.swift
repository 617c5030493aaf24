import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Scheduler: users take turns")
struct FairnessTests {
    static let agent = AgentID("a")

    static func spec(_ user: String, agent: AgentID? = Self.agent, priority: Int = 0) -> TaskSpec {
        TaskSpec(
            type: "t", userID: UserID(user), agentID: agent, priority: priority, retryPolicy: .still)
    }

    /// Whose calls these were.
    private func users(_ world: World, _ calls: some Sequence<World.CallLog>) -> [String] {
        calls.map { world.state($0.number)?.spec.userID.rawValue ?? "" }
    }

    @Test("Of a flood of 10,000 and ten tasks of another user, the ten have every second turn")
    func flood() {
        let world = World(limits: SchedulerStoryTests.small)
        world.agent(AgentProfile(id: Self.agent, maxConcurrency: 4), SchedulerStoryTests.well())
        world.createMany(10_000, Self.spec("ada", priority: 100))
        world.run(for: 1000)
        let before = world.calls.count
        world.createMany(10, Self.spec("bob"))
        world.run(for: 500)
        let later = users(world, world.calls.dropFirst(before))
        let last = later.lastIndex(of: "bob") ?? .max
        #expect(later.filter { $0 == "bob" }.count == 10)
        #expect(last < 20 + 4, "the last was call \(last)")
        #expect(later.count > 100, "and the flood goes on")
        #expect(world.tally.mostEntries <= 64 + 10 + 16)
        #expect(world.broken.isEmpty)
    }

    @Test("Three users share a rate limit one to one to one, whatever they queued and how urgent it is")
    func rateLimit() {
        let world = World(limits: SchedulerStoryTests.small)
        let limit = RateLimit.Settings(perSecond: 10, burst: 1)
        world.agent(AgentProfile(id: Self.agent, rateLimit: limit), SchedulerStoryTests.well())
        world.createMany(1000, Self.spec("ada", priority: 100))
        world.createMany(2000, Self.spec("bob"))
        world.createMany(500, Self.spec("eve", priority: -100))
        world.run(for: 60_000)
        let all = users(world, world.calls)
        #expect((595...605).contains(all.count), "\(all.count) calls in a minute")
        for user in ["ada", "bob", "eve"] {
            let count = all.count { $0 == user }
            #expect((198...202).contains(count), "\(user) had \(count) of \(all.count)")
        }
    }

    @Test("Nobody gets more by asking for an agent in several ways")
    func severalWays() {
        let world = World(limits: SchedulerStoryTests.small)
        let words = ["ocr", "t"]
        world.agent(
            AgentProfile(id: Self.agent, capabilities: words, maxConcurrency: 1), SchedulerStoryTests.well())
        for _ in 0..<200 {
            world.create(Self.spec("ada"))
            world.create(Self.spec("ada", agent: nil))
            world.create(TaskSpec(type: "x", userID: UserID("ada"), capability: "ocr", retryPolicy: .still))
            world.create(Self.spec("bob"))
        }
        world.run(for: 4000)
        let count = users(world, world.calls.prefix(200)).count { $0 == "bob" }
        #expect((99...101).contains(count), "bob had \(count) of 200")
        #expect(world.broken.isEmpty)
    }

    @Test("What was held comes back user by user too")
    func held() {
        let world = World(limits: SchedulerStoryTests.small)
        world.agent(AgentProfile(id: Self.agent), SchedulerStoryTests.down)
        world.createMany(300, Self.spec("ada"))
        world.run(for: 5000)
        world.createMany(5, Self.spec("bob"))
        world.run(for: 5000)
        let heldOfBob = world.store.rows.values.count { row in
            if case .held = row.state.phase { row.state.spec.userID == UserID("bob") } else { false }
        }
        #expect(heldOfBob == 5)
        let before = world.calls.count
        world.behave(Self.agent, SchedulerStoryTests.well())
        world.run(for: 60_000)
        let later = users(world, world.calls.dropFirst(before))
        #expect((later.lastIndex(of: "bob") ?? .max) < 15, "\(later.prefix(20))")
        #expect(later.count > 100 && world.broken.isEmpty)
    }

    @Test("A freed slot costs one turn, however many users wait")
    func manyUsers() {
        let world = World(limits: SchedulerStoryTests.small)
        world.agent(AgentProfile(id: Self.agent, maxConcurrency: 2), SchedulerStoryTests.well())
        for user in 0..<2000 { world.createMany(2, Self.spec("user-\(user)")) }
        world.run(for: 5000)
        let begun = world.calls.count
        #expect(begun > 500)
        #expect(
            world.scheduler.asked < 3 * begun + 5000, "\(world.scheduler.asked) questions for \(begun) calls")
        let served = users(world, world.calls)
        #expect(
            Set(served).count >= min(2000, begun) - 2,
            "everybody once before anybody twice, but for the first")
        #expect(world.runUntilAllEnded())
        #expect(world.scheduler.lanes.isEmpty && world.scheduler.waiting.values.allSatisfy(\.all.isEmpty))
        world.expectNothingLeft()
    }

    @Test("Retries without budget do not stand in the way of other users' first attempts")
    func retryBudget() {
        let world = World(limits: SchedulerStoryTests.small)
        let budget = RetryBudget.Settings(ratio: 0, minPerSecond: 1)
        world.agent(
            AgentProfile(id: Self.agent, maxConcurrency: 2, breaker: nil, retryBudget: budget)
        ) { task, _ in
            let isBad = task.state.spec.userID.rawValue.hasPrefix("bad")
            return (10, isBad ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204))
        }
        for user in 0..<100 { world.create(Self.spec("bad-\(user)")) }
        world.run(for: 30_000)
        let (begun, asked) = (world.calls.count, world.scheduler.asked)
        world.createMany(200, Self.spec("bob"))
        world.run(for: 2500)
        let later = users(world, world.calls.dropFirst(begun))
        #expect(later.count { $0 == "bob" } == 200)
        #expect(later.count > 200, "and retries go on as their budget allows")
        #expect(world.scheduler.asked - asked < 3 * later.count + 50)
        #expect(world.runUntilAllEnded())
        world.expectNothingLeft()
    }

    @Test("Why a task waits is said of everyone in line")
    func obstacles() throws {
        let world = World(limits: SchedulerStoryTests.small)
        world.agent(
            AgentProfile(id: Self.agent, maxConcurrency: 1), SchedulerStoryTests.well(after: 100_000))
        world.createMany(3, Self.spec("ada"))
        let last = world.create(Self.spec("bob"))
        world.run(for: 100)
        let state = try #require(world.state(last))
        #expect(world.scheduler.obstacle(for: state)?.reason == .atCapacity)
        world.change { $0.agentChanged(AgentProfile(id: Self.agent, isPaused: true)) }
        #expect(world.scheduler.obstacle(for: state)?.reason == .agentPaused)
    }
}
