import HTTPTypes
import Hummingbird
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Signing in and out of the dashboard.
enum SessionHandlers {
    @Sendable static func signIn(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        if Origin(exchange.request, exchange.site) == .foreign {
            throw Problem(.forbidden, "Only this server's own pages sign a browser in.")
        }
        let body = try await exchange.body(required: true)
        let credential = try credential(body)
        let (caller, cookie) = try await exchange.site.keys.signIn(
            credential, from: exchange.peer, at: exchange.now)
        let seconds = (caller.expiresAt.map { $0 - exchange.now } ?? 0) / 1000
        return Answer(
            .ok, try await exchange.me(caller),
            headers: [.setCookie: exchange.cookie(cookie, seconds: seconds)])
    }

    /// Ends the session for good; there need be none.
    @Sendable static func signOut(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let cookies = exchange.request.sessionCookies
        if !cookies.isEmpty { try Origin.checkWrite(exchange.request, exchange.site) }
        for cookie in cookies { try await exchange.site.keys.signOut(cookie: cookie, at: exchange.now) }
        return Answer(.noContent, headers: [.setCookie: exchange.cookie("", seconds: 0)])
    }

    private static func credential(_ body: Body) throws(Problem) -> KeyRing.Credential {
        var fields = Fields(body.bytes)
        var (key, token): (String?, String?)
        if let members = fields.object(body.root, at: "", ["key", "token"]) {
            key = fields.text(members, "key", .visible(1...500))
            token = fields.text(members, "token", .visible(1...500))
            let given = [fields.given(members, "key"), fields.given(members, "token")].compactMap(\.self)
            if given.count != 1 { fields.add("", "must have either key or token") }
        }
        try fields.check()
        if let key { return .key(key) }
        guard let token else { throw Problem(.malformedRequest, "A key or a token is needed here.") }
        return .token(token)
    }
}

extension Exchange {
    /// Who the caller is, and who answers.
    func me(_ caller: Caller) async throws -> MeResource {
        let status = try await engine.reading { () async throws(StoreError) in try await engine.store.status()
        }
        var me = MeResource(
            userID: caller.userID.rawValue, role: caller.role, keyID: caller.keyID,
            expiresAt: caller.expiresAt?.rfc3339)
        me.isSession = caller.sessionID != nil
        me.server.version = site.configuration.version
        me.server.node = engine.configuration.node
        me.server.startedAt = site.configuration.startedAt.rfc3339
        me.server.epoch = status.epoch
        me.at = now.rfc3339
        return me
    }

    /// The session's cookie: no script reads it, no other site's form sends it.
    func cookie(_ value: String, seconds: Int64) -> String {
        let isSecure = site.configuration.publicURL?.lowercased().hasPrefix("https:") ?? false
        return "\(Session.cookieName)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(seconds)"
            + (isSecure ? "; Secure" : "")
    }
}
