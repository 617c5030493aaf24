import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Synchronization

/// How a browser comes by a session, and how it ends.
extension KeyRing {
    /// What a person signs in with.
    enum Credential: Sendable {
        case key(String)
        case token(String)
    }

    /// A token for a link that signs in once, as the newest admin key; nil: there is no such key.
    package func makeSignInToken() -> String? {
        let now = engine.now
        let admin = all.first { $0.role == .admin && $0.expiresAt.map { $0 > now } ?? true }
        return admin.map { links.make(for: $0, at: now) }
    }

    /// Begins a session; gives who is in and the cookie's value.
    func signIn(_ credential: Credential, from peer: String, at now: Timestamp) async throws -> (
        caller: Caller, cookie: String
    ) {
        if let seconds = throttle.withLock({ $0.wait(peer, at: now) }) {
            var problem = Problem(
                .rateLimited, "Too many failed sign-ins: wait \(seconds) s, then try again.")
            problem.retryAfter = seconds
            throw problem
        }
        guard let key = key(credential, at: now) else {
            throttle.withLock { $0.failed(peer, at: now) }
            throw Problem(.unauthorized, Self.advice(credential))
        }
        let (session, cookie) = try await sessions.make(
            for: key, actor: "user:\(key.userID.rawValue)", at: now)
        let caller = Caller(
            userID: key.userID, role: key.role, keyID: key.id, expiresAt: session.expiresAt,
            sessionID: session.id)
        return (caller, cookie)
    }

    private func key(_ credential: Credential, at now: Timestamp) -> APIKey? {
        switch credential {
        case .key(let text): caller(text, at: now)?.keyID.flatMap { key($0) }
        case .token(let token):
            links.take(token, at: now).flatMap { key($0.keyID, hash: $0.keyHash, at: now) }
        }
    }

    private static func advice(_ credential: Credential) -> String {
        switch credential {
        case .key:
            "This key is unknown, revoked or expired: check that it was copied whole (ks_<id>_<secret>), or ask an "
                + "admin for a new one."
        case .token:
            "This link was used already, is over 15 minutes old, or is from before the server's last start: sign in "
                + "with a key, or start the server again for a new link."
        }
    }

    /// Ends the session of a cookie, if it is one.
    func signOut(cookie: some StringProtocol, at now: Timestamp) async throws {
        guard let session = sessions.session(cookie: cookie, at: now) else { return }
        let user = key(session.keyID)?.userID.rawValue
        try await sessions.end([session], actor: user.map { "user:\($0)" } ?? "system", at: now)
    }
}
