import GRDB
import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Figures over time")
struct SeriesTests {
    @Test(
        "Each bucket has what happened in it and how many tasks were unfinished at its end",
        arguments: StoreKind.allCases)
    func buckets(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now.startOfMinute
            scenario.now = start
            let first = try await scenario.create()
            try await scenario.create(Scenario.spec(user: "bob"))
            scenario.now = start + 59_999
            let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            scenario.now = start + 120_000
            try await scenario.attempt(first, Scenario.success)
            scenario.now = start + 240_000
            let again = try await scenario.go(.retry(Retry(actor: "ann")), failed)
            scenario.now = start + 300_000
            try await scenario.go(.cancel(reason: nil, actor: "ann"), again)
            func series(_ user: String?, _ minutes: Int64, _ count: Int, from: Timestamp) async throws
                -> [SeriesBucket]
            {
                try await store.series(
                    of: user.map { UserID($0) },
                    SeriesSpan(from: from, minutesPerBucket: minutes, count: count))
            }
            let all = try await series(nil, 1, 7, from: start + -60_000)
            #expect(all.map(\.at) == (0..<7).map { start + ($0 - 1) * 60_000 })
            #expect(all.map(\.created) == [0, 3, 0, 0, 0, 0, 0])
            #expect(all.map(\.active) == [0, 2, 2, 1, 1, 2, 1])
            #expect(all.map(\.requeued) == [0, 0, 0, 0, 0, 1, 0])
            #expect(all.map(\.activity.failed) == [0, 1, 0, 0, 0, 0, 0])
            #expect(all.map(\.activity.completed) == [0, 0, 0, 1, 0, 0, 0])
            #expect(all.map(\.activity.cancelled) == [0, 0, 0, 0, 0, 0, 1])
            #expect(try await series("ann", 2, 3, from: start).map(\.active) == [1, 0, 0])
            #expect(try await series("bob", 2, 3, from: start).map(\.active) == [1, 1, 1])
            #expect(try await series("eve", 2, 3, from: start).map(\.active) == [0, 0, 0])
            // Long before and long after.
            #expect(try await series(nil, 1_440, 2, from: start + -864_000_000).map(\.active) == [0, 0])
            #expect(try await series(nil, 1_440, 2, from: start + 864_000_000).map(\.active) == [1, 1])
            #expect(try await series(nil, 1, 1, from: .zero).map(\.active) == [0])
        }
    }

    @Test("An agent's figures are of its attempts, not of its tasks", arguments: StoreKind.allCases)
    func agents(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now.startOfMinute
            scenario.now = start
            let other = AgentID("other")
            let routed = Scenario.spec(agent: nil)
            var task = try await scenario.begin(try await scenario.create(routed))
            scenario.now = start + 5
            task = try await scenario.go(.attemptEnded(number: 1, Scenario.failure(.serverError)), task)
            scenario.now = start + 60_000
            task = try await scenario.begin(task, other)
            scenario.now = start + 60_040
            try await scenario.go(.attemptEnded(number: 2, Scenario.success), task)
            let unsent = AttemptOutcome.failed(Failure(type: .networkError, message: "Refused.", sent: .no))
            try await scenario.attempt(try await scenario.create(), unsent)
            try await scenario.go(
                .abandon(poisonous: false), try await scenario.begin(try await scenario.create()))
            try await scenario.go(
                .cancel(reason: nil, actor: "ann"), try await scenario.begin(try await scenario.create()))
            try await scenario.go(
                .attemptEnded(number: 1, .accepted), try await scenario.begin(try await scenario.create()))
            try await scenario.begin(try await scenario.create())
            try await scenario.attempt(
                try await scenario.create(Scenario.spec { $0.origin = .internal }), Scenario.success)
            let agents = [Scenario.agent, other, AgentID("nobody")]
            let figures = try await store.figures(of: agents, from: .zero, to: .distantFuture)
            #expect(figures[0].succeeded == 0)
            #expect(figures[0].errors == [.serverError: 1, .networkError: 1, .workerLost: 1])
            #expect(figures[0].failed == 3)
            #expect(figures[0].durations == [5: 1] && figures[0].durationSum == 5)
            // Refused and to be retried, abandoned, accepted, running.
            #expect(figures[0].unfinished == 4 && figures[0].inProgress == 2)
            #expect(figures[1].succeeded == 1 && figures[1].errors.isEmpty)
            #expect(figures[1].durations == [DurationBuckets.index(of: 40): 1])
            #expect(figures[2] == AgentFigures())
            let first = try await store.figures(of: agents, from: start, to: start + 60_000)
            #expect(first.map(\.succeeded) == [0, 0, 0] && first[0].errors == [.serverError: 1])
        }
    }

    @Test("A store of an older version gets the counters that it did not keep")
    func migrated() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let history = RandomHistory(seed: 3, store, MemoryStore())
                for _ in 0..<200 { try await history.step() }
            }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            try await queue.write { db in
                try db.execute(
                    sql: """
                        DELETE FROM stats WHERE kind > 30 AND kind < 40 OR kind >= 45 AND kind < 100;
                        DROP INDEX appends_records;
                        DROP INDEX appends_record_times;
                        DELETE FROM grdb_migrations WHERE identifier IN ('004-figures', '005-agent-figures');
                        """)
            }
            try queue.close()
            let report = try await withSQLite(folder) { try await $0.verify() }
            #expect(report.isSound, "\(report.problems)")
        }
    }
}

@Suite("The history of records")
struct RecordHistoryTests {
    private func change(_ kind: RecordKind, _ key: String, _ event: RecordEventType, at time: Timestamp)
        -> RecordAppend
    {
        RecordAppend(
            kind: kind, key: key, expectedVersion: nil, event: event,
            data: JSONText(valid: Array(#"{"actor":"user:ann","reason":"it \"hurt\""}"#.utf8)), at: time,
            document: event == .agentDeleted ? nil : .null)
    }

    @Test("It is told newest first, in pages, by kind, with deleted records", arguments: StoreKind.allCases)
    func history(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let appends = [
                change(.agent, "a", .agentRegistered, at: scenario.now),
                change(.provider, "p", .breakerForcedOpen, at: scenario.now + 1),
                change(.agent, "a", .agentDeleted, at: scenario.now + 2),
            ]
            for append in appends {
                try await scenario.create()
                _ = try await store.append(AppendUnit(records: [append]))
            }
            let all = try await store.recordHistory([], before: nil, limit: 10)
            #expect(all.next == nil)
            #expect(all.elements.map(\.event) == appends.reversed().map(\.event))
            #expect(all.elements.map(\.data) == appends.reversed().map(\.data))
            #expect(all.elements.map(\.version) == [2, 1, 1])
            #expect(all.elements.map(\.position) == [6, 4, 2])
            let first = try await store.recordHistory([.agent], before: nil, limit: 1)
            #expect(first.elements == [all.elements[0]])
            let second = try await store.recordHistory([.agent], before: first.next, limit: 1)
            #expect(second.elements == [all.elements[2]] && second.next == nil)
            #expect(try await store.recordHistory([.key], before: nil, limit: 1).elements.isEmpty)
        }
    }

    @Test("Between two times it is told oldest first, the latest of it", arguments: StoreKind.allCases)
    func times(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let now = Scenario.start
            for offset: Milliseconds in [3, 0, 1, 2] {
                let append = change(.provider, "p\(offset)", .breakerOpened, at: now + offset)
                _ = try await store.append(AppendUnit(records: [append]))
            }
            func keys(_ times: Range<Timestamp>, _ limit: Int) async throws -> [String] {
                try await store.recordChanges([.provider], at: times, limit: limit).map(\.key)
            }
            #expect(try await keys(now..<(now + 4), 10) == ["p0", "p1", "p2", "p3"])
            #expect(try await keys(now..<(now + 3), 2) == ["p1", "p2"])
            #expect(try await keys(now..<now, 10).isEmpty)
            #expect(try await store.recordChanges([.agent], at: now..<(now + 4), limit: 10).isEmpty)
        }
    }
}
