import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

/// Random histories on both stores: whatever is asked afterwards, they must answer alike.
@Suite("The two stores are twins")
struct TwinTests {
    @Test("Whatever happens, both answer alike", arguments: UInt64(1)...10)
    func alike(_ seed: UInt64) async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { sqlite in
                let memory = MemoryStore()
                let history = RandomHistory(seed: seed, sqlite, memory)
                for step in 1...600 {
                    try await history.step()
                    if step % 200 == 0 { try await compare(sqlite, memory, history) }
                }
                try await compareLogs(sqlite, memory, history)
                let report = try await sqlite.verify()
                #expect(report.problems.isEmpty)
                #expect(report.tasks > 50)
                for happening in RandomHistory.needed {
                    #expect(history.seen[happening] ?? 0 > 0, "\(happening)")
                }
            }
        }
    }

    private func compare(_ left: SQLiteStore, _ right: MemoryStore, _ history: RandomHistory) async throws {
        #expect(try await left.status().position == (try await right.status().position))
        try await compareScheduling(left, right, history.now)
        for query in history.queries() {
            let (first, second) = (try await left.all(query), try await right.all(query))
            #expect(first == second, "\(query)")
            for attempts in [1, 2, 20] {
                let stories = try await right.attemptStories(of: first, attempts: attempts)
                #expect(try await left.attemptStories(of: first, attempts: attempts) == stories)
            }
        }
        for query in history.deadLetterQueries() {
            let (first, second) = (try await left.all(query), try await right.all(query))
            #expect(first == second, "\(query)")
            if let entry = first.first { #expect(try await left.deadLetter(entry.id) == entry) }
        }
        try await compareAlerts(left, right, history)
        for user in [nil] + history.users.map(Optional.some) {
            try await compareCounters(left, right, user, history.now)
            try await compareGroups(left, right, user)
        }
        for agent in RandomHistory.agents {
            let turned = try await right.turnedAway(agent: agent, after: 0, limit: 1000)
            #expect(try await left.turnedAway(agent: agent, after: 0, limit: 1000) == turned)
        }
        for kind in RecordKind.allCases {
            let records = try await right.records(kind)
            #expect(try await left.records(kind) == records)
            for record in records { #expect(try await left.record(kind, record.key) == record) }
        }
        for from in [Timestamp.zero, history.now + -300_000] {
            let agents = RandomHistory.agents + [AgentID("nobody")]
            let figures = try await right.figures(of: agents, from: from, to: .distantFuture)
            #expect(try await left.figures(of: agents, from: from, to: .distantFuture) == figures)
        }
        let remedies = try await right.remedies()
        #expect(try await left.remedies() == remedies)
        try await compareRecordHistory(left, right, history.now)
        for key in history.keys {
            let (first, second) = (try await history.answer(key, left), try await history.answer(key, right))
            #expect(first == second)
        }
    }

    private func compareGroups(_ left: SQLiteStore, _ right: MemoryStore, _ user: UserID?) async throws {
        for pendingOnly in [true, false] {
            for sort in CauseGroupQuery.Sort.allCases {
                var query = CauseGroupQuery()
                (query.user, query.pendingOnly, query.sort, query.limit) = (user, pendingOnly, sort, 1000)
                let (first, second) = (
                    try await left.causeGroups(query).groups, try await right.causeGroups(query).groups
                )
                #expect(first.map(\.comparable) == second.map(\.comparable))
            }
        }
    }

    private func compareAlerts(_ left: SQLiteStore, _ right: MemoryStore, _ history: RandomHistory)
        async throws
    {
        for query in history.alertQueries() {
            let (first, second) = (try await left.all(query), try await right.all(query))
            #expect(first.map(\.plain) == second.map(\.plain), "\(query)")
            if let alert = first.first { #expect(try await left.alert(alert.id)?.plain == alert.plain) }
        }
        let end = try await right.status().position
        for (after, limit) in [(Int64(0), 1000), (end / 2, 5), (end - 20, 2), (end, 1)] {
            let first = try await left.alerts(changedAfter: after, limit: limit)
            #expect(
                first.map(\.plain) == (try await right.alerts(changedAfter: after, limit: limit)).map(\.plain)
            )
        }
    }

    private func compareRecordHistory(_ left: SQLiteStore, _ right: MemoryStore, _ now: Timestamp)
        async throws
    {
        for kinds in [[], [RecordKind.agent], [.key, .provider], RecordKind.allCases] {
            var before: PageCursor?
            repeat {
                let page = try await right.recordHistory(kinds, before: before, limit: 7)
                let same = try await left.recordHistory(kinds, before: before, limit: 7)
                #expect(same.elements == page.elements && same.next == page.next)
                before = page.next
            } while before != nil
            for times in [Timestamp.zero..<Timestamp.distantFuture, (now + -1_000_000)..<now] {
                let changes = try await right.recordChanges(kinds, at: times, limit: 5)
                #expect(try await left.recordChanges(kinds, at: times, limit: 5) == changes)
            }
        }
    }

    private func compareLogs(_ left: SQLiteStore, _ right: MemoryStore, _ history: RandomHistory) async throws
    {
        let end = try await right.status().position
        let everything = try await right.wholeLog(of: .all)
        let numbers = everything.map(\.number)
        let filters: [LogFilter] =
            [.all, LogFilter(), LogFilter(tasks: Set(numbers.prefix(7) + numbers.suffix(2)))]
            + history.users.map { LogFilter(users: [$0], tasks: Set(numbers.prefix(1))) }
        for filter in filters {
            for (after, limit) in [(end / 2, 200), (end - 150, 7), (end - 5, 1), (end, 5), (end + 9, 5)] {
                let expected = everything.filter { $0.last > after && filter.matches($0.number, of: $0.user) }
                #expect(try await left.wholeLog(after: after, limit: limit, of: filter) == expected)
                #expect(try await right.wholeLog(after: after, limit: limit, of: filter) == expected)
            }
        }
    }

    private func compareScheduling(_ left: SQLiteStore, _ right: MemoryStore, _ now: Timestamp) async throws {
        let lanes = try await right.lanes()
        #expect(Set(try await left.lanes()) == Set(lanes))
        for lane in lanes {
            for limit in [1, 3, 1000] {
                let (first, second) = (
                    try await left.window(lane, limit: limit), try await right.window(lane, limit: limit)
                )
                #expect(first.tasks == second.tasks && first.more == second.more, "\(lane)")
            }
        }
        for span: Milliseconds in [0, 1_000, 60_000, 10_000_000] {
            let (first, second) = (
                try await left.timers(until: now + span, limit: 10),
                try await right.timers(until: now + span, limit: 10)
            )
            #expect(first.tasks == second.tasks && first.more == second.more)
            #expect(
                try await left.nextTimer(after: now + span) == (try await right.nextTimer(after: now + span)))
        }
        let running = try await right.running(after: nil, limit: 1000)
        #expect(try await left.running(after: nil, limit: 1000) == running)
        if let first = running.first {
            #expect(
                try await left.running(after: first.number, limit: 2)
                    == (try await right.running(after: first.number, limit: 2)))
        }
        for agent in RandomHistory.agents {
            for limit in [1, 1000] {
                let count = try await right.liveCount(agent: agent, limit: limit)
                #expect(try await left.liveCount(agent: agent, limit: limit) == count)
            }
        }
    }

    private func compareCounters(
        _ left: SQLiteStore, _ right: MemoryStore, _ user: UserID?, _ now: Timestamp
    ) async throws {
        var (first, second) = (try await left.totals(of: user), try await right.totals(of: user))
        #expect(first.pendingValue.keys.sorted() == second.pendingValue.keys.sorted())
        for (currency, amount) in first.pendingValue {
            #expect(Decimal.compare(amount, second.pendingValue[currency] ?? "0") == 0)
        }
        (first.pendingValue, second.pendingValue) = ([:], [:])
        #expect(first == second)
        for (from, to) in [(Timestamp.zero, Timestamp.distantFuture), (now + -300_000, now), (now, now)] {
            let (first, second) = (
                try await left.activity(of: user, from: from, to: to),
                try await right.activity(of: user, from: from, to: to)
            )
            #expect(first == second)
        }
        for (minutes, count, back) in [
            (Int64(1), 100, Int64(0)), (7, 60, 0), (1_440, 3, 0), (3, 9, 31), (60, 4, 1_500),
        ] {
            let from = now.startOfMinute + -(Int64(count) * minutes + back - 1) * 60_000
            let span = SeriesSpan(from: from, minutesPerBucket: minutes, count: count)
            let series = try await right.series(of: user, span)
            #expect(try await left.series(of: user, span) == series, "\(span)")
        }
        #expect(try await left.oldestPending(of: user) == (try await right.oldestPending(of: user)))
    }
}

extension CauseGroup {
    /// Without the store's own number, and with amounts in one form.
    fileprivate var comparable: CauseGroup {
        var group = self
        group.number = 0
        group.counts = counts.filter { $0.value != 0 }
        group.pendingValue = pendingValue.mapValues { Decimal.sum($0, "0.000") }
        return group
    }
}

extension Alert {
    /// Money as it is worth, not as it is written.
    fileprivate var plain: Alert {
        var alert = self
        alert.value = value.mapValues { Decimal.sum("0.00", $0) }
        return alert
    }
}
