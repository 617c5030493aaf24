import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Alerts: what needs a person.
enum AlertHandlers {
    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var wanted = AlertQuery()
        wanted.statuses = query.words("status", AlertStatus.self)
        wanted.severities = query.words("severity", AlertSeverity.self)
        wanted.kinds = query.words("kind", AlertKind.self)
        let user = query.text("user_id", .userID).map { UserID($0) }
        wanted.limit = query.limit()
        wanted.before = query.numberCursor().map(PageCursor.init(before:))
        try query.check(["status", "severity", "kind", "user_id", "limit", "cursor"])
        if let user, !exchange.caller.scope.covers(user) {
            return Answer(.ok, ListResource<AlertResource>(data: [], nextCursor: nil))
        }
        wanted.user = user ?? exchange.caller.scope.user
        let (store, asked) = (exchange.engine.store, wanted)
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.alerts(asked)
        }
        return Answer(.ok, json: PageWriter.page(page, number: \.raised) { exchange.resource($0) })
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        return Answer(.ok, exchange.resource(try await exchange.alert(id)))
    }

    @Sendable static func acknowledge(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange, .acknowledge) { alert, note in
            alert.acknowledge(actor: exchange.caller.actor, note: note, at: exchange.now)
        }
    }

    @Sendable static func resolve(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange, .resolve) { alert, note in
            alert.resolve(actor: exchange.caller.actor, note: note, at: exchange.now)
        }
    }

    private static func act(
        _ exchange: Exchange, _ act: AlertDispatcher.Act, _ change: (inout Alert, String?) -> Void
    ) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            let note = try exchange.note(body)
            let alert = try await exchange.alert(id)
            guard alert.status != .resolved else {
                throw Problem(.conflict, "The alert is resolved already.")
            }
            // Said once more it is no news.
            if act == .acknowledge, alert.status == .acknowledged {
                return try await exchange.keep(Answer(.ok, exchange.resource(alert)), keeping)
            }
            var after = alert
            change(&after, note)
            let answer = Answer(.ok, exchange.resource(after))
            try await exchange.site.alerts.act(
                act, on: alert, note: note, actor: exchange.caller.actor, at: exchange.now,
                idempotency: keeping.record(answer))
            return answer
        }
    }
}

extension Exchange {
    func uuid() throws(Problem) -> UUID7 {
        guard let id = UUID7(try parameter("id")) else { throw .notFound }
        return id
    }

    /// The alert, if the caller may see it: breakers' and channels' are the admins'.
    func alert(_ id: UUID7) async throws -> Alert {
        let store = engine.store
        let found = try await engine.reading { () async throws(StoreError) in try await store.alert(id) }
        guard let found, found.user.map(caller.scope.covers) ?? caller.isAdmin else { throw Problem.notFound }
        return found
    }

    func resource(_ alert: Alert) -> AlertResource {
        AlertResource(
            alert, isSilenced: site.alerts.isSilenced(alert, at: now),
            base: engine.configuration.reportBaseURL())
    }
}
