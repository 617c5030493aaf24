import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// Silences: what nobody is to be told of for a while.
enum SilenceHandlers {
    @Sendable static func create(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            let silence = try read(body, exchange)
            let answer = Answer(
                .created, AlertSilenceResource(silence),
                headers: [.location: Paths.filled(Paths.alertSilence, silence.id.description)])
            try await exchange.site.alerts.add(
                silence, actor: exchange.caller.actor, idempotency: keeping.record(answer))
            return answer
        }
    }

    private static func read(_ body: Body, _ exchange: Exchange) throws(Problem) -> AlertSilence {
        var fields = Fields(body.bytes)
        let now = exchange.now
        var silence = AlertSilence(
            id: exchange.engine.newUUID(), match: AlertMatch(), startsAt: now, endsAt: now, comment: nil,
            createdBy: exchange.caller.actor, createdAt: now)
        if let members = fields.object(body.root, at: "", ["match", "starts_at", "ends_at", "comment"]) {
            silence.match = AlertMatchInput.ofSilence(members, &fields)
            silence.startsAt = fields.time(members, "starts_at") ?? now
            if fields.given(members, "ends_at") == nil { fields.add(members, "ends_at", "is required") }
            if let end = fields.time(members, "ends_at") {
                if end <= now { fields.add(members, "ends_at", "must be in the future") }
                if end <= silence.startsAt { fields.add(members, "ends_at", "must be after starts_at") }
                silence.endsAt = end
            }
            silence.comment = fields.text(members, "comment", .free(0...2000))
        }
        try fields.check()
        return silence
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let page = try PageWriter.page(
            of: exchange.site.alerts.silences, by: { (-$0.createdAt.milliseconds, $0.id.description) }, &query
        ) { AlertSilenceResource($0) }
        return Answer(.ok, page)
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        guard let silence = exchange.site.alerts.silence(id) else { throw Problem.notFound }
        return Answer(.ok, AlertSilenceResource(silence))
    }

    @Sendable static func remove(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        guard exchange.site.alerts.silence(id) != nil else { throw Problem.notFound }
        try await exchange.site.alerts.removeSilence(id, actor: exchange.caller.actor)
        return Answer(.noContent)
    }
}
