import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Alerts")
struct AlertTests {
    private func paid(_ amount: String, _ currency: String = "USD") -> TaskSpec {
        Scenario.spec("report.send") { spec in
            spec.payment = Money(amount, currency).map { Payment($0, kind: "invoice") }
        }
    }

    @discardableResult
    private func fail(_ scenario: Scenario, _ spec: TaskSpec, _ type: ErrorType = .validationError)
        async throws -> StoredTask
    {
        try await scenario.attempt(try await scenario.create(spec), Scenario.failure(type))
    }

    @Test("Tasks of one cause are one alert with their number and their money", arguments: StoreKind.allCases)
    func one(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await fail(scenario, paid("10.50"))
            let started = scenario.now
            scenario.now = scenario.now + 1000
            for amount in ["1", "0.25", "250.00"] { try await fail(scenario, paid(amount)) }
            try await fail(scenario, paid("7", "EUR"))
            let alert = try #require(try await store.all(AlertQuery()).first)
            #expect(try await store.all(AlertQuery()).count == 1)
            #expect(alert.id == first.state.alert?.id && alert.cause == first.state.alert?.cause)
            #expect(alert.kind == .task && alert.status == .firing && alert.severity == .critical)
            #expect(alert.open == 5 && alert.total == 5 && alert.taskIDs.count == 5)
            #expect(alert.taskIDs.last == first.state.id, "the newest first")
            #expect(alert.value == ["USD": "261.75", "EUR": "7"])
            #expect(alert.firstRaisedAt == started && alert.lastRaisedAt == scenario.now)
            #expect(alert.user == UserID("ann") && alert.agentID == Scenario.agent)
            #expect(alert.taskType == "report.send" && alert.fault?.type == .validationError)
            #expect(try await store.alert(alert.id) == alert)
        }
    }

    @Test("It shows twenty tasks of two hundred", arguments: StoreKind.allCases)
    func bounded(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for _ in 0..<200 { try await fail(scenario, paid("1")) }
            let alert = try #require(try await store.all(AlertQuery()).first)
            #expect(alert.open == 200 && alert.taskIDs.count == 20 && alert.value == ["USD": "200"])
        }
    }

    @Test("It resolves with the last of its tasks, and not before", arguments: StoreKind.allCases)
    func resolves(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await fail(scenario, paid("10"))
            let second = try await fail(scenario, paid("5"))
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "ann"), first)
            var alert = try #require(try await store.all(AlertQuery()).first)
            #expect(alert.status == .firing && alert.open == 1 && alert.total == 2)
            #expect(alert.value == ["USD": "5"] && alert.taskIDs == [second.state.id])
            scenario.now = scenario.now + 500
            let again = try await scenario.go(.retry(Retry(actor: "ann")), second)
            alert = try #require(try await store.alert(alert.id))
            #expect(alert.status == .firing, "a retry alone cures nothing")
            try await scenario.attempt(again, Scenario.success)
            alert = try #require(try await store.alert(alert.id))
            #expect(alert.status == .resolved && alert.open == 0 && alert.value.isEmpty)
            #expect(alert.resolvedBy == "system" && alert.resolvedAt == scenario.now)
            #expect(alert.taskIDs == [second.state.id, first.state.id], "what it was about stays")
        }
    }

    @Test("A task that fails for another cause leaves one alert for the other", arguments: StoreKind.allCases)
    func moves(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let failed = try await fail(scenario, paid("10"))
            let again = try await scenario.go(.retry(Retry(actor: "ann")), failed)
            try await scenario.attempt(again, Scenario.failure(.notFound))
            let alerts = try await store.all(AlertQuery())
            #expect(alerts.map(\.status) == [.firing, .resolved])
            #expect(alerts.map { $0.fault?.type } == [.notFound, .validationError])
        }
    }

    @Test(
        "The same task again counts once, and what comes after a resolution fires again",
        arguments: StoreKind.allCases)
    func again(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var task = try await fail(scenario, paid("10"))
            for _ in 0..<2 {
                task = try await scenario.go(.retry(Retry(actor: "ann")), task)
                task = try await scenario.attempt(task, Scenario.failure())
            }
            var alert = try #require(try await store.all(AlertQuery()).first)
            #expect(alert.open == 1 && alert.total == 1 && alert.value == ["USD": "10"])
            task = try await scenario.go(.discardDeadLetter(note: nil, actor: "ann"), task)
            #expect(try await store.alert(alert.id)?.status == .resolved)
            try await fail(scenario, paid("1"))
            alert = try #require(try await store.alert(alert.id))
            #expect(alert.status == .firing && alert.severity == .medium && alert.resolvedAt == nil)
            #expect(alert.open == 1 && alert.total == 2)
        }
    }

    @Test("People acknowledge and resolve; the next failure fires again", arguments: StoreKind.allCases)
    func acts(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await fail(scenario, paid("10"))
            let id = try #require(task.state.alert?.id)
            func act(_ event: RecordEventType, _ note: String) async throws -> Alert {
                let record = RecordAppend(
                    kind: .alert, key: "\(id)", expectedVersion: nil, event: event,
                    data: JSONText(valid: Array(#"{"actor":"user:ann","note":"\#(note)"}"#.utf8)),
                    at: scenario.now,
                    document: JSONText(valid: Array("{}".utf8)))
                _ = try await store.append(AppendUnit(records: [record]))
                return try #require(try await store.alert(id))
            }
            var alert = try await act(.alertAcknowledged, "on it")
            #expect(
                alert.status == .acknowledged && alert.acknowledgedBy == "user:ann" && alert.note == "on it")
            try await fail(scenario, paid("10"))
            #expect(try await store.alert(id)?.status == .acknowledged)
            alert = try await act(.alertClosed, "done")
            #expect(alert.status == .resolved && alert.resolvedBy == "user:ann" && alert.open == 2)
            #expect(try await act(.alertAcknowledged, "late").status == .resolved)
            try await fail(scenario, paid("10"))
            alert = try #require(try await store.alert(id))
            #expect(alert.status == .firing && alert.acknowledgedAt == nil && alert.note == nil)
        }
    }

    @Test(
        "An open breaker is an alert of nobody's; it resolves when the breaker closes",
        arguments: StoreKind.allCases)
    func breakers(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let (breaker, channel) = (UUID7(high: 1, low: 1), UUID7(high: 1, low: 2))
            func record(_ provider: String, _ event: RecordEventType, _ alert: UUID7? = nil) async throws {
                let data = alert.map { #"{"actor":"system","alert_id":"\#($0)"}"# } ?? #"{"actor":"system"}"#
                _ = try await store.append(
                    AppendUnit(records: [
                        RecordAppend(
                            kind: .provider, key: provider, expectedVersion: nil, event: event,
                            data: JSONText(valid: Array(data.utf8)), at: Scenario.start,
                            document: JSONText(valid: Array("{}".utf8)))
                    ]))
            }
            try await record("acme", .breakerOpened, breaker)
            try await record("kintsugi-channel-x", .breakerForcedOpen, channel)
            try await record("acme", .breakerOpened)
            var all = try await store.all(AlertQuery())
            #expect(all.map(\.id) == [channel, breaker] && all.map(\.kind) == [.channel, .breaker])
            #expect(all.allSatisfy { $0.severity == .critical && $0.user == nil && $0.status == .firing })
            var mine = AlertQuery()
            mine.user = UserID("ann")
            #expect(try await store.all(mine).isEmpty)
            try await record("acme", .breakerHalfOpened)
            try await record("acme", .breakerClosed)
            try await record("kintsugi-channel-x", .breakerForcedClosed)
            all = try await store.all(AlertQuery())
            #expect(all.allSatisfy { $0.status == .resolved && $0.open == 0 })
        }
    }

    @Test(
        "What changed is told in the order of the changes; telling is no change",
        arguments: StoreKind.allCases)
    func changes(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await fail(scenario, paid("1"))
            let second = try await fail(scenario, paid("1"), .notFound)
            let seen = try await store.status().position
            #expect(
                try await store.alerts(changedAfter: 0, limit: 9).map(\.id)
                    == [first, second].compactMap { $0.state.alert?.id })
            #expect(try await store.alerts(changedAfter: seen, limit: 9).isEmpty)
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "ann"), first)
            let changed = try await store.alerts(changedAfter: seen, limit: 9)
            #expect(changed.map(\.id) == [try #require(first.state.alert?.id)])
            let end = try await store.status().position
            #expect(changed.map(\.status) == [.resolved] && changed.map(\.changed) == [end])
            _ = try await store.append(
                AppendUnit(records: [
                    RecordAppend(
                        kind: .notification, key: "\(changed[0].id)", expectedVersion: nil,
                        event: .alertNotified,
                        data: JSONText(valid: Array(#"{"sent":3}"#.utf8)), at: scenario.now, document: nil)
                ]))
            #expect(try await store.alerts(changedAfter: end, limit: 9).isEmpty)
            #expect(try await store.alert(changed[0].id)?.notified == 3)
        }
    }

    @Test("Lists page by the last raise, and are narrowed", arguments: StoreKind.allCases)
    func lists(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for type in [ErrorType.validationError, .notFound, .authFailure, .validationError] {
                try await fail(scenario, paid(type == .notFound ? "500" : "1"), type)
            }
            var query = AlertQuery()
            query.limit = 1
            let all = try await store.all(query)
            #expect(all.map { $0.fault?.type } == [.validationError, .authFailure, .notFound])
            query.severities = [.critical]
            #expect(try await store.all(query).map { $0.fault?.type } == [.notFound])
            query = AlertQuery()
            query.kinds = [.breaker]
            #expect(try await store.all(query).isEmpty)
            query = AlertQuery()
            query.user = UserID("bob")
            #expect(try await store.all(query).isEmpty)
            query = AlertQuery()
            query.statuses = [.resolved]
            #expect(try await store.all(query).isEmpty)
        }
    }
}
