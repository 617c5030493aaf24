import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Pages of the dead letter queue, by the same rules as those of tasks.
extension Snapshot {
    struct DeadLetterRow {
        var id: DeadLetterID
        var number, taskNumber: Int64
        var seq: Int
        var user, type: Int64
        var agent, errorType: Int64?
        var status: Int64
        var amount: String?
        var closedAt: Timestamp?
        var closedBy, note: String?
        var cause: Int64?

        init(_ row: PreparedStatement) {
            let halves = row.halves(0)
            id = DeadLetterID(UUID7(high: halves.0, low: halves.1))
            (number, taskNumber, seq) = (row.int(1), row.int(2), Int(row.int(3)))
            (user, type) = (row.int(4), row.int(5))
            (agent, errorType) = (row.optionalInt(6), row.optionalInt(7))
            status = row.int(8)
            amount = row.optionalText(9)
            closedAt = row.optionalInt(10).map(Timestamp.init(milliseconds:))
            (closedBy, note) = (row.optionalText(11), row.optionalText(12))
            cause = row.optionalInt(13)
        }

        var place: DeadLetterPlace {
            DeadLetterPlace(id: id, number: number, task: TaskNumber(taskNumber))
        }
    }

    enum DeadLetterSQL {
        private static let columns = """
            SELECT id, number, task_no, seq, user_no, type_no, agent_no, error_type, status, amount, closed_at,
            closed_by, note, cause_no FROM dead_letters
            """
        static let byID = "\(columns) WHERE id = ?"
        static let byNumber = "\(columns) WHERE number = ?"
        static let everything = "\(columns) WHERE number < ? ORDER BY number DESC"
        static let pending = "\(columns) WHERE status = 0 AND number < ? ORDER BY number DESC"
        static let byUser = "\(columns) WHERE number < ? AND user_no = ? ORDER BY number DESC"
        static let byAgent = "\(columns) WHERE number < ? AND agent_no = ? ORDER BY number DESC"
        static let byError = "\(columns) WHERE number < ? AND error_type = ? ORDER BY number DESC"
        static let byCause = "\(columns) WHERE number < ? AND cause_no = ? ORDER BY number DESC"
        static let pendingByCause =
            "\(columns) WHERE status = 0 AND number < ? AND cause_no = ? ORDER BY number DESC"
        static let turnedAway = """
            \(columns) WHERE status = 0 AND reason = 'circuit_open' AND agent_no = ? AND number > ?
            ORDER BY number LIMIT ?
            """
        static let all = [
            byID, byNumber, everything, pending, byUser, byAgent, byError, byCause, pendingByCause,
            turnedAway,
        ]
    }

    func deadLetter(_ id: DeadLetterID) throws(ReadFault) -> DeadLetter? {
        guard let row = try deadLetterRow(id) else { return nil }
        return try entry(row)
    }

    private func deadLetterRow(_ id: DeadLetterID) throws(ReadFault) -> DeadLetterRow? {
        let select = try statement(DeadLetterSQL.byID)
        select.bind(1, blob: (id.uuid.high, id.uuid.low))
        return try select.first(DeadLetterRow.init)
    }

    func deadLetter(numbered number: Int64) throws(ReadFault) -> DeadLetter? {
        let select = try statement(DeadLetterSQL.byNumber)
        select.bind(1, number)
        guard let row = try select.first(DeadLetterRow.init) else { return nil }
        return try entry(row)
    }

    /// The entry as it was made, with its task as it was then.
    private func entry(_ row: DeadLetterRow) throws(ReadFault) -> DeadLetter {
        let number = TaskNumber(row.taskNumber)
        guard let then = try states(number, at: row.seq)?.then,
            let made = then.deadLetter,
            let status = DeadLetterStatus(code: row.status)
        else { throw .unreadable("Dead letter \(row.id) has no task; run `kintsugi verify`.") }
        let after = try timeline(number, after: row.seq, limit: 2)
        return DeadLetter(
            id: row.id, number: row.number, task: StoredTask(number: number, state: then),
            status: status, reason: made.reason,
            agentID: then.listedAgent, failure: made.reason == .cancelled ? nil : then.lastFailure?.failure,
            attempts: then.attempts, failedAt: made.at, closedAt: row.closedAt, closedBy: row.closedBy,
            note: row.note, alert: after.alertOfEntry)
    }

    func deadLetters(_ query: DeadLetterQuery) throws(ReadFault) -> Page<DeadLetter> {
        let page = try rows(query)
        var entries: [DeadLetter] = []
        for row in page.elements { entries.append(try entry(row)) }
        return Page(elements: entries, next: page.next)
    }

    func deadLetterPlaces(_ query: DeadLetterQuery) throws(ReadFault) -> Page<DeadLetterPlace> {
        let page = try rows(query)
        return Page(elements: page.elements.map(\.place), next: page.next)
    }

    func turnedAway(agent: AgentID, after number: Int64, limit: Int) throws(ReadFault) -> [DeadLetterPlace] {
        guard let agent = try self.number(.agent, agent.rawValue) else { return [] }
        let select = try statement(DeadLetterSQL.turnedAway)
        select.bind(1, agent)
        select.bind(2, number)
        select.bind(3, limit)
        return try select.all { DeadLetterRow($0).place }
    }

    private func rows(_ query: DeadLetterQuery) throws(ReadFault) -> Page<DeadLetterRow> {
        guard query.limit > 0, let filter = try DeadLetterFilter(query, on: self) else {
            return Page(elements: [], next: nil)
        }
        if let ids = query.ids { return try rows(ids, filter) }
        let select = try statement(filter.driver.sql)
        select.bind(1, query.before?.before ?? .max)
        if let argument = filter.driver.argument { select.bind(2, argument) }
        defer { select.reset() }
        var found: [DeadLetterRow] = []
        var examined = 0
        while try select.next() {
            let row = DeadLetterRow(select)
            examined += 1
            if filter.matches(row) {
                guard found.count < query.limit else {
                    return Page(elements: found, next: found.last.map { PageCursor(before: $0.number) })
                }
                found.append(row)
            }
            if examined == TaskLister.maxExamined {
                return Page(elements: found, next: PageCursor(before: row.number))
            }
        }
        return Page(elements: found, next: nil)
    }

    /// Few that are named one by one.
    private func rows(_ ids: [DeadLetterID], _ filter: DeadLetterFilter) throws(ReadFault)
        -> Page<DeadLetterRow>
    {
        let before = filter.query.before?.before ?? .max
        var rows: [DeadLetterRow] = []
        for id in Set(ids) {
            if let row = try deadLetterRow(id), row.number < before, filter.matches(row) { rows.append(row) }
        }
        rows.sort { $0.number > $1.number }
        let shown = Array(rows.prefix(filter.query.limit))
        let next = rows.count > shown.count ? shown.last.map { PageCursor(before: $0.number) } : nil
        return Page(elements: shown, next: next)
    }
}

/// A dead letter query in numbers.
private struct DeadLetterFilter {
    let query: DeadLetterQuery
    private let statuses: Set<Int64>
    private var user, type, agent, errorType, cause: Int64?

    /// Nil if the query names something that no entry has.
    init?(_ query: DeadLetterQuery, on snapshot: Snapshot) throws(ReadFault) {
        self.query = query
        statuses = Set(query.statuses.map(\.code))
        if let name = query.user {
            user = try snapshot.number(.user, name.rawValue)
            if user == nil { return nil }
        }
        if let name = query.taskType {
            type = try snapshot.number(.type, name)
            if type == nil { return nil }
        }
        if let name = query.agent {
            agent = try snapshot.number(.agent, name.rawValue)
            if agent == nil { return nil }
        }
        if let name = query.errorType {
            errorType = try snapshot.number(.errorType, name.rawValue)
            if errorType == nil { return nil }
        }
        if let fingerprint = query.group {
            cause = try snapshot.number(.cause, fingerprint)
            if cause == nil { return nil }
        }
    }

    /// What waits is little; else the narrower of what is asked.
    var driver: (sql: String, argument: Int64?) {
        typealias SQL = Snapshot.DeadLetterSQL
        if statuses == [DeadLetterStatus.pending.code] {
            return cause.map { (SQL.pendingByCause, $0) } ?? (SQL.pending, nil)
        }
        if let cause { return (SQL.byCause, cause) }
        if let errorType { return (SQL.byError, errorType) }
        if let agent { return (SQL.byAgent, agent) }
        if let user { return (SQL.byUser, user) }
        return (SQL.everything, nil)
    }

    func matches(_ row: Snapshot.DeadLetterRow) -> Bool {
        if (row.cause == nil) != query.isInternal { return false }
        if let user, user != row.user { return false }
        if let type, type != row.type { return false }
        if let agent, agent != row.agent { return false }
        if let errorType, errorType != row.errorType { return false }
        if let cause, cause != row.cause { return false }
        if !statuses.isEmpty, !statuses.contains(row.status) { return false }
        guard let least = query.minAmount else { return true }
        return row.amount.map { Decimal.compare($0, least) >= 0 } ?? false
    }
}
