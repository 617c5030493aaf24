import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("What the scheduler reads")
struct SchedulingTests {
    @Test(
        "Tasks wait by user, and by agent, else capability, else type; held ones by provider",
        arguments: StoreKind.allCases)
    func lanes(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            try await scenario.create()
            try await scenario.create()
            try await scenario.create(Scenario.spec(agent: nil) { $0.capability = "pay" })
            try await scenario.create(Scenario.spec("report", agent: nil))
            try await scenario.create(Scenario.spec(agent: "later") { $0.runAt = scenario.now + 1 })
            try await scenario.begin(try await scenario.create(Scenario.spec(agent: "busy")))
            try await scenario.create(Scenario.spec(user: "bob"))
            for user in ["ann", "bob"] {
                let held = try await scenario.create(Scenario.spec(user: user, agent: "down"))
                try await scenario.go(.hold(provider: ProviderID("cards")), held)
            }
            let (ann, bob) = (UserID("ann"), UserID("bob"))
            let lanes = try await store.lanes()
            #expect(
                Set(lanes) == [
                    Lane(.agent(AgentID("stripe")), of: ann), Lane(.agent(AgentID("stripe")), of: bob),
                    Lane(.capability("pay"), of: ann), Lane(.type("report"), of: ann),
                    Lane(.held(ProviderID("cards")), of: ann), Lane(.held(ProviderID("cards")), of: bob),
                ])
            #expect(lanes.count == 6, "none twice")
        }
    }

    @Test("A window has the best first: priority, then readiness, then number", arguments: StoreKind.allCases)
    func order(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let lane = Scenario.lane
            let first = try await scenario.create()
            let second = try await scenario.create()
            let urgent = try await scenario.create(Scenario.spec(priority: 5))
            let lazy = try await scenario.create(Scenario.spec(priority: -5))
            scenario.now = scenario.now + -1_000
            let earlier = try await scenario.create()
            let expected = [urgent, earlier, first, second, lazy]
            for limit in 1...6 {
                let window = try await store.window(lane, limit: limit)
                #expect(window.tasks == Array(expected.prefix(limit)))
                #expect(window.more == (limit < 5))
            }
            #expect(try await store.window(Lane(.type("nobody"), of: lane.user), limit: 5).tasks.isEmpty)
            #expect(try await store.window(Lane(lane.target, of: UserID("bob")), limit: 5).tasks.isEmpty)
        }
    }

    @Test(
        "A user's window holds only that user's tasks, however many others wait",
        arguments: StoreKind.allCases)
    func ofOneUser(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for _ in 0..<20 { try await scenario.create(Scenario.spec(priority: 9)) }
            let mine = try await scenario.create(Scenario.spec(user: "bob"))
            let window = try await store.window(Lane(.agent(Scenario.agent), of: UserID("bob")), limit: 5)
            #expect(window.tasks == [mine] && !window.more)
            #expect(try await store.window(Scenario.lane, limit: 5).more)
        }
    }

    @Test("The longest wait is found over all users and lanes", arguments: StoreKind.allCases)
    func longestWait(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now
            #expect(try await store.oldestPending(of: nil) == nil)
            for (delay, user) in [(30, "ann"), (10, "bob"), (20, "eve"), (25, "bob")] as [(Int64, String)] {
                scenario.now = start + delay
                try await scenario.create(Scenario.spec(user: user, agent: nil, priority: Int(delay)))
            }
            #expect(try await store.oldestPending(of: nil) == start + 10)
            #expect(try await store.oldestPending(of: UserID("eve")) == start + 20)
            #expect(try await store.oldestPending(of: UserID("zoe")) == nil)
        }
    }

    @Test(
        "In a held lane the oldest deadline goes first, whatever the priority", arguments: StoreKind.allCases)
    func heldOrder(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let provider = ProviderID("cards")
            let first = try await scenario.go(.hold(provider: provider), try await scenario.create())
            scenario.now = scenario.now + 10
            let urgent = try await scenario.create(Scenario.spec(priority: 100))
            let second = try await scenario.go(.hold(provider: provider), urgent)
            #expect(
                try await store.window(Lane(.held(provider), of: Scenario.lane.user), limit: 9).tasks == [
                    first, second,
                ])
            #expect(try await store.window(Scenario.lane, limit: 9).tasks.isEmpty)
        }
    }

    @Test("A begun or ended task stands in no line", arguments: StoreKind.allCases)
    func leaves(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            let other = try await scenario.create()
            try await scenario.begin(task)
            try await scenario.go(.cancel(reason: nil, actor: "ann"), other)
            #expect(try await store.window(Scenario.lane, limit: 9).tasks.isEmpty)
            #expect(try await store.lanes().isEmpty)
        }
    }

    @Test("Timers come soonest first, and only those up to the horizon", arguments: StoreKind.allCases)
    func timers(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let now = scenario.now
            let late = try await scenario.create(Scenario.spec { $0.runAt = now + 2_000 })
            let soon = try await scenario.create(Scenario.spec { $0.runAt = now + 1_000 })
            let deadline = try await scenario.create(Scenario.spec { $0.deadline = now + 1_500 })
            try await scenario.create()
            let all = try await store.timers(until: now + 5_000, limit: 9)
            #expect(all.tasks == [soon, deadline, late])
            #expect(!all.more)
            let some = try await store.timers(until: now + 1_500, limit: 1)
            #expect(some.tasks == [soon])
            #expect(some.more)
            #expect(try await store.timers(until: now + 999, limit: 9).tasks.isEmpty)
            #expect(try await store.nextTimer(after: now) == now + 1_000)
            #expect(try await store.nextTimer(after: now + 1_000) == now + 1_500)
            #expect(try await store.nextTimer(after: now + 2_000) == nil)
        }
    }

    @Test(
        "Promotion makes a due task ready without an event, and keeps its deadline",
        arguments: StoreKind.allCases)
    func promote(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let now = scenario.now
            let due = try await scenario.create(
                Scenario.spec {
                    $0.runAt = now + 1_000
                    $0.deadline = now + 9_000
                })
            let notDue = try await scenario.create(Scenario.spec { $0.runAt = now + 5_000 })
            let position = try await store.status().position
            let lane = Scenario.lane
            try await store.promote([(due.number, 7), (TaskNumber(99), 1)], at: now + 1_000)
            #expect(try await store.window(lane, limit: 9).tasks.isEmpty)
            try await store.promote([(due.number, 1), (notDue.number, 1)], at: now + 1_000)
            #expect(try await store.window(lane, limit: 9).tasks == [due])
            #expect(try await store.nextTimer(after: now) == now + 5_000)
            #expect(try await store.nextTimer(after: now + 5_000) == now + 9_000)
            #expect(try await store.status().position == position)
        }
    }

    @Test("Running tasks are found in pages; accepted ones belong to no node", arguments: StoreKind.allCases)
    func running(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var running: [StoredTask] = []
            for _ in 0..<4 { running.append(try await scenario.begin(try await scenario.create())) }
            let accepted = try await scenario.begin(try await scenario.create())
            try await scenario.go(.attemptEnded(number: 1, .accepted), accepted)
            try await scenario.attempt(try await scenario.create(), Scenario.success)
            #expect(try await store.running(after: nil, limit: 3) == Array(running.prefix(3)))
            #expect(try await store.running(after: running[2].number, limit: 3) == [running[3]])
        }
    }

    @Test("An agent is needed while unfinished tasks are its own", arguments: StoreKind.allCases)
    func liveCount(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let (stripe, other) = (Scenario.agent, AgentID("other"))
            let first = try await scenario.create()
            let free = try await scenario.create(Scenario.spec(agent: nil))
            #expect(try await store.liveCount(agent: stripe, limit: 9) == 1)
            let begun = try await scenario.begin(free, other)
            #expect(try await store.liveCount(agent: other, limit: 9) == 1)
            try await scenario.go(.attemptEnded(number: 1, Scenario.success), begun)
            #expect(try await store.liveCount(agent: other, limit: 9) == 0)
            let failed = try await scenario.attempt(first, Scenario.failure())
            #expect(try await store.liveCount(agent: stripe, limit: 9) == 0)
            try await scenario.go(.retry(Retry(actor: "ann", agentID: other)), failed)
            #expect(try await store.liveCount(agent: stripe, limit: 9) == 0)
            #expect(try await store.liveCount(agent: other, limit: 9) == 1)
            #expect(try await store.liveCount(agent: other, limit: 0) == 0)
        }
    }
}
