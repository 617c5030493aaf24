import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// A browser that is signed in, as it is kept: with the SHA-256 of its secret.
struct Session: Sendable, Hashable {
    static let lifetime: Milliseconds = 7 * 86_400_000
    static let cookieName = "kintsugi_session"

    let id: String
    let hash: [UInt8]
    let keyID: String
    /// Of the key's secret: a key of the same name with another secret is another key.
    let keyHash: [UInt8]
    let createdAt: Timestamp
    let expiresAt: Timestamp

    /// Reads a cookie's `<id>_<secret>`; nil if it cannot be one of ours.
    static func parts(_ text: some StringProtocol) -> (id: String, secret: [UInt8])? {
        guard text.utf8.count <= 200 else { return nil }
        let parts = text.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[1].utf8.count >= 32 else { return nil }
        return (String(parts[0]), Array(parts[1].utf8))
    }
}

extension Session {
    var document: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("key_id", keyID)
                json.member("sha256", Base64.encode(hash))
                json.member("key_sha256", Base64.encode(keyHash))
                json.member("created_at", createdAt.milliseconds)
                json.member("expires_at", expiresAt.milliseconds)
            })
    }

    init?(_ record: StoredRecord) {
        guard let node = try? JSONNode(parsing: record.document.bytes), let keyID = node["key_id"]?.string,
            let hash = node["sha256"]?.string.flatMap(Base64.decode),
            let keyHash = node["key_sha256"]?.string.flatMap(Base64.decode),
            let expiresAt = node["expires_at"]?.int
        else { return nil }
        self.init(
            id: record.key, hash: hash, keyID: keyID, keyHash: keyHash, createdAt: record.createdAt,
            expiresAt: Timestamp(milliseconds: expiresAt))
    }

    func created(actor: String) -> RecordAppend { append(.sessionCreated, actor, createdAt, document) }

    func ended(actor: String, at now: Timestamp) -> RecordAppend { append(.sessionEnded, actor, now, nil) }

    private func append(
        _ event: RecordEventType, _ actor: String, _ at: Timestamp, _ document: JSONText?
    ) -> RecordAppend {
        let data = JSONWriter.object { json in
            json.member("actor", actor)
            json.member("key_id", keyID)
        }
        return RecordAppend(
            kind: .session, key: id, expectedVersion: nil, event: event, data: JSONText(valid: data), at: at,
            document: document)
    }
}
