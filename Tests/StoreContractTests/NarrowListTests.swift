import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Lists that leave out, or ask for attempts and money")
struct NarrowListTests {
    private func expect(
        _ store: any Store, _ expected: [StoredTask], _ change: (inout TaskQuery) -> Void
    ) async throws {
        var query = TaskQuery()
        change(&query)
        #expect(try await store.all(query) == expected, "\(query)")
    }

    private func tried(_ scenario: Scenario, _ attempts: Int, _ spec: TaskSpec = Scenario.spec()) async throws
        -> StoredTask
    {
        var task = try await scenario.create(spec)
        for _ in 0..<attempts {
            task = try await scenario.attempt(task, Scenario.failure(.serverError))
            if case .pending(let due, _) = task.state.phase { scenario.now = max(scenario.now, due) }
        }
        return task
    }

    @Test(
        "What is left out is left out, and nothing for lack of an agent or an error",
        arguments: StoreKind.allCases)
    func excluded(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let pending = try await scenario.create(Scenario.spec(agent: nil))
            let mail = try await scenario.create(Scenario.spec("mail.send", agent: "mail"))
            let failed = try await scenario.attempt(
                try await scenario.create(), Scenario.failure(.authFailure))
            let done = try await scenario.attempt(try await scenario.create(), Scenario.success)
            try await expect(store, [mail]) { $0.excluded.types = ["payment.capture", "unheard.of"] }
            try await expect(store, [mail, pending]) { $0.excluded.agents = [Scenario.agent] }
            try await expect(store, [done, mail, pending]) {
                $0.excluded.errorTypes = [.authFailure, .timeout]
            }
            try await expect(store, [done, failed]) { $0.excluded.statuses = [.pending] }
            try await expect(store, [failed]) {
                $0.statuses = [.failed, .completed]
                $0.excluded.statuses = [.completed]
            }
            try await expect(store, []) { $0.excluded.statuses = TaskStatus.allCases }
            try await expect(store, []) {
                $0.type = "mail.send"
                $0.excluded.types = ["mail.send"]
            }
            try await expect(store, []) {
                $0.errorType = .authFailure
                $0.excluded.errorTypes = [.authFailure]
            }
        }
    }

    @Test("So many attempts, over all rounds", arguments: StoreKind.allCases)
    func attempts(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let none = try await scenario.create()
            let two = try await tried(scenario, 2)
            var three = try await tried(scenario, 1)
            three = try await scenario.go(.cancel(reason: nil, actor: "ann"), three)
            three = try await scenario.go(.retry(Retry(actor: "ann")), three)
            three = try await scenario.attempt(three, Scenario.failure(.serverError))
            scenario.now = scenario.now + 60_000
            three = try await scenario.begin(three)
            for percent in 1...5 {
                scenario.now = scenario.now + 1_000
                three = try await scenario.go(
                    .report(attempt: 3, .progress(percent: Double(percent), message: nil)), three)
            }
            try await expect(store, [three, two, none]) { $0.minAttempts = 0 }
            try await expect(store, [three, two]) { $0.minAttempts = 1 }
            try await expect(store, [three, two]) { $0.minAttempts = 2 }
            try await expect(store, [three]) { $0.minAttempts = 3 }
            try await expect(store, []) { $0.minAttempts = 4 }
        }
    }

    @Test("So much money, exactly, in any currency", arguments: StoreKind.allCases)
    func money(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            try await scenario.create()
            var paid: [StoredTask] = []
            for (amount, currency) in [
                ("99.99", "USD"), ("100.00", "EUR"), ("100.000000000000000001", "BTC"),
            ] {
                let money = Money(amount, currency)
                paid.append(
                    try await scenario.create(
                        Scenario.spec { $0.payment = money.map { Payment($0, kind: "payment") } }))
            }
            try await expect(store, paid.reversed()) { $0.minAmount = "0" }
            try await expect(store, [paid[2], paid[1]]) { $0.minAmount = "100" }
            try await expect(store, [paid[2]]) { $0.minAmount = "100.0000000000000000001" }
        }
    }

    @Test("A page reads 2,000 appends at most for what no row tells; then it is short and has a next")
    func bounded() async throws {
        try await withStore(.sqlite) { store in
            let scenario = Scenario(store)
            let money = Money("5", "USD")
            let paid = try await scenario.create(
                Scenario.spec { $0.payment = money.map { Payment($0, kind: "payment") } })
            let units = (0..<4_500).map { _ in AppendUnit(tasks: [scenario.creation()]) }
            await withCheckedContinuation { done in store.submit(units) { _ in done.resume() } }
            var query = TaskQuery()
            query.minAmount = "5"
            var pages: [[StoredTask]] = []
            repeat {
                let page = try await store.tasks(query)
                pages.append(page.elements)
                query.before = page.next
            } while query.before != nil
            #expect(pages == [[], [], [paid]])
        }
    }

    @Test(
        "The story of the newest attempts begins where the first of them became ready",
        arguments: StoreKind.allCases)
    func stories(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let fresh = try await scenario.create()
            var task = try await tried(scenario, 3)
            task = try await scenario.begin(task)
            for percent in 1...40 {
                scenario.now = scenario.now + 1_000
                task = try await scenario.go(
                    .report(attempt: 4, .progress(percent: Double(percent), message: nil)), task)
            }
            let then = task
            task = try await scenario.go(.attemptEnded(number: 4, Scenario.success), task)
            func told(_ task: StoredTask, _ attempts: Int) async throws -> [EventType] {
                try await store.attemptStories(of: [task, fresh], attempts: attempts)[0].map(\.event.type)
            }
            #expect(try await told(fresh, 20).isEmpty)
            #expect(try await told(task, 0).isEmpty)
            #expect(
                try await told(task, 1) == [.taskRetried, .attemptStarted, .attemptSuccess, .taskCompleted])
            #expect(try await told(then, 1) == [.taskRetried, .attemptStarted])
            #expect(
                try await told(then, 2) == [
                    .taskRetried, .attemptStarted, .attemptFailed, .taskRetried, .attemptStarted,
                ])
            let whole = try await store.timeline(task.number, after: 0, limit: 1_000)
            let story = try await store.attemptStories(of: [task], attempts: 20)[0]
            #expect(story == whole.filter { $0.event.type != .taskProgress })
        }
    }

    @Test("Stories are told of as many tasks as a bound allows, one at least")
    func storyBound() async throws {
        try await withStore(.sqlite) { store in
            let scenario = Scenario(store)
            var long = try await scenario.begin(try await scenario.create())
            let short = try await scenario.begin(try await scenario.create())
            var units: [AppendUnit] = []
            for percent in 0..<20_000 {
                scenario.now = scenario.now + 1_000
                let progress = Progress(attempt: 1, percent: Double(percent % 100), message: nil)
                let append = scenario.appending([.taskProgress(progress)], to: long)
                long = StoredTask(number: long.number, state: append.after)
                units.append(AppendUnit(tasks: [append]))
            }
            await withCheckedContinuation { done in store.submit(units) { _ in done.resume() } }
            let stories = try await store.attemptStories(of: [long, short], attempts: 20)
            #expect(stories.count == 1)
            #expect(stories[0].count == 3)
            #expect(try await store.attemptStories(of: [short, long], attempts: 20).count == 2)
        }
    }
}
