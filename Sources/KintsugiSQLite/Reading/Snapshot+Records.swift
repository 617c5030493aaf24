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

    static let recordsBeforeSQL = """
        SELECT key, version, document, created_at, updated_at FROM streams
        WHERE kind = ? AND key < ? AND document IS NOT NULL ORDER BY key DESC LIMIT ?
        """

    func records(_ kind: RecordKind, before key: String?, limit: Int) throws(ReadFault) -> [StoredRecord] {
        let select = try statement(Self.recordsBeforeSQL)
        select.bind(1, kind.rawValue)
        // No key of ours has a character as great as this one.
        select.bind(2, key ?? "\u{10ffff}")
        select.bind(3, max(0, limit))
        return try select.all { StoredRecord(kind, $0) }
    }

    // MARK: History

    static let recordEventsSQL = """
        SELECT a.position, a.at, a.seq, a.data, s.kind, s.key FROM streams s
        CROSS JOIN appends a ON a.stream_no = s.stream_no
        WHERE s.kind = ? AND s.key = ? AND a.seq > ? ORDER BY a.seq LIMIT ?
        """

    func recordEvents(_ kind: RecordKind, _ key: String, after version: Int, limit: Int) throws(ReadFault)
        -> [RecordChange]
    {
        let select = try statement(Self.recordEventsSQL)
        select.bind(1, kind.rawValue)
        select.bind(2, key)
        select.bind(3, version)
        select.bind(4, max(0, limit))
        defer { select.reset() }
        var found: [RecordChange] = []
        while try select.next() {
            if let change = try change(select, [kind]) { found.append(change) }
        }
        return found
    }

    private static let changeColumns = """
        SELECT a.position, a.at, a.seq, a.data, s.kind, s.key FROM appends a
        """
    private static let joinStreams = "CROSS JOIN streams s ON s.stream_no = a.stream_no"
    /// Named, because the planner would walk through the tasks' appends for the sake of the order.
    static let historySQL = """
        \(changeColumns) INDEXED BY appends_records \(joinStreams)
        WHERE a.stream_no < 0 AND a.position < ? ORDER BY a.position DESC
        """
    static let changesSQL = """
        \(changeColumns) INDEXED BY appends_record_times \(joinStreams)
        WHERE a.stream_no < 0 AND a.at >= ? AND a.at < ? ORDER BY a.at DESC, a.position DESC
        """
    /// Changes looked at between two times.
    private static let maxChanges = 50_000

    func recordHistory(_ kinds: [RecordKind], before: PageCursor?, limit: Int) throws(ReadFault)
        -> Page<RecordChange>
    {
        guard limit > 0 else { return Page(elements: [], next: nil) }
        let select = try statement(Self.historySQL)
        select.bind(1, before?.before ?? .max)
        defer { select.reset() }
        var found: [RecordChange] = []
        var examined = 0
        while try select.next() {
            let position = select.int(0)
            examined += 1
            if let change = try change(select, kinds), !change.event.isRoutine {
                guard found.count < limit else {
                    return Page(elements: found, next: found.last.map { PageCursor(before: $0.position) })
                }
                found.append(change)
            }
            if examined == TaskLister.maxExamined {
                return Page(elements: found, next: PageCursor(before: position))
            }
        }
        return Page(elements: found, next: nil)
    }

    func recordChanges(_ kinds: [RecordKind], at times: Range<Timestamp>, limit: Int) throws(ReadFault)
        -> [RecordChange]
    {
        let select = try statement(Self.changesSQL)
        select.bind(1, times.lowerBound.milliseconds)
        select.bind(2, times.upperBound.milliseconds)
        defer { select.reset() }
        var found: [RecordChange] = []
        var examined = 0
        while found.count < limit, examined < Self.maxChanges, try select.next() {
            examined += 1
            if let change = try change(select, kinds) { found.append(change) }
        }
        return found.reversed()
    }

    /// The row as a change; nil if its kind is not wanted, or unknown to this version.
    private func change(_ row: PreparedStatement, _ kinds: [RecordKind]) throws(ReadFault) -> RecordChange? {
        guard let kind = RecordKind(rawValue: row.text(4)), kinds.isEmpty || kinds.contains(kind) else {
            return nil
        }
        let position = row.int(0)
        guard let (event, data) = RecordAppend.logged(row.bytes(3)) else {
            throw .unreadable("Append \(position) of a record cannot be read; run `kintsugi verify`.")
        }
        return RecordChange(
            position: position, at: Timestamp(milliseconds: row.int(1)), kind: kind, key: row.text(5),
            version: Int(row.int(2)), event: event, data: data)
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
