import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Groups of dead letters")
struct GroupTests {
    private func failed(
        _ scenario: Scenario, _ message: String, user: String = "ann", agent: String = "stripe",
        amount: String? = nil,
        origin: TaskOrigin = .user
    ) async throws -> StoredTask {
        let spec = Scenario.spec(user: user, agent: agent) { spec in
            spec.origin = origin
            spec.payment = amount.flatMap { Money($0, "USD") }.map { Payment($0, kind: "payment") }
        }
        let failure = Failure(type: .validationError, message: message, httpStatus: 422)
        return try await scenario.attempt(try await scenario.create(spec), .failed(failure))
    }

    @Test(
        "Failures of one cause are one group with its counts, times, agents and money",
        arguments: StoreKind.allCases)
    func sums(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now
            for number in 1...3 {
                _ = try await failed(scenario, "order \(number) is locked", amount: "0.10")
                scenario.now = scenario.now + 1000
            }
            let last = try await failed(scenario, "order 4 is locked", amount: "5")
            _ = try await failed(scenario, "no such card")
            let page = try await store.causeGroups(CauseGroupQuery())
            #expect(page.next == nil && page.groups.count == 2)
            let group = try #require(page.groups.first)
            #expect(group.fingerprint == last.state.signature?.fingerprint)
            #expect(group.signature.pattern == "order * is locked")
            #expect(group.signature.provider == "stripe" && group.signature.type == .validationError)
            #expect(group.signature.httpStatus == 422)
            #expect(group.counts == [.pending: 4] && group.total == 4)
            #expect(group.firstSeen == start && group.lastSeen == start + 3000)
            #expect(group.agents == [.init(agent: Scenario.agent, total: 4, pending: 4)])
            #expect(group.pendingValue.keys.sorted() == ["USD"])
            #expect(Decimal.compare(group.pendingValue["USD"] ?? "", "5.3") == 0)
            #expect(group.sample.id == last.state.deadLetter?.id)
        }
    }

    @Test("A closed entry leaves what waits, and stays in the total", arguments: StoreKind.allCases)
    func closing(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var tasks: [StoredTask] = []
            for number in 1...4 {
                tasks.append(try await failed(scenario, "order \(number) is locked", amount: "1"))
            }
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "ann"), tasks[0])
            try await scenario.go(.discardDeadLetter(note: nil, actor: "ann"), tasks[1])
            try await scenario.go(.retry(Retry(actor: "ann")), tasks[2])
            // What was resolved already can still be retried.
            let resolved = try #require(try await store.task(numbered: tasks[0].number))
            try await scenario.go(.retry(Retry(actor: "ann")), resolved)
            let group = try #require(try await store.causeGroups(CauseGroupQuery()).groups.first)
            #expect(group.counts.filter { $0.value != 0 } == [.pending: 1, .retried: 2, .discarded: 1])
            #expect(group.agents.first?.pending == 1 && group.agents.first?.total == 4)
            #expect(Decimal.compare(group.pendingValue["USD"] ?? "", "1") == 0)
            try await scenario.go(.discardDeadLetter(note: nil, actor: "ann"), tasks[3])
            #expect(try await store.causeGroups(CauseGroupQuery()).groups.isEmpty)
            var all = CauseGroupQuery()
            all.pendingOnly = false
            #expect(try await store.causeGroups(all).groups.map(\.total) == [4])
            #expect(try await store.causeGroups(all).groups.first?.pendingValue.isEmpty == true)
        }
    }

    @Test("A user sees its own groups, an admin all of them, merged", arguments: StoreKind.allCases)
    func scope(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for user in ["ann", "bob", "bob"] {
                _ = try await failed(scenario, "order 1 is locked", user: user)
            }
            _ = try await failed(scenario, "no such card", user: "bob", agent: "adyen")
            _ = try await failed(scenario, "our own doing", origin: .internal)
            func counts(_ user: String?) async throws -> [Int] {
                var query = CauseGroupQuery()
                query.user = user.map { UserID($0) }
                return try await store.causeGroups(query).groups.map(\.pending)
            }
            #expect(try await counts("ann") == [1])
            #expect(try await counts("bob") == [2, 1])
            #expect(try await counts(nil) == [3, 1])
            #expect(try await counts("eve") == [])
            var query = DeadLetterQuery()
            #expect(try await store.all(query).count == 4)
            query.isInternal = true
            #expect(try await store.all(query).map { $0.failure?.message } == ["our own doing"])
        }
    }

    @Test("Filters, orders and pages", arguments: StoreKind.allCases)
    func pages(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let words = ["ant", "bee", "cat", "dog", "elk"]
            for (index, word) in words.enumerated() {
                for _ in 0...(index % 3) {
                    scenario.now = scenario.now + 1000
                    _ = try await failed(scenario, "no \(word) today", agent: index < 3 ? "stripe" : "adyen")
                }
            }
            func patterns(_ query: CauseGroupQuery) async throws -> [String] {
                var query = query
                var found: [String] = []
                while true {
                    let page = try await store.causeGroups(query)
                    found += page.groups.map { String($0.signature.pattern.split(separator: " ")[1]) }
                    guard let next = page.next else { return found }
                    query.after = next
                }
            }
            for limit in [1, 2, 50] {
                var query = CauseGroupQuery()
                query.limit = limit
                #expect(try await patterns(query) == ["cat", "elk", "bee", "dog", "ant"])
                query.pendingOnly = false
                #expect(try await patterns(query) == ["cat", "elk", "bee", "dog", "ant"])
                query.sort = .lastSeen
                #expect(try await patterns(query) == ["elk", "dog", "cat", "bee", "ant"])
                query.agent = AgentID("adyen")
                #expect(try await patterns(query) == ["elk", "dog"])
                query.errorType = .timeout
                #expect(try await patterns(query).isEmpty)
            }
        }
    }

    @Test(
        "The list of dead letters narrows to a group, to identifiers, and gives places",
        arguments: StoreKind.allCases)
    func narrowed(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var locked: [StoredTask] = []
            for number in 1...5 {
                locked.append(try await failed(scenario, "order \(number) is locked"))
                _ = try await failed(scenario, "no such card")
            }
            var query = DeadLetterQuery()
            query.limit = 2
            query.group = locked[0].state.signature?.fingerprint
            #expect(try await store.all(query).map(\.task.number) == locked.reversed().map(\.number))
            query.statuses = [.pending]
            #expect(try await store.all(query).map(\.task.number) == locked.reversed().map(\.number))
            let place = try #require(try await store.deadLetterPlaces(query).elements.first)
            #expect(place.id == locked[4].state.deadLetter?.id && place.task == locked[4].number)
            query.group = "0000000000000000"
            #expect(try await store.all(query).isEmpty)
            query.group = nil
            let ids = locked[1...3].compactMap { $0.state.deadLetter?.id }
            query.ids = ids + [DeadLetterID(UUID7(high: 1, low: 1))] + ids
            #expect(try await store.all(query).map(\.id) == ids.reversed())
            var tasks = TaskQuery()
            tasks.limit = 2
            tasks.ids = locked[1...3].map(\.state.id)
            #expect(try await store.all(tasks).map(\.number) == locked[1...3].reversed().map(\.number))
            #expect(try await store.taskNumbers(tasks).elements == [locked[3].number, locked[2].number])
            let numbers = [locked[2].number, TaskNumber(9999), locked[0].number]
            #expect(
                try await store.tasks(numbered: numbers).map(\.number) == [
                    locked[2].number, locked[0].number,
                ])
        }
    }

    @Test("What a breaker turned away is found by its agent, oldest first", arguments: StoreKind.allCases)
    func turnedAway(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var turned: [StoredTask] = []
            for number in 1...4 {
                _ = try await failed(scenario, "order \(number) is locked")
                let task = try await scenario.create(Scenario.spec { $0.retryPolicy.onOpenBreaker = .skip })
                turned.append(
                    try await scenario.go(.hold(provider: ProviderID("stripe")), task, Facts(breaker: .open)))
            }
            try await scenario.go(.retry(Retry(actor: "ann")), turned[1])
            let first = try await store.turnedAway(agent: Scenario.agent, after: 0, limit: 2)
            #expect(first.map(\.task) == [turned[0].number, turned[2].number])
            let rest = try await store.turnedAway(
                agent: Scenario.agent, after: first.last?.number ?? 0, limit: 2)
            #expect(rest.map(\.task) == [turned[3].number])
            #expect(try await store.turnedAway(agent: AgentID("nobody"), after: 0, limit: 2).isEmpty)
        }
    }

    @Test("Records page by key, and tell their own history", arguments: StoreKind.allCases)
    func records(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            for key in ["a", "b", "c", "d"] {
                _ = try await store.append(AppendUnit(records: [.agent(key, at: Scenario.start)]))
            }
            _ = try await store.append(AppendUnit(records: [.agent("b", nil, at: Scenario.start)]))
            #expect(try await store.records(.agent, before: nil, limit: 2).map(\.key) == ["d", "c"])
            #expect(try await store.records(.agent, before: "c", limit: 2).map(\.key) == ["a"])
            #expect(try await store.recordEvents(.agent, "b", after: 0, limit: 9).map(\.version) == [1, 2])
            #expect(try await store.recordEvents(.agent, "b", after: 1, limit: 9).map(\.version) == [2])
            #expect(try await store.recordEvents(.agent, "x", after: 0, limit: 9).isEmpty)
        }
    }
}
