import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Dead letters")
struct DeadLetterTests {
    @Test("A failed task has one pending entry with what went wrong", arguments: StoreKind.allCases)
    func entry(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.attempt(try await scenario.create(), Scenario.failure(.authFailure))
            let id = try #require(task.state.deadLetter?.id)
            let entry = try #require(try await store.deadLetter(id))
            #expect(try await store.all(DeadLetterQuery()) == [entry])
            // As it was before it raised its alert.
            #expect(entry.task.state.version == task.state.version - 1 && entry.task.number == task.number)
            #expect(entry.alert != nil && entry.alert == task.state.alert)
            #expect(entry.status == .pending)
            #expect(entry.reason == .permanentError)
            #expect(entry.agentID == Scenario.agent)
            #expect(entry.failure?.type == .authFailure)
            #expect(entry.attempts == 1)
            #expect(entry.failedAt == scenario.now)
            #expect(entry.closedAt == nil && entry.closedBy == nil && entry.note == nil)
        }
    }

    @Test(
        "A retry closes the entry; failing again makes a new one, and the old keeps its story",
        arguments: StoreKind.allCases)
    func retried(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let failed = try await scenario.attempt(
                try await scenario.create(), Scenario.failure(.authFailure))
            scenario.now = scenario.now + 60_000
            let again = try await scenario.go(.retry(Retry(actor: "ann", reason: "fixed")), failed)
            let twice = try await scenario.attempt(again, Scenario.failure(.notFound))
            let entries = try await store.all(DeadLetterQuery())
            #expect(entries.map(\.status) == [.pending, .retried])
            #expect(entries.map { $0.failure?.type } == [.notFound, .authFailure])
            #expect(entries.map(\.attempts) == [2, 1])
            #expect(entries[1].closedBy == "ann")
            #expect(entries[1].note == "fixed")
            #expect(entries[1].closedAt == scenario.now)
            // Each holds its task as it was when it came here.
            #expect(entries.map(\.task.state.attempts) == [2, 1])
            #expect(entries.map(\.task.state.round) == [2, 1] && entries[0].task.number == twice.number)
        }
    }

    @Test(
        "A cancelled task that is retried gets an entry that is retried at once",
        arguments: StoreKind.allCases)
    func cancelled(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let cancelled = try await scenario.go(
                .cancel(reason: nil, actor: "ann"), try await scenario.create())
            try await scenario.go(.retry(Retry(actor: "bob", agentID: AgentID("other"))), cancelled)
            let entry = try #require(try await store.all(DeadLetterQuery()).first)
            #expect(entry.reason == .cancelled)
            #expect(entry.status == .retried)
            #expect(entry.failure == nil)
            #expect(entry.agentID == Scenario.agent)
        }
    }

    @Test("Resolving and discarding say who and why", arguments: StoreKind.allCases)
    func closed(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            let second = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            try await scenario.go(.resolveDeadLetter(note: "by hand", actor: "ann"), first)
            try await scenario.go(.discardDeadLetter(note: nil, actor: "bob"), second)
            let entries = try await store.all(DeadLetterQuery())
            #expect(entries.map(\.status) == [.discarded, .resolved])
            #expect(entries.map(\.closedBy) == ["bob", "ann"])
            #expect(entries.map(\.note) == [nil, "by hand"])
        }
    }

    @Test("The queue is filtered by everything the API names", arguments: StoreKind.allCases)
    func filters(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let rich = try await scenario.attempt(
                try await scenario.create(
                    Scenario.spec {
                        $0.payment = Money("250.00", "USD").map { Payment($0, kind: "payment") }
                    }), Scenario.failure(.authFailure))
            let poor = try await scenario.attempt(
                try await scenario.create(Scenario.spec("mail.send", user: "bob", agent: "mail")),
                Scenario.failure())
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "ann"), poor)
            func expect(_ numbers: [TaskNumber], _ change: (inout DeadLetterQuery) -> Void) async throws {
                var query = DeadLetterQuery()
                query.limit = 1
                change(&query)
                #expect(try await store.all(query).map(\.task.number) == numbers, "\(query)")
            }
            try await expect([poor.number, rich.number]) { _ in }
            try await expect([rich.number]) { $0.statuses = [.pending] }
            try await expect([poor.number, rich.number]) { $0.statuses = [.pending, .resolved] }
            try await expect([poor.number]) { $0.user = UserID("bob") }
            try await expect([poor.number]) { $0.agent = AgentID("mail") }
            try await expect([rich.number]) { $0.errorType = .authFailure }
            try await expect([poor.number]) { $0.taskType = "mail.send" }
            try await expect([rich.number]) { $0.minAmount = "249.999" }
            try await expect([]) { $0.minAmount = "250.01" }
            try await expect([]) { $0.agent = AgentID("nobody") }
        }
    }
}
