import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Scheduler: fallback chains")
struct SchedulerChainTests {
    private static func book(_ steps: FallbackStep...) -> ChainBook {
        var chain = FallbackChain.of()
        chain.steps = steps
        return ChainBook([chain])
    }

    @Test("The tasks of a dead provider go on with another agent instead of being held")
    func switches() {
        let world = World(limits: SchedulerStoryTests.small)
        world.agent(AgentProfile(id: AgentID("dead"), capabilities: ["t"]), SchedulerStoryTests.down)
        world.agent(AgentProfile(id: AgentID("well"), capabilities: ["t"]), SchedulerStoryTests.well())
        world.chains = Self.book(.switchAgent)
        world.createMany(2000, SchedulerStoryTests.spec("dead"))
        #expect(world.runUntilAllEnded())
        #expect(world.count(.completed) == 2000 && world.count(.taskHeld) == 0)
        #expect(world.calls.count { $0.agent == AgentID("well") } == 2000)
        #expect(world.calls.count { $0.agent == AgentID("dead") } < 100, "its breaker kept the others away")
        world.expectNothingLeft()
    }

    @Test("Whatever goes wrong on the way, every chain comes to its end", arguments: UInt64(1)...20)
    func faults(seed: UInt64) {
        let world = World(seed: seed, limits: SchedulerStoryTests.small)
        world.faults = World.Faults(
            foreignCommit: 9, stall: 15, loadFails: 9, heardTwice: 7, lateEnd: 9, latency: 40)
        let mood: World.Behaviour = { task, now in
            let dice = (task.number.rawValue &* 31 &+ now.milliseconds) % 5
            return (
                20,
                dice == 0
                    ? .succeeded(output: nil, httpStatus: 204) : .failed(dice == 1 ? .status404 : .status503)
            )
        }
        for name in ["a", "b", "c"] {
            world.agent(AgentProfile(id: AgentID(name), capabilities: ["t"]), mood)
        }
        world.chains = Self.book(
            FallbackStep(.retry(maxAttempts: 2, delay: 500)), .switchAgent,
            FallbackStep(.escalate(message: nil, timeout: 3000, then: .continue)), .switchAgent,
            FallbackStep(.compensate(Compensation(type: "undo"))))
        world.createMany(150, SchedulerStoryTests.spec("a", .still(max: 2)))
        world.run(for: 2000)
        world.restart()
        world.run(for: 2000)
        world.restart()
        #expect(world.runUntilAllEnded())
        #expect(world.count(.fallbackStarted) > 20 && world.count(.taskEscalated) > 0)
        #expect(world.broken.isEmpty, "\(world.broken.first ?? "")")
        world.expectNothingLeft()
    }
}
