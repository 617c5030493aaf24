import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Lists of tasks")
struct ListTests {
    @Test("Newest first, in pages that stay in place while tasks arrive", arguments: StoreKind.allCases)
    func pages(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var tasks: [StoredTask] = []
            for _ in 0..<7 { tasks.append(try await scenario.create()) }
            var query = TaskQuery()
            query.limit = 3
            let first = try await store.tasks(query)
            #expect(first.elements == [tasks[6], tasks[5], tasks[4]])
            try await scenario.create()
            query.before = first.next
            let second = try await store.tasks(query)
            #expect(second.elements == [tasks[3], tasks[2], tasks[1]])
            query.before = second.next
            let last = try await store.tasks(query)
            #expect(last.elements == [tasks[0]])
            #expect(last.next == nil)
        }
    }

    @Test("A page that ends with the last match has no next", arguments: StoreKind.allCases)
    func exactPage(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for _ in 0..<3 { try await scenario.create() }
            var query = TaskQuery()
            query.limit = 3
            #expect(try await store.tasks(query).next == nil)
        }
    }

    @Test("Each status lists its tasks", arguments: StoreKind.allCases)
    func statuses(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let pending = try await scenario.create()
            let held = try await scenario.go(.hold(provider: ProviderID("p")), try await scenario.create())
            let running = try await scenario.begin(try await scenario.create())
            let accepted = try await scenario.go(
                .attemptEnded(number: 1, .accepted), try await scenario.begin(try await scenario.create()))
            let waiting = try await scenario.record(
                scenario.appending(
                    [.taskEscalated(until: nil, message: "Look.")], to: try await scenario.create()))
            let completed = try await scenario.attempt(try await scenario.create(), Scenario.success)
            let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            let cancelled = try await scenario.go(
                .cancel(reason: nil, actor: "ann"), try await scenario.create())
            for (statuses, expected) in [
                ([TaskStatus.pending], [held, pending]), ([.inProgress], [accepted, running]),
                ([.waiting], [waiting]), ([.completed], [completed]), ([.failed], [failed]),
                ([.cancelled], [cancelled]), ([.cancelled, .failed], [cancelled, failed]),
                ([.pending, .completed], [completed, held, pending]),
                ([.waiting, .inProgress, .failed], [failed, waiting, accepted, running]),
            ] {
                var query = TaskQuery()
                query.statuses = statuses
                #expect(try await store.all(query) == expected, "\(statuses)")
            }
        }
    }

    @Test(
        "Filters narrow by user, type, agent, error and metadata, and together", arguments: StoreKind.allCases
    )
    func filters(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let order = MetadataPair(key: "order", value: "1")
            let ann = try await scenario.create(Scenario.spec { $0.metadata = [order] })
            let bob = try await scenario.attempt(
                try await scenario.create(Scenario.spec("mail.send", user: "bob", agent: "mail")),
                Scenario.failure(.authFailure))
            let routed = try await scenario.begin(
                try await scenario.create(Scenario.spec(agent: nil) { $0.metadata = [order] }),
                AgentID("mail"))
            func expect(_ expected: [StoredTask], _ change: (inout TaskQuery) -> Void) async throws {
                var query = TaskQuery()
                change(&query)
                #expect(try await store.all(query) == expected, "\(query)")
            }
            try await expect([routed, ann]) { $0.user = UserID("ann") }
            try await expect([bob]) { $0.type = "mail.send" }
            try await expect([routed, bob]) { $0.agent = AgentID("mail") }
            try await expect([bob]) { $0.errorType = .authFailure }
            try await expect([]) { $0.errorType = .timeout }
            try await expect([routed, ann]) { $0.metadata = [order] }
            try await expect([]) { $0.metadata = [order, MetadataPair(key: "order", value: "2")] }
            try await expect([routed]) {
                $0.metadata = [order]
                $0.agent = AgentID("mail")
            }
            try await expect([]) { $0.user = UserID("nobody") }
            try await expect([]) {
                $0.user = UserID("ann")
                $0.type = "mail.send"
            }
        }
    }

    @Test("Dates bound a list, however the clock went", arguments: StoreKind.allCases)
    func dates(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now
            var tasks: [StoredTask] = []
            for offset: Milliseconds in [0, 7_200_000, 3_600_000, 10_800_000, 1] {
                scenario.now = start + offset
                tasks.append(try await scenario.create())
            }
            var query = TaskQuery()
            query.createdAfter = start
            query.createdBefore = start + 10_800_000
            #expect(try await store.all(query) == [tasks[4], tasks[2], tasks[1]])
            query.createdAfter = start + 99_999_999
            query.createdBefore = nil
            #expect(try await store.all(query).isEmpty)
        }
    }

    @Test(
        "A text finds an id by its beginning, a type or a payment's reference", arguments: StoreKind.allCases)
    func text(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await scenario.create(
                Scenario.spec("beef") {
                    $0.payment = Money("1", "USD").map { Payment($0, kind: "payment", reference: "inv-7") }
                })
            scenario.now = scenario.now + 86_400_000 * 90
            let second = try await scenario.create(Scenario.spec("report"))
            func found(_ text: String) async throws -> [StoredTask] {
                var query = TaskQuery()
                query.text = text
                return try await store.all(query)
            }
            let id = second.state.id.description
            for length in [8, 9, 13, 14, 36] {
                #expect(try await found(String(id.prefix(length))) == [second])
            }
            #expect(try await found(String(id.prefix(3))).isEmpty)
            #expect(try await found(id.uppercased()).isEmpty)
            #expect(try await found("beef") == [first])
            #expect(try await found("report") == [second])
            #expect(try await found("inv-7") == [first])
            #expect(try await found("inv").isEmpty)
            #expect(try await found(id + "0").isEmpty)
        }
    }

    @Test("A list looks at 5,000 rows at most; then the page is short and has a next")
    func examined() async throws {
        try await withStore(.sqlite) { store in
            let scenario = Scenario(store)
            let wanted = try await scenario.create()
            scenario.now = scenario.now + 1
            try await scenario.create(12_000, Scenario.spec())
            var query = TaskQuery()
            query.createdBefore = scenario.now
            var pages: [[StoredTask]] = []
            repeat {
                let page = try await store.tasks(query)
                pages.append(page.elements)
                query.before = page.next
            } while query.before != nil
            #expect(pages == [[], [], [wanted]])
        }
    }

    @Test("Of several filters the one that leaves the fewest drives, whichever it is")
    func drivers() async throws {
        try await withStore(.sqlite) { store in
            let scenario = Scenario(store)
            let completed = try await scenario.attempt(try await scenario.create(), Scenario.success)
            let bob = try await scenario.create(Scenario.spec(user: "bob"))
            try await scenario.create(6_000, Scenario.spec())
            var query = TaskQuery()
            query.agent = Scenario.agent
            query.statuses = [.completed]
            #expect(try await store.tasks(query).elements == [completed])
            query.statuses = [.pending]
            query.user = UserID("bob")
            #expect(try await store.tasks(query).elements == [bob])
        }
    }
}

extension Scenario {
    /// Many at once.
    fileprivate func create(_ count: Int, _ spec: TaskSpec) async throws {
        let units = (0..<count).map { _ in AppendUnit(tasks: [creation(spec)]) }
        await withCheckedContinuation { continuation in store.submit(units) { _ in continuation.resume() } }
    }
}
