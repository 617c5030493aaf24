import GRDBSQLite
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Writes units into the open transaction: log, live rows, lists, dead letters and counters.
///
/// Lives on the writer's thread. A fault leaves the transaction half done: whoever called rolls it back.
final class UnitWriter {
    let connection: OpaquePointer
    let statements: WriterStatements
    let alerts: AlertWriter
    var names: NameTable
    private var tally = Tally()
    private let groupWriter: GroupWriter
    private var groups = GroupTally()
    /// What the unit that is being written does to groups; counted once it is there.
    var groupChanges: [GroupTally.Change] = []
    private var counts: Counts
    private var atBegin: Counts

    /// What the next append, task and stream get.
    struct Counts {
        var position: Int64
        var task: Int64
        var stream: Int64
    }

    init(on connection: OpaquePointer) throws(SQLiteFault) {
        self.connection = connection
        statements = try WriterStatements(on: connection)
        alerts = try AlertWriter(on: connection)
        names = try NameTable(on: connection)
        groupWriter = try GroupWriter(on: connection)
        func number(_ sql: String) throws(SQLiteFault) -> Int64 {
            let statement = try PreparedStatement(sql, on: connection)
            defer { statement.finalize() }
            return try statement.firstInt() ?? 0
        }
        counts = Counts(
            position: try number("SELECT position + n FROM appends ORDER BY position DESC LIMIT 1"),
            task: try number("SELECT max(task_no) FROM tasks") + 1,
            stream: try number("SELECT min(stream_no) FROM streams") - 1)
        counts.position = max(1, counts.position)
        atBegin = counts
    }

    /// The position of the last recorded event.
    var position: Int64 { counts.position - 1 }

    func finalize() {
        statements.finalize()
        alerts.finalize()
        names.finalize()
        groupWriter.finalize()
    }

    // MARK: The transaction

    func begin() throws(SQLiteFault) {
        try statements.begin.run()
        atBegin = counts
        tally.removeAll()
        groups.removeAll()
    }

    /// Writes the counters and makes everything durable; an error of the commit itself is its own kind.
    func commit() throws(CommitFault) {
        do throws(SQLiteFault) { try writeTally() } catch { throw .before(error) }
        do throws(SQLiteFault) { try statements.commit.run() } catch {
            throw error.isFull ? .before(error) : .during(error)
        }
        names.committed()
    }

    /// Leaves the store as it was before `begin`.
    func rollback() throws(SQLiteFault) {
        counts = atBegin
        names.forget(to: 0)
        // SQLite may have rolled back by itself, as it does when the disk is full.
        if sqlite3_get_autocommit(connection) == 0 { try statements.rollback.run() }
    }

    enum CommitFault: Error {
        case before(SQLiteFault)
        /// Whether it is durable is not known.
        case during(SQLiteFault)
    }

    // MARK: Units

    /// Writes the unit, or refuses it and leaves nothing of it.
    func write(_ unit: AppendUnit) throws(SQLiteFault) -> Result<Receipt, StoreError> {
        let first = counts.position
        groupChanges.removeAll(keepingCapacity: true)
        var receipt = Receipt(numbers: [], positions: [], range: first..<first)
        if unit.tasks.count == 1, unit.records.isEmpty, unit.idempotency == nil {
            // One stream: its check goes first, so a refusal leaves nothing to undo. One copy of the append, too.
            let append = unit.tasks[0]
            if let refusal = try write(append, into: &receipt) { return .failure(refusal) }
            receipt.range = first..<counts.position
            try count(append, receipt.numbers[0].rawValue)
            groups.count(groupChanges)
            return .success(receipt)
        }
        let refusal = try undoing { () throws(SQLiteFault) in try writeParts(of: unit, into: &receipt) }
        if let refusal { return .failure(refusal) }
        receipt.range = first..<counts.position
        for (append, number) in zip(unit.tasks, receipt.numbers) { try count(append, number.rawValue) }
        groups.count(groupChanges)
        return .success(receipt)
    }

    /// Under a savepoint, to which it goes back if the body refuses.
    private func undoing(_ body: () throws(SQLiteFault) -> StoreError?) throws(SQLiteFault) -> StoreError? {
        let (countsBefore, namesBefore) = (counts, names.mark)
        try statements.savepoint.run()
        let refusal = try body()
        if refusal != nil {
            try statements.rollBackToSavepoint.run()
            counts = countsBefore
            names.forget(to: namesBefore)
        }
        try statements.release.run()
        return refusal
    }

    private func writeParts(of unit: AppendUnit, into receipt: inout Receipt) throws(SQLiteFault)
        -> StoreError?
    {
        if let answer = unit.idempotency, try !write(answer, at: unit.at) { return .idempotencyConflict }
        for append in unit.tasks {
            if let refusal = try write(append, into: &receipt) { return refusal }
        }
        for append in unit.records {
            if let refusal = try write(append) { return refusal }
        }
        return nil
    }

    // MARK: The log

    /// Appends to the log and gives the first event's position.
    func log(_ data: [UInt8], stream: Int64, seq: Int, count: Int, at time: Timestamp) throws(SQLiteFault)
        -> Int64
    {
        let position = counts.position
        let insert = statements.insertAppend
        insert.bind(1, position)
        insert.bind(2, stream)
        insert.bind(3, seq)
        insert.bind(4, count)
        insert.bind(5, time.milliseconds)
        try insert.run(binding: data, at: 6)
        counts.position += Int64(count)
        return position
    }

    func nextTask() -> Int64 { counts.task }
    func tookTask() { counts.task += 1 }
    func takeStream() -> Int64 {
        defer { counts.stream -= 1 }
        return counts.stream
    }

    // MARK: Counters

    private func count(_ append: TaskAppend, _ number: Int64) throws(SQLiteFault) {
        if append.number == nil { tally.created(number, at: append.after.createdAt) }
        let wasLive = append.before.map { !$0.status.isFinal } ?? false
        let before = wasLive ? append.before?.agentID : nil
        let after = append.live == nil ? nil : append.after.listedAgent
        if before != after {
            if let before { tally.agent(try names.number(.agent, before.rawValue), -1) }
            if let after { tally.agent(try names.number(.agent, after.rawValue), 1) }
        }
        if append.after.isCounted {
            tally.count(append, userNo: try names.number(.user, append.after.spec.userID.rawValue))
            try countAttempts(of: append)
            for count in append.remedyCounts {
                let (kind, name) = count.subject
                tally.count(count, subjectNo: try names.number(kind, name))
            }
        }
    }

    private func countAttempts(of append: TaskAppend) throws(SQLiteFault) {
        // While it runs nothing has ended, and before its first attempt nothing can.
        if let live = append.live, live.phase == .running { return }
        for index in append.events.indices {
            guard let end = append.after.attemptEnd(append.events[index]) else { continue }
            let agent = try names.number(.agent, end.agentID.rawValue)
            tally.count(end, agentNo: agent, minute: append.at.minute)
        }
    }

    private func writeTally() throws(SQLiteFault) {
        for (counter, value) in tally.counters {
            statements.upsertStat.bind(1, counter.subject)
            statements.upsertStat.bind(2, counter.minute)
            statements.upsertStat.bind(3, counter.kind)
            statements.upsertStat.bind(4, value)
            try statements.upsertStat.run()
        }
        for (hour, tasks) in tally.hours {
            statements.upsertHour.bind(1, hour)
            statements.upsertHour.bind(2, tasks.first)
            statements.upsertHour.bind(3, tasks.last)
            try statements.upsertHour.run()
        }
        for change in tally.money { try write(change) }
        try groupWriter.write(groups)
    }

    private func write(_ change: Tally.Money) throws(SQLiteFault) {
        statements.selectValue.bind(1, change.userNo)
        statements.selectValue.bind(2, change.currency)
        let old = try statements.selectValue.step() ? statements.selectValue.text(0) : "0"
        statements.selectValue.reset()
        let new = change.isAdded ? Decimal.sum(old, change.amount) : Decimal.difference(old, change.amount)
        let statement = Decimal.compare(new, "0") == 0 ? statements.deleteValue : statements.upsertValue
        statement.bind(1, change.userNo)
        statement.bind(2, change.currency)
        if Decimal.compare(new, "0") != 0 { statement.bind(3, new) }
        try statement.run()
    }
}
