import HTTPTypes
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// API keys, and who is asking.
enum KeyHandlers {
    @Sendable static func me(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        return Answer(.ok, try await exchange.me(exchange.caller))
    }

    @Sendable static func make(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body, isSecret: true) { keeping in
            var fields = Fields(body.bytes)
            var (name, role, user, expiresAt): (String?, Role?, String?, Timestamp?)
            if let members = fields.object(body.root, at: "", ["name", "role", "user_id", "expires_at"]) {
                name = fields.text(members, "name", .free(1...200), required: true)
                role = fields.word(members, "role", Role.self, required: true)
                user = fields.text(members, "user_id", .userID, required: true)
                if user == Reserved.user.rawValue { fields.add(members, "user_id", "is reserved") }
                expiresAt = fields.time(members, "expires_at")
            }
            try fields.check()
            guard let name, let role, let user else {
                throw Problem(.malformedRequest, "A key is needed here.")
            }
            let (key, text) = exchange.site.keys.draft(
                name: name, role: role, user: UserID(user), expiresAt: expiresAt)
            let answer = Answer(.created, key.resource(text: text))
            try await exchange.site.keys.add(
                key, actor: exchange.caller.actor, idempotency: keeping.record(answer))
            return answer
        }
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let page = try PageWriter.page(
            of: exchange.site.keys.all, by: { (-$0.createdAt.milliseconds, $0.id) }, &query
        ) { $0.resource() }
        return Answer(.ok, page)
    }

    @Sendable static func revoke(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.parameter("id")
        try exchange.checkNoQuery()
        try await exchange.site.keys.revoke(id, actor: exchange.caller.actor)
        return Answer(.noContent)
    }
}
