import Crypto
import KintsugiCore
package import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Synchronization

/// The API keys and the sessions made with them: records in the store, held in memory. Only a hash of each
/// secret is kept anywhere.
package final class KeyRing: Sendable {
    let engine: Engine
    private let keys = Mutex<[String: APIKey]>([:])
    let sessions: SessionBook
    let links = SignInLinks()
    let throttle = Mutex(SignInThrottle())

    package init(engine: Engine) {
        self.engine = engine
        sessions = SessionBook(engine: engine)
    }

    /// Reads the keys and makes sure that an admin can get in.
    ///
    /// A key from the environment is valid from then on and replaces the one that came so before. Without one,
    /// a store that has no key gets an admin key for user `admin`.
    /// - Returns: The key that was made, to be shown once.
    /// - Throws: `InvalidAdminKey`, `EngineError`.
    package func bootstrap(adminKeyFromEnvironment given: String?) async throws -> String? {
        let records = try await engine.reading { () async throws(StoreError) in
            try await engine.store.records(.key)
        }
        let known = records.compactMap(APIKey.init)
        keys.withLock { keys in for key in known { keys[key.id] = key } }
        let made = try await bootstrapAdmin(given, known)
        try await sessions.load(at: engine.now) { session in key(of: session, at: engine.now) != nil }
        return made
    }

    private func bootstrapAdmin(_ given: String?, _ known: [APIKey]) async throws -> String? {
        if let given, !given.isEmpty {
            try await configure(given, known)
            return nil
        }
        guard known.isEmpty else { return nil }
        let made = draft(name: "admin", role: .admin, user: UserID("admin"), expiresAt: nil)
        try await record(made.key, event: .keyCreated, actor: "system")
        return made.text
    }

    private func configure(_ text: String, _ known: [APIKey]) async throws {
        guard let (id, secret) = APIKey.parts(text) else { throw InvalidAdminKey() }
        let hash = APIKey.hash(secret)
        for old in known where old.isConfigured && old.id != id { try await remove(old, actor: "system") }
        if let same = known.first(where: { $0.id == id }), same.isConfigured, same.hash == hash { return }
        let key = APIKey(
            id: id, name: "KINTSUGI_ADMIN_KEY", role: .admin, userID: UserID("admin"), hash: hash,
            createdAt: engine.now, expiresAt: nil, isConfigured: true)
        try await record(key, event: .keyCreated, actor: "system")
    }

    // MARK: Who

    /// The owner of a key, as the client sent it; nil: no such key, a wrong secret, or expired.
    func caller(_ text: some StringProtocol, at now: Timestamp) -> Caller? {
        guard let (id, secret) = APIKey.parts(text) else { return nil }
        let hash = APIKey.hash(secret)
        return keys.withLock { keys in
            guard let key = keys[id], APIKey.areEqual(key.hash, hash), key.expiresAt.map({ $0 > now }) ?? true
            else {
                return nil
            }
            if key.lastUsedAt.map({ now - $0 >= 60_000 }) ?? true {
                keys[id]?.lastUsedAt = Timestamp(milliseconds: now.milliseconds / 60_000 * 60_000)
            }
            return Caller(userID: key.userID, role: key.role, keyID: id, expiresAt: key.expiresAt)
        }
    }

    /// Who is signed in with this cookie; nil: the session or its key is over.
    func caller(cookie: some StringProtocol, at now: Timestamp) -> Caller? {
        guard let session = sessions.session(cookie: cookie, at: now), let key = key(of: session, at: now)
        else {
            return nil
        }
        return Caller(
            userID: key.userID, role: key.role, keyID: key.id, expiresAt: session.expiresAt,
            sessionID: session.id)
    }

    /// Whether what let this caller in still would: a stream asks this again and again.
    func isValid(_ caller: Caller, at now: Timestamp) -> Bool {
        guard let keyID = caller.keyID, caller.expiresAt.map({ $0 > now }) ?? true else { return false }
        guard let sessionID = caller.sessionID else { return key(keyID) != nil }
        return sessions.session(sessionID, at: now).flatMap { key(of: $0, at: now) } != nil
    }

    func key(_ id: String) -> APIKey? { keys.withLock { $0[id] } }

    private func key(of session: Session, at now: Timestamp) -> APIKey? {
        key(session.keyID, hash: session.keyHash, at: now)
    }

    /// The key, if it is still the one with this secret and has not expired.
    func key(_ id: String, hash: [UInt8], at now: Timestamp) -> APIKey? {
        guard let key = key(id), key.hash == hash, key.expiresAt.map({ $0 > now }) ?? true
        else { return nil }
        return key
    }

    // MARK: Making and revoking

    /// Every key, newest first.
    var all: [APIKey] {
        keys.withLock { Array($0.values) }.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    }

    func draft(name: String, role: Role, user: UserID, expiresAt: Timestamp?) -> (key: APIKey, text: String) {
        let id = RandomText.small(12)
        let secret = RandomText.letters(43)
        let key = APIKey(
            id: id, name: name, role: role, userID: user, hash: APIKey.hash(Array(secret.utf8)),
            createdAt: engine.now,
            expiresAt: expiresAt, isConfigured: false)
        return (key, "ks_\(id)_\(secret)")
    }

    func add(_ key: APIKey, actor: String, idempotency: IdempotencyRecord?) async throws(EngineError) {
        try await record(key, event: .keyCreated, actor: actor, idempotency: idempotency)
    }

    /// Works no longer from the moment this returns.
    func revoke(_ id: String, actor: String) async throws {
        guard let key = key(id) else { throw Problem.notFound }
        if key.isConfigured {
            throw Problem(.keyInConfiguration, "This key comes from KINTSUGI_ADMIN_KEY: change it there.")
        }
        try await remove(key, actor: actor)
    }

    private func remove(_ key: APIKey, actor: String) async throws(EngineError) {
        let append = RecordAppend(
            kind: .key, key: key.id, expectedVersion: nil, event: .keyRevoked, data: .actor(actor),
            at: engine.now,
            document: nil)
        _ = try await engine.append(AppendUnit(records: [append]))
        _ = keys.withLock { $0.removeValue(forKey: key.id) }
        // They work no longer already: their key is gone.
        try await sessions.end(sessions.sessions(of: key.id), actor: actor, at: engine.now)
    }

    private func record(
        _ key: APIKey, event: RecordEventType, actor: String, idempotency: IdempotencyRecord? = nil
    ) async throws(EngineError) {
        let append = RecordAppend(
            kind: .key, key: key.id, expectedVersion: nil, event: event, data: .actor(actor),
            at: key.createdAt,
            document: key.document)
        _ = try await engine.append(AppendUnit(records: [append], idempotency: idempotency))
        keys.withLock { $0[key.id] = key }
    }
}

/// The admin key of the configuration does not look like a key.
package struct InvalidAdminKey: Error, Sendable, CustomStringConvertible {
    package var description: String {
        "The admin key must look like ks_<id>_<secret>: an id of 1 to 40 of a-z 0-9, a secret of 32 or more letters"
            + " and digits."
    }
}
