import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Alerts, each with its newest tasks and its money: what reading one costs does not grow with its tasks.
extension Snapshot {
    enum AlertSQL {
        private static let columns = """
            SELECT a.alert_no, a.id, a.kind, a.status, a.severity, u.text, a.provider, a.cause, a.agent, a.task_type,
            a.error_type, a.message, a.http_status, a.open, a.total, a.first_raised_at, a.last_raised_at,
            a.acknowledged_at, a.acknowledged_by, a.resolved_at, a.resolved_by, a.note, a.notified, a.notified_at,
            a.raised, a.changed FROM alerts a LEFT JOIN names u ON u.no = a.user_no
            """
        static let byID = "\(columns) WHERE a.id = ?"
        static let everything = "\(columns) WHERE a.raised < ? ORDER BY a.raised DESC"
        static let unresolved = "\(columns) WHERE a.status < 2 AND a.raised < ? ORDER BY a.raised DESC"
        static let ongoing = "\(columns) WHERE a.open > 0 AND a.raised < ? ORDER BY a.raised DESC"
        static let byUser = "\(columns) WHERE a.raised < ? AND a.user_no = ? ORDER BY a.raised DESC"
        static let changed = "\(columns) WHERE a.changed > ? ORDER BY a.changed LIMIT ?"
        /// Named, because without statistics the planner takes the key and looks at those that are cured, too.
        static let openTasks = """
            SELECT t.id FROM alert_tasks m INDEXED BY alert_tasks_open CROSS JOIN tasks t ON t.task_no = m.task_no
            WHERE m.open = 1 AND m.alert_no = ? ORDER BY m.task_no DESC LIMIT ?
            """
        static let tasks = """
            SELECT t.id FROM alert_tasks m CROSS JOIN tasks t ON t.task_no = m.task_no
            WHERE m.alert_no = ? ORDER BY m.task_no DESC LIMIT ?
            """
        static let value = "SELECT currency, amount FROM alert_value WHERE alert_no = ?"
        static let all = [
            byID, everything, unresolved, ongoing, byUser, changed, openTasks, tasks, value,
        ]
    }

    func alert(_ id: UUID7) throws(ReadFault) -> Alert? {
        let select = try statement(AlertSQL.byID)
        select.bind(1, blob: (id.high, id.low))
        guard let row = try select.first({ ($0.int(0), Alert($0)) }) else { return nil }
        return try complete(row)
    }

    func alerts(changedAfter position: Int64, limit: Int) throws(ReadFault) -> [Alert] {
        guard limit > 0 else { return [] }
        let select = try statement(AlertSQL.changed)
        select.bind(1, position)
        select.bind(2, limit)
        let rows = try select.all { ($0.int(0), Alert($0)) }
        var alerts: [Alert] = []
        for row in rows { alerts.append(try complete(row)) }
        return alerts
    }

    func alerts(_ query: AlertQuery) throws(ReadFault) -> Page<Alert> {
        guard query.limit > 0, let select = try rows(query) else { return Page(elements: [], next: nil) }
        defer { select.reset() }
        var found: [(Int64, Alert)] = []
        var next: PageCursor?
        var examined = 0
        while try select.next() {
            examined += 1
            guard let alert = Alert(select) else { throw Self.unreadable(select.int(0)) }
            if query.matches(alert) {
                guard found.count < query.limit else {
                    next = found.last.map { PageCursor(before: $0.1.raised) }
                    break
                }
                found.append((select.int(0), alert))
            }
            if examined == TaskLister.maxExamined {
                next = PageCursor(before: alert.raised)
                break
            }
        }
        var alerts: [Alert] = []
        for row in found { alerts.append(try complete(row)) }
        return Page(elements: alerts, next: next)
    }

    /// From the index that leaves the fewest; nil: the user was never seen.
    private func rows(_ query: AlertQuery) throws(ReadFault) -> PreparedStatement? {
        let before = query.before?.before ?? .max
        let sql: String
        var userNo: Int64?
        if query.isOngoing {
            sql = AlertSQL.ongoing
        } else if !query.statuses.isEmpty, !query.statuses.contains(.resolved) {
            sql = AlertSQL.unresolved
        } else if let user = query.user {
            guard let number = try number(.user, user.rawValue) else { return nil }
            (sql, userNo) = (AlertSQL.byUser, number)
        } else {
            sql = AlertSQL.everything
        }
        let select = try statement(sql)
        select.bind(1, before)
        if let userNo { select.bind(2, userNo) }
        return select
    }

    private static func unreadable(_ number: Int64) -> ReadFault {
        .unreadable("Alert number \(number) cannot be read; run `kintsugi verify`.")
    }

    private func complete(_ row: (number: Int64, alert: Alert?)) throws(ReadFault) -> Alert {
        guard var alert = row.alert else { throw Self.unreadable(row.number) }
        let tasks = try statement(alert.open > 0 ? AlertSQL.openTasks : AlertSQL.tasks)
        tasks.bind(1, row.number)
        tasks.bind(2, Alert.maxTaskIDs)
        alert.taskIDs = try tasks.all { row in
            let halves = row.halves(0)
            return TaskID(UUID7(high: halves.0, low: halves.1))
        }
        let value = try statement(AlertSQL.value)
        value.bind(1, row.number)
        while try value.next() { alert.value[value.text(0)] = value.text(1) }
        return alert
    }
}

extension Alert {
    init?(_ row: PreparedStatement) {
        let halves = row.halves(1)
        guard let kind = AlertKind(rawValue: row.text(2)), let status = AlertStatus(code: row.int(3)),
            let severity = AlertSeverity(code: row.int(4))
        else { return nil }
        self.init(
            id: UUID7(high: halves.0, low: halves.1), kind: kind, severity: severity,
            user: row.optionalText(5).map { UserID($0) }, provider: ProviderID(row.text(6)),
            cause: row.optionalText(7), at: Timestamp(milliseconds: row.int(15)), position: row.int(24))
        self.status = status
        agentID = row.optionalText(8).map { AgentID($0) }
        taskType = row.optionalText(9)
        if let type = row.optionalText(10).flatMap(ErrorType.init(rawValue:)) {
            fault = Fault(
                type: type, message: row.text(11), httpStatus: row.optionalInt(12).map(Int.init(clamping:)))
        }
        (open, total) = (Int(row.int(13)), Int(row.int(14)))
        lastRaisedAt = Timestamp(milliseconds: row.int(16))
        acknowledgedAt = row.optionalInt(17).map(Timestamp.init(milliseconds:))
        acknowledgedBy = row.optionalText(18)
        resolvedAt = row.optionalInt(19).map(Timestamp.init(milliseconds:))
        (resolvedBy, note) = (row.optionalText(20), row.optionalText(21))
        notified = Int(row.int(22))
        notifiedAt = row.optionalInt(23).map(Timestamp.init(milliseconds:))
        changed = row.int(25)
    }
}
