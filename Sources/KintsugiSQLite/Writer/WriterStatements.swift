/// The writer's kept statements, in the order in which a task meets them.
struct WriterStatements {
    let begin, commit, rollback, savepoint, release, rollBackToSavepoint: PreparedStatement
    let insertAppend: PreparedStatement
    let insertTask, insertLive, insertMetadata, insertReference: PreparedStatement
    let startLive, updateLive, deleteLive, promoteLive: PreparedStatement
    let endTask, setError, setAgent, touchTask, reviveTask: PreparedStatement
    let insertDeadLetter, selectDeadLetter, closeDeadLetter: PreparedStatement
    let upsertStat, upsertHour, selectValue, upsertValue, deleteValue: PreparedStatement
    let selectStream, insertStream, updateStream: PreparedStatement
    let selectAnswer, deleteAnswer, insertAnswer, purgeAnswers: PreparedStatement

    private let all: [PreparedStatement]

    init(on connection: OpaquePointer) throws(SQLiteFault) {
        var all: [PreparedStatement] = []
        func prepare(_ sql: String) throws(SQLiteFault) -> PreparedStatement {
            let statement = try PreparedStatement(sql, on: connection)
            all.append(statement)
            return statement
        }
        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")
        savepoint = try prepare("SAVEPOINT unit")
        release = try prepare("RELEASE unit")
        rollBackToSavepoint = try prepare("ROLLBACK TO unit")
        insertAppend = try prepare(SQL.insertAppend)
        insertTask = try prepare(SQL.insertTask)
        insertLive = try prepare(SQL.insertLive)
        insertMetadata = try prepare("INSERT OR IGNORE INTO metadata(key, value, task_no) VALUES (?, ?, ?)")
        insertReference = try prepare(
            "INSERT OR IGNORE INTO payment_references(reference, task_no) VALUES (?, ?)")
        startLive = try prepare(SQL.startLive)
        updateLive = try prepare(SQL.updateLive)
        deleteLive = try prepare("DELETE FROM live WHERE task_no = ? AND version = ?")
        promoteLive = try prepare(SQL.promoteLive)
        endTask = try prepare("UPDATE tasks SET status = ?, finished_at = ?, version = ? WHERE task_no = ?")
        setError = try prepare("UPDATE tasks SET error_type = ? WHERE task_no = ?")
        setAgent = try prepare("UPDATE tasks SET agent_no = ? WHERE task_no = ?")
        touchTask = try prepare(
            "UPDATE tasks SET version = ? WHERE task_no = ? AND version = ? AND status > 2")
        reviveTask = try prepare(SQL.reviveTask)
        insertDeadLetter = try prepare(SQL.insertDeadLetter)
        selectDeadLetter = try prepare(SQL.selectDeadLetter)
        closeDeadLetter = try prepare(SQL.closeDeadLetter)
        upsertStat = try prepare(SQL.upsertStat)
        upsertHour = try prepare(SQL.upsertHour)
        selectValue = try prepare("SELECT amount FROM dead_letter_value WHERE user_no = ? AND currency = ?")
        upsertValue = try prepare(
            "INSERT OR REPLACE INTO dead_letter_value(user_no, currency, amount) VALUES (?, ?, ?)")
        deleteValue = try prepare("DELETE FROM dead_letter_value WHERE user_no = ? AND currency = ?")
        selectStream = try prepare(
            "SELECT stream_no, version, document IS NOT NULL FROM streams WHERE kind = ? AND key = ?")
        insertStream = try prepare(SQL.insertStream)
        updateStream = try prepare(SQL.updateStream)
        selectAnswer = try prepare(
            "SELECT no, expires_at FROM idempotency WHERE caller = ? AND operation = ? AND key = ?")
        deleteAnswer = try prepare("DELETE FROM idempotency WHERE no = ?")
        insertAnswer = try prepare(SQL.insertAnswer)
        purgeAnswers = try prepare(SQL.purgeAnswers)
        self.all = all
    }

    func finalize() { for statement in all { statement.finalize() } }
}

/// The longer ones.
private enum SQL {
    static let insertAppend =
        "INSERT INTO appends(position, stream_no, seq, n, at, data) VALUES (?, ?, ?, ?, ?, ?)"
    static let insertTask = """
        INSERT INTO tasks(task_no, id, user_no, type_no, agent_no, created_at, finished_at, status, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """
    static let insertLive = """
        INSERT INTO live(lane_no, priority, ready_at, next_at, deadline_at, phase, version, task_no, user_no)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    /// Lane, priority and readiness do not matter while a task runs and stay as they were.
    static let startLive =
        "UPDATE live SET next_at = ?, phase = 3, version = ? WHERE task_no = ? AND version = ?"
    static let updateLive = """
        UPDATE live SET lane_no = ?, priority = ?, ready_at = ?, next_at = ?, deadline_at = ?, phase = ?,
        version = ? WHERE task_no = ? AND version = ?
        """
    static let promoteLive = """
        UPDATE live SET phase = 0, next_at = deadline_at
        WHERE task_no = ? AND version = ? AND phase = 2 AND ready_at <= ?
        """
    static let reviveTask = """
        UPDATE tasks SET status = 2, error_type = NULL, version = ? WHERE task_no = ? AND version = ? AND status > 2
        """
    static let insertDeadLetter = """
        INSERT INTO dead_letters(id, task_no, seq, user_no, type_no, agent_no, status, reason, error_type, amount,
        currency, failed_at, cause_no) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?)
        """
    static let selectDeadLetter = """
        SELECT d.status, d.cause_no, n.text FROM dead_letters d LEFT JOIN names n ON n.no = d.agent_no WHERE d.id = ?
        """
    static let closeDeadLetter =
        "UPDATE dead_letters SET status = ?, closed_at = ?, closed_by = ?, note = ? WHERE id = ?"
    static let upsertStat = """
        INSERT INTO stats(subject_no, minute, kind, value) VALUES (?, ?, ?, ?)
        ON CONFLICT (subject_no, minute, kind) DO UPDATE SET value = value + excluded.value
        """
    static let upsertHour = """
        INSERT INTO hours(hour, first_no, last_no) VALUES (?, ?, ?) ON CONFLICT (hour) DO UPDATE
        SET first_no = min(first_no, excluded.first_no), last_no = max(last_no, excluded.last_no)
        """
    static let insertStream = """
        INSERT INTO streams(stream_no, kind, key, version, document, created_at, updated_at)
        VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5)
        """
    static let updateStream = """
        UPDATE streams SET version = ?1, created_at = iif(document IS NULL, ?3, created_at), document = ?2,
        updated_at = ?3 WHERE stream_no = ?4
        """
    static let insertAnswer = """
        INSERT INTO idempotency(caller, operation, key, fingerprint, status, headers, body, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    /// Each new answer takes the two oldest with it if their time is over, so that they never pile up.
    static let purgeAnswers = """
        DELETE FROM idempotency WHERE no IN (SELECT no FROM idempotency ORDER BY no LIMIT 2) AND expires_at <= ?
        """
}
