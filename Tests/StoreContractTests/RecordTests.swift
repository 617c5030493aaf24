import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Records and kept answers")
struct RecordTests {
    private func record(_ store: any Store, _ append: RecordAppend) async throws {
        _ = try await store.append(AppendUnit(records: [append]))
    }

    @Test("A record is the document its last event came to", arguments: StoreKind.allCases)
    func document(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            try await record(store, .agent("b", #"{"n":1}"#, expecting: 0, at: now))
            try await record(store, .agent("a", #"{"n":2}"#, at: now + 1))
            try await record(store, .agent("b", #"{"n":3}"#, expecting: 1, at: now + 2))
            let records = try await store.records(.agent)
            #expect(records.map(\.key) == ["a", "b"])
            #expect(records.map(\.version) == [1, 2])
            #expect(records[1].document == JSONText(valid: Array(#"{"n":3}"#.utf8)))
            #expect(records[1].createdAt == now && records[1].updatedAt == now + 2)
            #expect(try await store.record(.agent, "b") == records[1])
            #expect(try await store.record(.agent, "c") == nil)
            #expect(try await store.records(.provider).isEmpty)
            #expect(try await store.status().position == 3)
        }
    }

    @Test("A record is fenced by its version", arguments: StoreKind.allCases)
    func fenced(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            try await record(store, .agent("a", expecting: 0, at: now))
            #expect(
                await refusal { try await record(store, .agent("a", expecting: 0, at: now)) } == .duplicate)
            #expect(
                await refusal { try await record(store, .agent("a", expecting: 2, at: now)) }
                    == .versionConflict)
            #expect(
                await refusal { try await record(store, .agent("z", expecting: 1, at: now)) }
                    == .versionConflict)
            try await record(store, .agent("a", expecting: 1, at: now))
            try await record(store, .agent("a", at: now))
            #expect(try await store.record(.agent, "a")?.version == 3)
        }
    }

    @Test("A deleted record is gone, may come back, and its version goes on", arguments: StoreKind.allCases)
    func deleted(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            try await record(store, .agent("a", at: now))
            try await record(store, .agent("a", nil, expecting: 1, at: now + 1))
            #expect(try await store.record(.agent, "a") == nil)
            #expect(try await store.records(.agent).isEmpty)
            try await record(store, .agent("a", expecting: 0, at: now + 2))
            let back = try #require(try await store.record(.agent, "a"))
            #expect(back.version == 3)
            #expect(back.createdAt == now + 2)
        }
    }

    @Test("Several events of one record in a unit follow each other", arguments: StoreKind.allCases)
    func together(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            _ = try await store.append(
                AppendUnit(records: [
                    .agent("a", expecting: 0, at: now), .agent("a", #"{"n":2}"#, expecting: 1, at: now),
                ]))
            #expect(try await store.record(.agent, "a")?.version == 2)
            let stale = AppendUnit(records: [
                .agent("a", expecting: 2, at: now), .agent("a", expecting: 2, at: now),
            ])
            #expect(await refusal { _ = try await store.append(stale) } == .versionConflict)
            #expect(try await store.record(.agent, "a")?.version == 2)
        }
    }

    @Test(
        "Kinds are apart: a session of the same name as an agent is another record",
        arguments: StoreKind.allCases)
    func kinds(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            func session(_ event: RecordEventType, _ document: String?, at: Timestamp) -> RecordAppend {
                RecordAppend(
                    kind: .session, key: "a", expectedVersion: nil, event: event,
                    data: JSONText(valid: Array(#"{"actor":"user:x"}"#.utf8)), at: at,
                    document: document.map { JSONText(valid: Array($0.utf8)) })
            }
            try await record(store, .agent("a", at: now))
            try await record(store, session(.sessionCreated, #"{"key_id":"k"}"#, at: now + 1))
            #expect(try await store.records(.session).map(\.version) == [1])
            try await record(store, session(.sessionEnded, nil, at: now + 2))
            #expect(try await store.records(.session).isEmpty)
            #expect(try await store.record(.agent, "a")?.version == 1)
        }
    }

    // MARK: Answers

    private func answer(_ key: String, expiresAt: Timestamp, body: String = "{}") -> IdempotencyRecord {
        IdempotencyRecord(
            caller: "k1", operation: "POST /api/v1/tasks", key: key, fingerprint: [0, 255, 7], status: 201,
            headers: [MetadataPair(key: "location", value: "/api/v1/tasks/\"ü\"\n")], body: Array(body.utf8),
            expiresAt: expiresAt)
    }

    private func kept(_ store: any Store, _ key: String, at now: Timestamp) async throws -> IdempotencyRecord?
    {
        try await store.idempotencyRecord(caller: "k1", operation: "POST /api/v1/tasks", key: key, at: now)
    }

    @Test("An answer is kept with what it answers for, until its time is over", arguments: StoreKind.allCases)
    func keptAnswer(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = answer("a", expiresAt: scenario.now + 1_000)
            _ = try await store.append(AppendUnit(tasks: [scenario.creation()], idempotency: first))
            #expect(try await kept(store, "a", at: scenario.now) == first)
            #expect(try await kept(store, "b", at: scenario.now) == nil)
            #expect(try await kept(store, "a", at: scenario.now + 1_000) == nil)
            let other = try await store.idempotencyRecord(
                caller: "k2", operation: "POST /api/v1/tasks", key: "a", at: scenario.now)
            #expect(other == nil)
        }
    }

    @Test("The second request with a key is refused whole", arguments: StoreKind.allCases)
    func conflict(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = answer("a", expiresAt: scenario.now + 1_000)
            _ = try await store.append(AppendUnit(tasks: [scenario.creation()], idempotency: first))
            let again = AppendUnit(
                tasks: [scenario.creation()],
                idempotency: answer("a", expiresAt: scenario.now + 2_000, body: "[]"))
            #expect(await refusal { _ = try await store.append(again) } == .idempotencyConflict)
            #expect(try await store.all(TaskQuery()).count == 1)
            #expect(try await kept(store, "a", at: scenario.now) == first)
            scenario.now = scenario.now + 1_000
            let later = answer("a", expiresAt: scenario.now + 2_000, body: "[]")
            _ = try await store.append(AppendUnit(tasks: [scenario.creation()], idempotency: later))
            #expect(try await kept(store, "a", at: scenario.now) == later)
        }
    }

    @Test("A refused unit keeps no answer", arguments: StoreKind.allCases)
    func refused(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            let unit = AppendUnit(
                tasks: [scenario.creation(Scenario.spec(), id: task.state.id)],
                idempotency: answer("a", expiresAt: scenario.now + 1_000))
            #expect(await refusal { _ = try await store.append(unit) } == .duplicate)
            #expect(try await kept(store, "a", at: scenario.now) == nil)
        }
    }
}
