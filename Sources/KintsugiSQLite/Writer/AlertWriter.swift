import GRDBSQLite
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Writes what happens to alerts into their tables; as `AlertFold` says it must be.
///
/// Lives on the writer's thread, inside its transaction.
struct AlertWriter {
    private let select, insert, raise, update, breaker: PreparedStatement
    private let selectTask, insertTask, openTask: PreparedStatement
    private let selectValue, upsertValue, deleteValue: PreparedStatement
    private let notify: PreparedStatement
    private let all: [PreparedStatement]

    init(on connection: OpaquePointer) throws(SQLiteFault) {
        var all: [PreparedStatement] = []
        func prepare(_ sql: String) throws(SQLiteFault) -> PreparedStatement {
            let statement = try PreparedStatement(sql, on: connection)
            all.append(statement)
            return statement
        }
        select = try prepare(SQL.select)
        insert = try prepare(SQL.insert)
        raise = try prepare(SQL.raise)
        update = try prepare(SQL.update)
        breaker = try prepare("SELECT id FROM alerts WHERE user_no IS NULL AND open > 0 AND provider = ?")
        selectTask = try prepare("SELECT open FROM alert_tasks WHERE alert_no = ? AND task_no = ?")
        insertTask = try prepare("INSERT INTO alert_tasks(alert_no, task_no, open) VALUES (?, ?, 1)")
        openTask = try prepare("UPDATE alert_tasks SET open = ? WHERE alert_no = ? AND task_no = ?")
        selectValue = try prepare("SELECT amount FROM alert_value WHERE alert_no = ? AND currency = ?")
        upsertValue = try prepare(
            "INSERT OR REPLACE INTO alert_value(alert_no, currency, amount) VALUES (?, ?, ?)")
        deleteValue = try prepare("DELETE FROM alert_value WHERE alert_no = ? AND currency = ?")
        notify = try prepare("UPDATE alerts SET notified = notified + ?, notified_at = ? WHERE id = ?")
        self.all = all
    }

    func finalize() { for statement in all { statement.finalize() } }

    private enum SQL {
        static let select = """
            SELECT alert_no, kind, status, severity, provider, open, total, first_raised_at, last_raised_at,
            acknowledged_at, acknowledged_by, resolved_at, resolved_by, note, raised FROM alerts WHERE id = ?
            """
        static let insert = """
            INSERT INTO alerts(id, kind, status, severity, user_no, provider, cause, open, total, first_raised_at,
            last_raised_at, raised, changed) VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8, ?9, ?9)
            """
        static let raise = """
            UPDATE alerts SET agent = ?, task_type = ?, error_type = ?, message = ?, http_status = ?
            WHERE alert_no = ?
            """
        static let update = """
            UPDATE alerts SET status = ?, severity = ?, open = ?, total = ?, last_raised_at = ?, acknowledged_at = ?,
            acknowledged_by = ?, resolved_at = ?, resolved_by = ?, note = ?, raised = ?, changed = ?
            WHERE alert_no = ?
            """
    }

    /// - Parameter userNo: of the task that raises it.
    func take(_ happening: AlertHappening, userNo: Int64?) throws(SQLiteFault) {
        switch happening.what {
        case .raised(let mark, let raise): try self.raise(mark, raise, happening, userNo: userNo)
        case .cured(let id, let task, let money): try cure(id, task, money, happening)
        case .breakerOpened(let id, let provider):
            guard try openAlert(of: provider) == nil, try row(id) == nil else { return }
            try insert(
                Alert(
                    id: id, kind: AlertKind(breakerOf: provider), severity: .critical, user: nil,
                    provider: provider, cause: nil, at: happening.at, position: happening.position),
                open: 1, userNo: nil)
        case .breakerClosed(let provider):
            guard let id = try openAlert(of: provider) else { return }
            try change(id, happening) { $0.fewer(at: happening.at) }
        case .acknowledged(let id, let actor, let note):
            try change(id, happening, if: { $0.status == .firing }) {
                $0.acknowledge(actor: actor, note: note, at: happening.at)
            }
        case .closed(let id, let actor, let note):
            try change(id, happening, if: { $0.status != .resolved }) {
                $0.resolve(actor: actor, note: note, at: happening.at)
            }
        case .notified(let id, let count):
            notify.bind(1, count)
            notify.bind(2, happening.at.milliseconds)
            notify.bind(3, blob: (id.high, id.low))
            try notify.run()
        }
    }

    // MARK: Tasks

    private func raise(
        _ mark: AlertMark, _ raise: AlertHappening.Raise, _ happening: AlertHappening, userNo: Int64?
    ) throws(SQLiteFault) {
        if try row(mark.id) == nil {
            try insert(
                Alert(
                    id: mark.id, kind: .task, severity: mark.severity, user: raise.user,
                    provider: raise.provider, cause: mark.cause, at: happening.at,
                    position: happening.position), open: 0, userNo: userNo)
        }
        guard let (number, known) = try row(mark.id) else { return }
        var alert = known
        alert.raise(mark.severity, at: happening.at, position: happening.position)
        let wasOpen = try isOpen(raise.task, of: number)
        if wasOpen == nil {
            alert.total += 1
            insertTask.bind(1, number)
            insertTask.bind(2, raise.task.rawValue)
            try insertTask.run()
        } else if wasOpen == false {
            try set(raise.task, of: number, open: true)
        }
        if wasOpen != true {
            alert.open += 1
            if let money = raise.money { try add(money, to: number) }
        }
        try write(alert, number, happening)
        self.raise.bind(1, raise.agentID?.rawValue)
        self.raise.bind(2, raise.type)
        self.raise.bind(3, raise.fault?.type.rawValue)
        self.raise.bind(4, raise.fault?.message)
        self.raise.bind(5, raise.fault?.httpStatus.map(Int64.init))
        self.raise.bind(6, number)
        try self.raise.run()
    }

    private func cure(_ id: UUID7, _ task: TaskNumber, _ money: Money?, _ happening: AlertHappening)
        throws(SQLiteFault)
    {
        guard let (number, known) = try row(id), try isOpen(task, of: number) == true else { return }
        var alert = known
        try set(task, of: number, open: false)
        if let money { try remove(money, from: number) }
        alert.fewer(at: happening.at)
        try write(alert, number, happening)
    }

    private func isOpen(_ task: TaskNumber, of alert: Int64) throws(SQLiteFault) -> Bool? {
        selectTask.bind(1, alert)
        selectTask.bind(2, task.rawValue)
        defer { selectTask.reset() }
        return try selectTask.step() ? selectTask.int(0) == 1 : nil
    }

    private func set(_ task: TaskNumber, of alert: Int64, open: Bool) throws(SQLiteFault) {
        openTask.bind(1, open ? 1 : 0)
        openTask.bind(2, alert)
        openTask.bind(3, task.rawValue)
        try openTask.run()
    }

    // MARK: Money

    private func value(_ currency: String, of alert: Int64) throws(SQLiteFault) -> String {
        selectValue.bind(1, alert)
        selectValue.bind(2, currency)
        defer { selectValue.reset() }
        return try selectValue.step() ? selectValue.text(0) : "0"
    }

    private func add(_ money: Money, to alert: Int64) throws(SQLiteFault) {
        let sum = Decimal.sum(try value(money.currency, of: alert), money.amount)
        upsertValue.bind(1, alert)
        upsertValue.bind(2, money.currency)
        upsertValue.bind(3, sum)
        try upsertValue.run()
    }

    private func remove(_ money: Money, from alert: Int64) throws(SQLiteFault) {
        let rest = Decimal.difference(try value(money.currency, of: alert), money.amount)
        let statement = Decimal.compare(rest, "0") == 0 ? deleteValue : upsertValue
        statement.bind(1, alert)
        statement.bind(2, money.currency)
        if Decimal.compare(rest, "0") != 0 { statement.bind(3, rest) }
        try statement.run()
    }

    // MARK: Rows

    /// The alert as far as a change needs to know it.
    private func row(_ id: UUID7) throws(SQLiteFault) -> (Int64, Alert)? {
        select.bind(1, blob: (id.high, id.low))
        defer { select.reset() }
        guard try select.step(), let alert = Alert(changing: select, id: id) else { return nil }
        return (select.int(0), alert)
    }

    private func openAlert(of provider: ProviderID) throws(SQLiteFault) -> UUID7? {
        breaker.bind(1, provider.rawValue)
        defer { breaker.reset() }
        guard try breaker.step() else { return nil }
        let halves = breaker.halves(0)
        return UUID7(high: halves.0, low: halves.1)
    }

    private func insert(_ alert: Alert, open: Int, userNo: Int64?) throws(SQLiteFault) {
        insert.bind(1, blob: (alert.id.high, alert.id.low))
        insert.bind(2, alert.kind.rawValue)
        insert.bind(3, alert.severity.code)
        insert.bind(4, userNo)
        insert.bind(5, alert.provider.rawValue)
        insert.bind(6, alert.cause)
        insert.bind(7, open)
        insert.bind(8, alert.firstRaisedAt.milliseconds)
        insert.bind(9, alert.raised)
        try insert.run()
    }

    private func change(
        _ id: UUID7, _ happening: AlertHappening, if holds: (Alert) -> Bool = { _ in true },
        _ body: (inout Alert) -> Void
    ) throws(SQLiteFault) {
        guard let (number, known) = try row(id), holds(known) else { return }
        var alert = known
        body(&alert)
        try write(alert, number, happening)
    }

    private func write(_ alert: Alert, _ number: Int64, _ happening: AlertHappening) throws(SQLiteFault) {
        update.bind(1, alert.status.code)
        update.bind(2, alert.severity.code)
        update.bind(3, alert.open)
        update.bind(4, alert.total)
        update.bind(5, alert.lastRaisedAt.milliseconds)
        update.bind(6, alert.acknowledgedAt?.milliseconds)
        update.bind(7, alert.acknowledgedBy)
        update.bind(8, alert.resolvedAt?.milliseconds)
        update.bind(9, alert.resolvedBy)
        update.bind(10, alert.note)
        update.bind(11, alert.raised)
        update.bind(12, happening.position)
        update.bind(13, number)
        try update.run()
    }
}

extension Alert {
    /// What a change of it needs to know, from `AlertWriter`'s row.
    fileprivate init?(changing row: PreparedStatement, id: UUID7) {
        guard let kind = AlertKind(rawValue: row.text(1)), let status = AlertStatus(code: row.int(2)),
            let severity = AlertSeverity(code: row.int(3))
        else { return nil }
        self.init(
            id: id, kind: kind, severity: severity, user: nil, provider: ProviderID(row.text(4)), cause: nil,
            at: Timestamp(milliseconds: row.int(7)), position: row.int(14))
        self.status = status
        (open, total) = (Int(row.int(5)), Int(row.int(6)))
        lastRaisedAt = Timestamp(milliseconds: row.int(8))
        acknowledgedAt = row.optionalInt(9).map(Timestamp.init(milliseconds:))
        acknowledgedBy = row.optionalText(10)
        resolvedAt = row.optionalInt(11).map(Timestamp.init(milliseconds:))
        (resolvedBy, note) = (row.optionalText(12), row.optionalText(13))
    }
}

extension AlertStatus {
    /// Stored: never renumbered; below 2 is what is not resolved.
    var code: Int64 {
        switch self {
        case .firing: 0
        case .acknowledged: 1
        case .resolved: 2
        }
    }

    init?(code: Int64) {
        guard let status = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = status
    }
}

extension AlertSeverity {
    /// Stored: never renumbered.
    var code: Int64 {
        switch self {
        case .medium: 0
        case .high: 1
        case .critical: 2
        }
    }

    init?(code: Int64) {
        guard let severity = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = severity
    }
}
