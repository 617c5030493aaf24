import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Scheduler: turns, slots and lanes")
struct SchedulerStoryTests {
    static func spec(_ agent: String, _ policy: RetryPolicy = .still, priority: Int = 0) -> TaskSpec {
        TaskSpec(
            type: "t", userID: UserID("ada"), agentID: AgentID(agent), priority: priority, retryPolicy: policy
        )
    }

    static func well(after delay: Milliseconds = 10) -> World.Behaviour {
        { _, _ in (delay, .succeeded(output: nil, httpStatus: 204)) }
    }

    static let down: World.Behaviour = { _, _ in (10, .failed(.status503)) }

    static var small: Scheduler.Limits {
        var limits = Scheduler.Limits()
        limits.window = 64
        return limits
    }

    @Test("10,000 tasks of one agent complete with 64 of them in memory")
    func bigBacklog() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 8), Self.well())
        world.createMany(10_000, Self.spec("a"))
        #expect(world.runUntilAllEnded())
        #expect(world.count(.completed) == 10_000 && world.calls.count == 10_000)
        #expect(world.tally.mostEntries <= 64 + 16)
        #expect(world.tally.loads < 600, "\(world.tally.loads) loads")
        world.expectNothingLeft()
    }

    @Test("A dead provider's 10,000 tasks do not delay another lane")
    func deadProviderStarvesNobody() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("dead")), Self.down)
        world.agent(AgentProfile(id: AgentID("well"), maxConcurrency: 4), Self.well())
        world.createMany(10_000, Self.spec("dead"))
        world.run(for: 5000)
        let from = world.now
        world.createMany(100, Self.spec("well"))
        world.run(for: 1000)
        #expect(world.count(.completed) == 100)
        let last = world.calls.last { $0.agent == AgentID("well") }
        #expect((last?.at ?? .distantFuture) - from < 800)
        #expect(world.tally.mostEntries < 64 * 4 + 200)
        #expect(world.broken.isEmpty)
    }

    @Test("Holds are written in drips of at most a hundred a second")
    func holdsDrip() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("dead"), maxConcurrency: 5), Self.down)
        world.createMany(3000, Self.spec("dead"))
        world.run(for: 10_000)
        let held = world.log.filter { $0.type == .taskHeld }
        #expect(held.count > 500)
        for second in 0..<10 {
            let from = Story.start + Int64(second) * 1000
            let count = held.count { $0.at >= from && $0.at < from + 1000 }
            #expect(count <= 160, "a burst of 50 and 100 a second, not \(count)")
        }
        #expect(world.count(.taskHeld) < 1100)
        #expect(world.broken.isEmpty)
    }

    @Test("Holds drip though tasks come one by one")
    func arrivalsDrip() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("dead"), maxConcurrency: 5), Self.down)
        world.createMany(5, Self.spec("dead"))
        world.run(for: 1000)
        for _ in 0..<2000 {
            world.create(Self.spec("dead"))
            world.run(for: 1)
        }
        #expect(world.count(.taskHeld) <= 5 + 50 + 220, "\(world.count(.taskHeld)) holds in 2 s")
        #expect(world.broken.isEmpty)
    }

    @Test("Higher priority goes first, then the longer wait, also out of a backlog beyond the window")
    func priorities() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 1), Self.well())
        world.create(Self.spec("a"))
        world.run(for: 2)
        for index in 0..<300 { world.create(Self.spec("a", priority: index % 3)) }
        #expect(world.runUntilAllEnded())
        let order = world.calls.dropFirst().map { world.state($0.number)?.spec.priority ?? 0 }
        #expect(order == order.sorted(by: >))
        for priority in 0..<3 {
            let numbers = world.calls.dropFirst().map(\.number).filter {
                world.state($0)?.spec.priority == priority
            }
            #expect(numbers == numbers.sorted())
        }
    }

    @Test("No more calls at once than an agent takes, and all its slots are used")
    func maxConcurrency() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 7), Self.well(after: 100))
        world.createMany(70, Self.spec("a"))
        #expect(world.runUntilAllEnded())
        #expect(world.now - Story.start < 10 * 100 + 300)
        world.expectNothingLeft()
    }

    @Test("No more calls than the rate allows, and no fewer")
    func rateLimit() {
        let world = World(limits: Self.small)
        let limit = RateLimit.Settings(perSecond: 10, burst: 5)
        world.agent(AgentProfile(id: AgentID("a"), rateLimit: limit), Self.well())
        world.createMany(1000, Self.spec("a"))
        world.run(for: 20_000)
        #expect((200...206).contains(world.calls.count), "\(world.calls.count) calls in 20 s")
        #expect(world.tally.steps < 6000, "it waits for the next token and does not poll")
    }

    @Test("A paused agent gets no calls, and its tasks go when it is back")
    func paused() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), isPaused: true), Self.well())
        world.createMany(200, Self.spec("a"))
        world.run(for: 120_000)
        #expect(world.calls.isEmpty && world.count(.pending) == 200)
        #expect(world.count(.attemptStarted) == 0 && world.count(.taskHeld) == 0)
        world.change { $0.agentChanged(AgentProfile(id: AgentID("a"))) }
        #expect(world.runUntilAllEnded(within: 10_000))
    }

    @Test("Cancelled by somebody else, a task's call is broken off and its slot is free")
    func foreignCancel() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 1), Self.well(after: 1_000_000))
        let first = world.create(Self.spec("a"))
        world.run(for: 100)
        #expect(world.state(first)?.phase == .running)
        world.behave(AgentID("a"), Self.well())
        let second = world.create(Self.spec("a"))
        world.run(for: 100)
        #expect(world.state(second)?.attempts == 0)
        world.act(.cancel(reason: nil, actor: "ada"), on: first)
        world.run(for: 100)
        #expect(world.state(second)?.status == .completed)
        #expect(world.runUntilAllEnded())
        world.expectNothingLeft()
        #expect(world.count(.lateResult) == 0)
    }

    @Test("A deadline cuts a running call off")
    func deadlineWhileRunning() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 1), Self.well(after: 1_000_000))
        var spec = Self.spec("a")
        spec.deadline = Story.start + 5000
        let number = world.create(spec)
        world.run(for: 5100)
        #expect(world.state(number)?.phase == .failed(.deadlineExceeded))
        #expect(world.runUntilAllEnded())
        world.expectNothingLeft()
    }

    @Test(
        "The deadline of a task deep in the backlog fires in time, also in a window", arguments: [10, 1500])
    func deadlineInBacklog(place: Int) {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), isPaused: true), Self.well())
        world.run(for: 1000)
        var numbers: [TaskNumber] = []
        for index in 0..<2000 {
            var spec = Self.spec("a")
            if index == place || index == place + 1 {
                spec.deadline = world.now + (index == place ? 5000 : 200_000)
            }
            numbers.append(world.create(spec))
        }
        world.run(for: 5050)
        #expect(world.state(numbers[place])?.phase == .failed(.deadlineExceeded))
        world.run(for: 194_000)
        #expect(world.state(numbers[place + 1])?.status == .pending)
        world.run(for: 1050)
        #expect(world.state(numbers[place + 1])?.phase == .failed(.deadlineExceeded))
        #expect(world.count(.failed) == 2 && world.broken.isEmpty)
    }

    @Test("More due tasks than fit into memory all fire, in time and without a storm of reads")
    func moreTimersThanFit() {
        var limits = Self.small
        limits.maxTimers = 100
        let world = World(limits: limits)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 1000), Self.well())
        for index in 0..<3000 {
            var spec = Self.spec("a")
            spec.runAt = Story.start + 10_000 + Int64(index % 50) * 10
            world.create(spec)
        }
        world.run(for: 9_999)
        #expect(world.calls.isEmpty)
        world.run(for: 5000)
        #expect(world.count(.completed) == 3000, "\(world.count(.completed)) of 3000")
        #expect(world.calls.allSatisfy { $0.at >= Story.start + 10_000 }, "no timer fires early")
        world.expectNothingLeft()
    }

    @Test("Tasks due far apart fire in time while the timers are full of later ones")
    func nearTimersAmongFarOnes() {
        var limits = Self.small
        limits.maxTimers = 20
        let world = World(limits: limits)
        world.agent(AgentProfile(id: AgentID("a")), Self.well())
        world.run(for: 1000)
        for index in stride(from: 200, to: 0, by: -1) {
            var spec = Self.spec("a")
            spec.runAt = Story.start + 2000 + Int64(index) * 200
            world.create(spec)
        }
        #expect(world.runUntilAllEnded())
        for call in world.calls {
            let due = world.state(call.number)?.spec.runAt ?? .zero
            #expect(call.at >= due && call.at - due < 150, "\(call.at - due) ms late")
        }
        world.expectNothingLeft()
    }

    @Test("After a restart due tasks beyond the window are found again")
    func dueAfterRestart() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 4), Self.well())
        for index in 0..<500 {
            var spec = Self.spec("a", priority: index % 2)
            spec.runAt = Story.start + 5000
            world.create(spec)
        }
        world.run(for: 4000)
        world.restart()
        world.run(for: 30_000)
        #expect(world.count(.completed) == 500)
        #expect(world.tally.reloads < 50, "\(world.tally.reloads) reloads")
        world.expectNothingLeft()
    }

    @Test("Draining starts nothing, and what runs comes to its end")
    func drain() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("a"), maxConcurrency: 3), Self.well(after: 500))
        world.createMany(30, Self.spec("a"))
        var later = Self.spec("a")
        later.runAt = Story.start + 5000
        world.create(later)
        world.run(for: 100)
        world.change { $0.drain() }
        world.run(for: 60_000)
        #expect(world.calls.count == 3 && world.count(.completed) == 3 && world.count(.pending) == 28)
        #expect(world.scheduler.runningCalls == 0)
        world.restart()
        #expect(world.runUntilAllEnded(), "the next process finds all of them")
        world.expectNothingLeft()
    }

    @Test("A task without anybody to run it fails at once")
    func missingCallback() {
        let world = World(limits: Self.small)
        world.agent(AgentProfile(id: AgentID("mute"), isCallable: false), Self.well())
        world.createMany(300, Self.spec("mute"))
        world.createMany(300, Self.spec("nobody"))
        #expect(world.runUntilAllEnded(within: 10_000))
        #expect(world.count(.failed) == 600 && world.calls.isEmpty)
    }

    @Test("A lane of a capability uses every agent that has it, and passes by one that is full")
    func capability() {
        let world = World(limits: Self.small)
        world.agent(
            AgentProfile(id: AgentID("a"), capabilities: ["ocr"], maxConcurrency: 1), Self.well(after: 50))
        world.agent(
            AgentProfile(id: AgentID("b"), capabilities: ["ocr"], maxConcurrency: 1), Self.well(after: 50))
        world.createMany(40, TaskSpec(type: "ocr", userID: UserID("ada")))
        #expect(world.runUntilAllEnded(within: 5000))
        #expect(world.calls.count { $0.agent == AgentID("a") } > 15)
        #expect(world.calls.count { $0.agent == AgentID("b") } > 15)
        world.expectNothingLeft()
    }
}
