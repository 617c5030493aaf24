import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Pages of the dead letter queue, by the same rules as those of tasks.
extension Snapshot {
    private struct Row {
        var id: DeadLetterID
        var number, taskNumber: Int64
        var seq: Int
        var user, type: Int64
        var agent, errorType: Int64?
        var status: Int64
        var amount: String?
        var closedAt: Timestamp?
        var closedBy, note: String?

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
        }
    }

    enum DeadLetterSQL {
        private static let columns = """
            SELECT id, number, task_no, seq, user_no, type_no, agent_no, error_type, status, amount, closed_at,
            closed_by, note FROM dead_letters
            """
        static let byID = "\(columns) WHERE id = ?"
        static let everything = "\(columns) WHERE number < ? ORDER BY number DESC"
        static let pending = "\(columns) WHERE status = 0 AND number < ? ORDER BY number DESC"
        static let byUser = "\(columns) WHERE number < ? AND user_no = ? ORDER BY number DESC"
        static let byAgent = "\(columns) WHERE number < ? AND agent_no = ? ORDER BY number DESC"
        static let byError = "\(columns) WHERE number < ? AND error_type = ? ORDER BY number DESC"
        static let all = [byID, everything, pending, byUser, byAgent, byError]
    }

    func deadLetter(_ id: DeadLetterID) throws(ReadFault) -> DeadLetter? {
        let select = try statement(DeadLetterSQL.byID)
        select.bind(1, blob: (id.uuid.high, id.uuid.low))
        guard let row = try select.first(Row.init) else { return nil }
        return try entry(row)
    }

    /// The entry as it was made, with its task as it was then.
    private func entry(_ row: Row) throws(ReadFault) -> DeadLetter {
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
        guard query.limit > 0, let filter = try DeadLetterFilter(query, on: self) else {
            return Page(elements: [], next: nil)
        }
        let select = try statement(filter.driver.sql)
        select.bind(1, query.before?.before ?? .max)
        if let argument = filter.driver.argument { select.bind(2, argument) }
        var found: [Row] = []
        var examined = 0
        var next: PageCursor?
        while try select.next() {
            let row = Row(select)
            examined += 1
            if filter.matches(row.user, row.type, row.agent, row.errorType, row.status, row.amount) {
                guard found.count < query.limit else {
                    next = found.last.map { PageCursor(before: $0.number) }
                    break
                }
                found.append(row)
            }
            if examined == TaskLister.maxExamined {
                next = PageCursor(before: row.number)
                break
            }
        }
        select.reset()
        var entries: [DeadLetter] = []
        for row in found { entries.append(try entry(row)) }
        return Page(elements: entries, next: next)
    }
}

/// A dead letter query in numbers.
private struct DeadLetterFilter {
    let query: DeadLetterQuery
    private let statuses: Set<Int64>
    private var user, type, agent, errorType: Int64?

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
    }

    /// What waits is little; else the narrower of what is asked.
    var driver: (sql: String, argument: Int64?) {
        typealias SQL = Snapshot.DeadLetterSQL
        if statuses == [DeadLetterStatus.pending.code] { return (SQL.pending, nil) }
        if let errorType { return (SQL.byError, errorType) }
        if let agent { return (SQL.byAgent, agent) }
        if let user { return (SQL.byUser, user) }
        return (SQL.everything, nil)
    }

    func matches(
        _ user: Int64, _ type: Int64, _ agent: Int64?, _ errorType: Int64?, _ status: Int64, _ amount: String?
    ) -> Bool {
        if let wanted = self.user, wanted != user { return false }
        if let wanted = self.type, wanted != type { return false }
        if let wanted = self.agent, wanted != agent { return false }
        if let wanted = self.errorType, wanted != errorType { return false }
        if !statuses.isEmpty, !statuses.contains(status) { return false }
        guard let least = query.minAmount else { return true }
        return amount.map { Decimal.compare($0, least) >= 0 } ?? false
    }
}
