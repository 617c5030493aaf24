import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Routing: which agent")
struct RoutingTests {
    private let first = AgentID("a")
    private let second = AgentID("b")

    private func profile(_ id: AgentID, weight: Int = 1, concurrency: Int = 64) -> AgentProfile {
        AgentProfile(id: id, capabilities: ["ocr"], maxConcurrency: concurrency, weight: weight)
    }

    private func spec(_ policy: RetryPolicy = .still) -> TaskSpec {
        TaskSpec(type: "ocr", userID: UserID("ada"), retryPolicy: policy)
    }

    private func count(_ id: AgentID, _ calls: some Sequence<World.CallLog>) -> Int {
        calls.reduce(0) { $0 + ($1.agent == id ? 1 : 0) }
    }

    @Test("Weights 3 and 1 share three to one, though each task finds both agents idle")
    func weightsWhenIdle() {
        let world = World()
        world.agent(profile(first), SchedulerStoryTests.well())
        world.agent(profile(second, weight: 3), SchedulerStoryTests.well())
        for _ in 0..<200 {
            world.create(spec())
            world.run(for: 50)
        }
        #expect((149...151).contains(count(second, world.calls)), "\(count(second, world.calls)) of 200")
        for start in stride(from: 0, to: 200, by: 20) {
            #expect((14...16).contains(count(second, world.calls[start..<start + 20])), "evenly, not in runs")
        }
    }

    @Test("Weights share a flood too, as long as nobody is full")
    func weightsInAFlood() {
        let world = World()
        world.agent(profile(first, weight: 3, concurrency: 1000), SchedulerStoryTests.well(after: 100))
        world.agent(profile(second, concurrency: 1000), SchedulerStoryTests.well(after: 100))
        world.createMany(800, spec())
        #expect(world.runUntilAllEnded())
        #expect((590...610).contains(count(first, world.calls)), "\(count(first, world.calls)) of 800")
    }

    @Test("A slower agent gets less work and still some")
    func latency() {
        let world = World()
        world.agent(profile(first), SchedulerStoryTests.well(after: 100))
        world.agent(profile(second), SchedulerStoryTests.well(after: 400))
        for _ in 0..<400 {
            world.create(spec())
            world.run(for: 500)
        }
        // 150 to 450 ms: one of four.
        #expect((90...115).contains(count(second, world.calls)), "\(count(second, world.calls)) of 400")
    }

    @Test("An agent whose calls hang gets ever less, before one of them has ended")
    func hanging() {
        let world = World()
        world.agent(profile(first), SchedulerStoryTests.well())
        world.agent(profile(second), SchedulerStoryTests.well(after: 10_000_000))
        for _ in 0..<400 {
            world.create(spec())
            world.run(for: 20)
        }
        #expect(count(second, world.calls) <= 64)
        #expect(count(second, world.calls.suffix(100)) < 20)
    }

    @Test("An agent that errs often gets less, before its breaker opens")
    func errors() {
        let world = World()
        let settings = BreakerSettings(failureRate: 0.9, consecutiveFailures: 50)
        var failing = profile(second)
        failing.breaker = settings
        world.agent(profile(first), SchedulerStoryTests.well())
        world.agent(failing) { task, _ in
            (
                10,
                task.number.rawValue % 2 == 0 ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204)
            )
        }
        for _ in 0..<300 {
            world.create(spec())
            world.run(for: 100)
        }
        world.run(for: 60_000)
        #expect(world.scheduler.breakerState(ProviderID("b")) == .closed)
        let late = count(second, world.calls.suffix(200))
        #expect((5...70).contains(late), "\(late) of 200")
        #expect(world.count(.completed) == 300)
    }

    @Test("The agent that has just failed a task does not get it again while another is healthy, busy or not")
    func neverTheOneThatFailed() {
        let world = World()
        world.isThorough = true
        world.agent(profile(first), SchedulerStoryTests.down)
        world.agent(profile(second, concurrency: 1), SchedulerStoryTests.well(after: 5000))
        world.create(spec(RetryPolicy(maxAttempts: 6, jitter: 0)))
        world.create(spec(RetryPolicy(maxAttempts: 6, jitter: 0)))
        world.create(spec(RetryPolicy(maxAttempts: 6, jitter: 0)))
        #expect(world.runUntilAllEnded())
        var last: [TaskNumber: AgentID] = [:]
        for call in world.calls {
            #expect(last[call.number] != first || call.agent == second)
            last[call.number] = call.agent
        }
        #expect(count(first, world.calls) >= 1 && world.count(.completed) == 3)
        world.expectNothingLeft()
    }

    @Test("A task that avoids an agent does not keep the user's next one from it")
    func noHeadOfLine() {
        let world = World()
        world.isThorough = true
        let failing = profile(first, concurrency: 1)
        world.agent(failing) { task, _ in
            (
                10,
                task.number == TaskNumber(1) ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204)
            )
        }
        let number = world.create(spec())
        world.run(for: 20)
        world.agent(profile(second, concurrency: 1), SchedulerStoryTests.well(after: 60_000))
        world.create(TaskSpec(type: "x", userID: UserID("bob"), agentID: second, retryPolicy: .still))
        world.run(for: 20_000)
        #expect(world.state(number)?.attempts == 1, "it waits for the other agent")
        world.createMany(10, spec())
        world.run(for: 1000)
        #expect(world.count(.completed) == 10)
        #expect(world.runUntilAllEnded())
        #expect(world.calls.last?.agent == second && world.calls.last?.number == number)
        world.expectNothingLeft()
    }

    @Test("With nobody else healthy it goes back to the agent that has failed it", arguments: [true, false])
    func backAgain(isPaused: Bool) {
        let world = World()
        world.isThorough = true
        world.agent(profile(first)) { task, _ in
            (10, task.state.attempts == 1 ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204))
        }
        if isPaused {
            var paused = profile(second)
            paused.isPaused = true
            world.agent(paused, SchedulerStoryTests.well())
        }
        world.create(spec())
        #expect(world.runUntilAllEnded(within: 10_000))
        #expect(world.calls.map(\.agent) == [first, first])
    }

    @Test("The task that waits for the healthy one goes back when that one is ill too")
    func otherFallsIll() {
        let world = World()
        world.isThorough = true
        world.agent(profile(first)) { task, _ in
            (10, task.state.attempts == 1 ? .failed(.status503) : .succeeded(output: nil, httpStatus: 204))
        }
        world.agent(profile(second, concurrency: 1), SchedulerStoryTests.well(after: 1_000_000))
        world.create(TaskSpec(type: "x", userID: UserID("bob"), agentID: second, retryPolicy: .still))
        world.run(for: 100)
        let number = world.create(spec())
        world.run(for: 20_000)
        #expect(world.state(number)?.attempts == 1)
        world.change { $0.force(ProviderID("b"), open: true, until: nil, reason: nil, at: world.now) }
        world.run(for: 100)
        #expect(world.state(number)?.status == .completed)
        #expect(world.calls.filter { $0.number == number }.map(\.agent) == [first, first])
    }

    @Test("A manual retry too goes to the other agent first")
    func manualRetry() {
        let world = World()
        world.agent(profile(first), SchedulerStoryTests.down)
        world.agent(profile(second), SchedulerStoryTests.down)
        let number = world.create(spec(RetryPolicy(maxAttempts: 1, jitter: 0)))
        world.run(for: 1000)
        let failed = world.calls[0].agent
        world.act(.retry(Retry(actor: "ada")), on: number)
        world.run(for: 1000)
        #expect(world.calls.count == 2 && world.calls[1].agent != failed)
    }

    @Test("A half-open agent beside a healthy one gets its probes and comes back")
    func probation() {
        let world = World()
        world.isThorough = true
        world.agent(profile(first), SchedulerStoryTests.well())
        world.agent(profile(second), SchedulerStoryTests.down)
        for _ in 0..<100 {
            world.create(spec())
            world.run(for: 50)
        }
        #expect(world.scheduler.breakerState(ProviderID("b")) == .open)
        world.behave(second, SchedulerStoryTests.well())
        world.run(for: 40_000)
        for _ in 0..<200 {
            world.create(spec())
            world.run(for: 50)
        }
        #expect(world.scheduler.breakerState(ProviderID("b")) == .closed)
        let late = count(second, world.calls.suffix(40))
        #expect((15...25).contains(late), "\(late) of 40")
        #expect(world.runUntilAllEnded())
        #expect(world.count(.completed) == 300)
    }

    @Test("An agent may be left out, and what is then left may be nobody")
    func excluded() {
        let world = World()
        world.agent(profile(first), SchedulerStoryTests.well())
        world.agent(profile(second), SchedulerStoryTests.well())
        var scheduler = world.scheduler
        let id = TaskID(UUID7(milliseconds: 1, random: 1, 1))
        let state = TaskState(id: id, spec: spec(), at: world.now)
        for _ in 0..<5 {
            guard
                case .go(let assignment, _) = scheduler.route(
                    state, isHeld: false, excluding: [first], at: world.now)
            else {
                Issue.record("nobody")
                return
            }
            #expect(assignment.agentID == second)
        }
        guard
            case .impossible = scheduler.route(
                state, isHeld: false, excluding: [first, second], at: world.now)
        else {
            Issue.record("somebody")
            return
        }
    }
}

@Suite("Routing: shares")
struct ShareTests {
    @Test("Weights alone decide among agents that do equally well")
    func weights() {
        let shares = AgentStanding.shares([
            AgentStanding(weight: 3, calls: 50, latency: 20, running: 6),
            AgentStanding(weight: 1, calls: 50, latency: 20, running: 2),
        ])
        #expect(shares == [3, 1])
    }

    @Test("Whatever is wrong leaves a twentieth of the weight, half-open a twentieth at once")
    func least() {
        let shares = AgentStanding.shares([
            AgentStanding(weight: 1, calls: 50, latency: 10),
            AgentStanding(weight: 1, calls: 50, failureRate: 1, latency: 30_000, running: 500),
            AgentStanding(weight: 2, isOnProbation: true),
        ])
        #expect(shares == [1, 0.05, 0.1])
    }

    @Test("One failure alone means little, many mean much")
    func failures() {
        let shares = AgentStanding.shares([
            AgentStanding(weight: 1), AgentStanding(weight: 1, calls: 1, failureRate: 1),
            AgentStanding(weight: 1, calls: 50, failureRate: 0.4),
        ])
        #expect(shares[0] == 1 && shares[1] > 0.5 && shares[2] < 0.3 && shares[2] > 0.2)
    }

    @Test("A call of unknown length counts as the fastest, and a millisecond more or less as nothing")
    func latencies() {
        let shares = AgentStanding.shares([
            AgentStanding(weight: 1), AgentStanding(weight: 1, latency: 1),
            AgentStanding(weight: 1, latency: 3), AgentStanding(weight: 1, latency: 500),
        ])
        #expect(shares[0] == 1 && shares[1] == 1 && shares[2] > 0.95)
        #expect(shares[3] == 51.0 / 550)
    }

    @Test("The latest calls count most, and an outlier is forgotten")
    func meanLatency() {
        var mean = MeanLatency()
        #expect(mean.milliseconds == nil)
        mean.record(100)
        #expect(mean.milliseconds == 100)
        mean.record(900)
        #expect(mean.milliseconds == 200)
        for _ in 0..<40 { mean.record(100) }
        #expect((mean.milliseconds ?? 0) < 101)
        mean.record(-5)
        #expect((mean.milliseconds ?? 0) < 101)
    }

    @Test("Work is dealt out evenly and exactly, ties by id", arguments: [[1, 1], [3, 1], [5, 2, 1]])
    func rotation(weights: [Int]) {
        let agents = weights.enumerated().map {
            (id: AgentID("agent-\($0.offset)"), share: Double($0.element))
        }
        let total = weights.reduce(0, +)
        var rotation = Rotation()
        for _ in 0..<20 {
            var counts: [AgentID: Int] = [:]
            for _ in 0..<total {
                guard let next = rotation.order(agents).first else { return }
                rotation.took(next, among: agents)
                counts[next, default: 0] += 1
            }
            for (agent, weight) in zip(agents, weights) { #expect(counts[agent.id] == weight) }
        }
    }

    @Test("Who comes back has not saved up turns")
    func noSaving() {
        let agents = [(id: AgentID("a"), share: 1.0), (id: AgentID("b"), share: 1.0)]
        var rotation = Rotation()
        for _ in 0..<100 { rotation.took(AgentID("a"), among: agents) }
        var inARow = 0
        while rotation.order(agents).first == AgentID("b"), inARow < 50 {
            rotation.took(AgentID("b"), among: agents)
            inARow += 1
        }
        #expect(inARow <= 4)
    }
}
