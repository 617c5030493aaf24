import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Synchronization

/// The sessions: records in the store, held in memory, so that an open page outlives the server's restart.
///
/// Whether a session's key is still good is the key ring's to say.
final class SessionBook: Sendable {
    /// More than this with one key end the oldest.
    static let maxPerKey = 1000
    /// Records in one unit.
    private static let chunk = 500

    private let engine: Engine
    private let sessions = Mutex<[String: Session]>([:])

    init(engine: Engine) { self.engine = engine }

    /// Reads the sessions at start; those that are over, or whose key is gone, are removed.
    func load(at now: Timestamp, isKeyGood: (Session) -> Bool) async throws(EngineError) {
        let records = try await engine.reading { () async throws(StoreError) in
            try await engine.store.records(.session)
        }
        let all = records.compactMap(Session.init)
        sessions.withLock { sessions in for session in all { sessions[session.id] = session } }
        try await end(all.filter { $0.expiresAt <= now || !isKeyGood($0) }, actor: "system", at: now)
    }

    /// The session of a cookie; nil: none, a wrong secret, or over.
    func session(cookie: some StringProtocol, at now: Timestamp) -> Session? {
        guard let (id, secret) = Session.parts(cookie) else { return nil }
        let hash = APIKey.hash(secret)
        guard let known = session(id, at: now), APIKey.areEqual(known.hash, hash) else { return nil }
        return known
    }

    /// The session of this id; nil: none, or over.
    func session(_ id: String, at now: Timestamp) -> Session? {
        sessions.withLock { $0[id] }.flatMap { $0.expiresAt > now ? $0 : nil }
    }

    /// Signs in with a key; gives the session and the cookie's value, which is kept nowhere.
    func make(for key: APIKey, actor: String, at now: Timestamp) async throws(EngineError) -> (
        session: Session, cookie: String
    ) {
        let (id, secret) = (RandomText.small(16), RandomText.letters(43))
        let end = now + Session.lifetime
        let session = Session(
            id: id, hash: APIKey.hash(Array(secret.utf8)), keyID: key.id, keyHash: key.hash, createdAt: now,
            expiresAt: key.expiresAt.map { min($0, end) } ?? end)
        let surplus = surplus(of: key.id, at: now)
        let ended = surplus.map { $0.ended(actor: "system", at: now) }
        _ = try await engine.append(AppendUnit(records: ended + [session.created(actor: actor)]))
        sessions.withLock { sessions in
            for old in surplus { sessions[old.id] = nil }
            sessions[id] = session
        }
        return (session, "\(id)_\(secret)")
    }

    /// What must go before one more with this key: what is over, then the oldest.
    private func surplus(of keyID: String, at now: Timestamp) -> [Session] {
        let own = sessions.withLock { $0.values.filter { $0.keyID == keyID } }
        let live = own.filter { $0.expiresAt > now }.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return own.filter { $0.expiresAt <= now } + live.prefix(max(0, live.count + 1 - Self.maxPerKey))
    }

    /// Every session that was made with a key, to be ended with it.
    func sessions(of keyID: String) -> [Session] {
        sessions.withLock { $0.values.filter { $0.keyID == keyID } }
    }

    /// Ends sessions for good; they work no longer from the moment this returns.
    func end(_ ended: [Session], actor: String, at now: Timestamp) async throws(EngineError) {
        var rest = ended[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.chunk)
            rest = rest.dropFirst(some.count)
            let records = some.map { $0.ended(actor: actor, at: now) }
            _ = try await engine.append(AppendUnit(records: records))
            sessions.withLock { sessions in for session in some { sessions[session.id] = nil } }
        }
    }
}
