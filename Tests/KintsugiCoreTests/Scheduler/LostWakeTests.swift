import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Scheduler: nothing that could go waits")
struct LostWakeTests {
    /// Agents, users, tasks, faults and what people do, all from the seed; the world checks after each step.
    @Test(
        "Whatever happens, after every step no task waits that could go, and in the end all have ended",
        arguments: 1...24)
    func anything(seed: Int) {
        var rng = SeededGenerator(seed: UInt64(seed))
        func dice(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &rng) }
        var limits = Scheduler.Limits()
        limits.window = 16
        limits.holdsPerSecond = 20
        let world = World(seed: UInt64(seed), limits: limits)
        world.isThorough = true
        world.faults = World.Faults(
            foreignCommit: 40, stall: 60, loadFails: 8, heardTwice: 9, lateEnd: 30,
            slowPromotion: Int64(dice(2) * dice(300)), latency: 1 + Int64(dice(20)))
        // More calls than an agent takes are a fault, so that this does not change under way.
        let most = (0..<4).map { _ in 1 + dice(4) }
        let ids = ["a", "b", "c", "d"].map { AgentID($0) }
        let words = ["ocr", "pay", "t"]

        func profile(_ index: Int, isPaused: Bool) -> AgentProfile {
            AgentProfile(
                id: ids[index], provider: dice(3) == 0 ? ProviderID("shared") : nil,
                capabilities: words.filter { _ in dice(2) == 0 }, maxConcurrency: most[index],
                rateLimit: dice(3) == 0 ? .init(perSecond: Double(1 + dice(30)), burst: 1 + dice(3)) : nil,
                breaker: dice(4) == 0 ? nil : BreakerSettings(open: 2000, maxOpen: 8000),
                retryBudget: dice(3) == 0 ? .init(ratio: 0.1, minPerSecond: 2) : .init(), weight: 1 + dice(4),
                isPaused: isPaused)
        }
        /// One call in so many fails; changed by the weather below.
        func behaviour(_ oneIn: Int, _ seed: UInt64) -> World.Behaviour {
            { task, now in
                var own = SeededGenerator(
                    seed: seed ^ UInt64(now.milliseconds) ^ UInt64(task.number.rawValue) << 20)
                let fails = oneIn > 0 && Int.random(in: 0..<oneIn, using: &own) == 0
                let delay = Int64.random(in: 0...200, using: &own)
                return (delay, fails ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204))
            }
        }
        func spec() -> TaskSpec {
            let agent = dice(3) == 0 ? ids[dice(4)] : nil
            var spec = TaskSpec(
                type: "t", userID: UserID("user-\(min(dice(8), dice(8)))"), agentID: agent,
                capability: agent == nil && dice(2) == 0 ? words[dice(3)] : nil, priority: dice(3),
                retryPolicy: RetryPolicy(maxAttempts: 3, baseDelay: 100, maxDelay: 2000))
            if dice(6) == 0 { spec.deadline = world.now + Int64(dice(60_000)) }
            if dice(6) == 0 { spec.runAt = world.now + Int64(dice(5000)) }
            return spec
        }

        for index in ids.indices { world.agent(profile(index, isPaused: false), behaviour(5, rng.next())) }
        for _ in 0..<120 {
            switch dice(10) {
            case 0: world.agent(profile(dice(4), isPaused: dice(3) == 0), behaviour(dice(3), rng.next()))
            case 1: world.behave(ids[dice(4)], behaviour(dice(3), rng.next()))
            case 2 where !world.store.numbers.isEmpty:
                let numbers = world.store.numbers
                world.act(.cancel(reason: nil, actor: "ann"), on: numbers[dice(numbers.count)])
            case 3 where dice(6) == 0: world.restart()
            case 4:
                world.change {
                    $0.force(ProviderID("a"), open: dice(2) == 0, until: nil, reason: nil, at: world.now)
                }
            default: for _ in 0..<dice(12) { world.create(spec()) }
            }
            world.run(for: Int64(dice(800)))
        }
        for (id, most) in zip(ids, most) {
            world.agent(
                AgentProfile(id: id, capabilities: words, maxConcurrency: most), behaviour(0, 1))
        }
        world.change { $0.force(ProviderID("a"), open: false, until: nil, reason: nil, at: world.now) }
        #expect(world.runUntilAllEnded(), "seed \(seed)")
        world.expectNothingLeft("seed \(seed)")
        #expect(world.calls.count > 50)
    }

    /// What stood in backoff when the process died is due at once when the next one looks, which tells the store
    /// so while it reads the lane: those reads do not show it yet.
    @Test("A retry that is due at a restart is found, however long its promotion takes", arguments: 1...40)
    func overdueAtARestart(seed: Int) {
        let world = World(seed: UInt64(seed))
        world.faults = World.Faults(slowPromotion: 200, latency: 1 + Int64(seed % 7))
        let id = AgentID("a")
        world.agent(
            AgentProfile(id: id, capabilities: ["t"], maxConcurrency: 4, breaker: nil, retryBudget: nil)
        ) {
            task, _ in
            task.state.attempts == 1
                ? (1, .failed(.status503)) : (1, .succeeded(output: nil, httpStatus: 204))
        }
        func create(_ count: Int) {
            let retry = RetryPolicy(baseDelay: 100, maxDelay: 100)
            for _ in 0..<count { world.create(TaskSpec(type: "t", userID: UserID("u"), retryPolicy: retry)) }
        }
        create(8)
        world.run(for: 60)
        create(4)
        world.restart(after: 1000)
        #expect(world.runUntilAllEnded(), "seed \(seed)")
        world.expectNothingLeft("seed \(seed)")
        #expect(world.calls.count == 24)
    }
}
