import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension Snapshot {
    static let recordsSQL = """
        SELECT key, version, document, created_at, updated_at FROM streams
        WHERE kind = ? AND document IS NOT NULL ORDER BY key
        """
    static let recordSQL = """
        SELECT key, version, document, created_at, updated_at FROM streams
        WHERE kind = ? AND key = ? AND document IS NOT NULL
        """

    func records(_ kind: RecordKind) throws(ReadFault) -> [StoredRecord] {
        let select = try statement(Self.recordsSQL)
        select.bind(1, kind.rawValue)
        return try select.all { StoredRecord(kind, $0) }
    }

    func record(_ kind: RecordKind, _ key: String) throws(ReadFault) -> StoredRecord? {
        let select = try statement(Self.recordSQL)
        select.bind(1, kind.rawValue)
        select.bind(2, key)
        return try select.first { StoredRecord(kind, $0) }
    }

    static let answerSQL = """
        SELECT fingerprint, status, headers, body, expires_at FROM idempotency
        WHERE caller = ? AND operation = ? AND key = ?
        """

    func answer(caller: String, operation: String, key: String, at now: Timestamp)
        throws(ReadFault) -> IdempotencyRecord?
    {
        let select = try statement(Self.answerSQL)
        select.bind(1, caller)
        select.bind(2, operation)
        select.bind(3, key)
        let answer = try select.first { row in
            IdempotencyRecord(
                caller: caller, operation: operation, key: key, fingerprint: row.bytes(0),
                status: Int(row.int(1)),
                headers: IdempotencyRecord.headers(stored: row.bytes(2)), body: row.bytes(3),
                expiresAt: Timestamp(milliseconds: row.int(4)))
        }
        return answer.flatMap { $0.expiresAt > now ? $0 : nil }
    }
}

extension StoredRecord {
    fileprivate init(_ kind: RecordKind, _ row: PreparedStatement) {
        self.init(
            kind: kind, key: row.text(0), version: Int(row.int(1)), document: JSONText(valid: row.bytes(2)),
            createdAt: Timestamp(milliseconds: row.int(3)), updatedAt: Timestamp(milliseconds: row.int(4)))
    }
}
