import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Replays the log and compares every projection with what it should be.
struct Verification {
    let snapshot: Snapshot
    private(set) var report = VerificationReport()
    private var expected = Expected()
    var expectedGroups = GroupTally()
    private var names: [Int64: (kind: NameKind, text: String)] = [:]
    private var numbers: [NameKind: [String: Int64]] = [:]
    /// What happened to alerts, task by task.
    private var happenings: [AlertHappening] = []

    init(_ snapshot: Snapshot) { self.snapshot = snapshot }

    mutating func run() throws(ReadFault) -> VerificationReport {
        try readNames()
        try checkPositions()
        try checkTasks()
        try checkLeftovers()
        try checkStreams()
        try checkStats()
        try checkMoney()
        try checkGroups()
        try checkAlerts(happenings)
        return report
    }

    /// What every counter should be.
    mutating func counters() throws(ReadFault) -> [Tally.Counter: Int64] {
        try readNames()
        try eachTask { verification, row, replay in
            verification.expect(row, replay)
        }
        return expected.stats
    }

    mutating func found(_ problem: String) { report.found(problem) }

    private mutating func readNames() throws(ReadFault) {
        let select = try snapshot.statement("SELECT no, kind, text FROM names")
        while try select.next() {
            guard let kind = NameKind(rawValue: select.int(1)) else { continue }
            names[select.int(0)] = (kind, select.text(2))
            if Self.subjects.contains(kind) { numbers[kind, default: [:]][select.text(2)] = select.int(0) }
        }
    }

    /// Words that counters stand under, besides users.
    private static let subjects: Set<NameKind> = [.agent, .remedy, .chain]

    private mutating func expect(_ row: TaskRow, _ replay: Replay) {
        let numbers = numbers
        expected.add(replay, row) { kind, name in numbers[kind]?[name] ?? 0 }
    }

    /// The word behind a number, if it is of this kind.
    func name(_ number: Int64?, _ kind: NameKind) -> String? {
        guard let number, let name = names[number], name.kind == kind else { return nil }
        return name.text
    }

    func target(_ number: Int64) -> Lane.Target? {
        names[number].flatMap { Lane.Target(kind: $0.kind, text: $0.text) }
    }

    // MARK: The log

    /// Positions have no gap and no overlap.
    private mutating func checkPositions() throws(ReadFault) {
        let select = try snapshot.statement("SELECT position, n, stream_no FROM appends ORDER BY position")
        var next: Int64 = 1
        while try select.next() {
            let (position, count) = (select.int(0), select.int(1))
            if position != next { found("Position \(position) follows where \(next) should.") }
            next = position + count
            report.events += Int(count)
        }
    }

    /// A stream's appends follow each other; gives its events, or says what is wrong.
    private mutating func events(_ stream: Int64) throws(ReadFault) -> [RecordedEvent] {
        let select = try snapshot.statement(
            "SELECT seq, position, at, data, n FROM appends WHERE stream_no = ? ORDER BY seq")
        select.bind(1, stream)
        var events: [RecordedEvent] = []
        while try select.next() {
            let (seq, position) = (Int(select.int(0)), select.int(1))
            if seq != events.count + 1 { found("Task number \(stream): seq \(seq) follows \(events.count).") }
            do throws(EventDecodingError) {
                let decoded = try EventCodec.decode(select.bytes(3))
                if decoded.count != Int(select.int(4)) {
                    found("Append \(position) does not hold what it says.")
                }
                for (index, event) in decoded.enumerated() {
                    events.append(
                        RecordedEvent(
                            seq: seq + index, position: position + Int64(index),
                            at: Timestamp(milliseconds: select.int(2)), event: event))
                }
            } catch { found("Append \(position) cannot be read: \(error)") }
        }
        return events
    }

    // MARK: Tasks

    private mutating func checkTasks() throws(ReadFault) {
        try eachTask { verification, row, replay throws(ReadFault) in
            verification.check(row, replay.state)
            try verification.checkLive(row, replay.state)
            try verification.checkSearch(row, replay.state)
            try verification.checkDeadLetters(row, replay)
            try verification.checkCauses(row, replay)
            verification.expect(row, replay)
            verification.happenings += replay.alertHappenings(of: TaskNumber(row.number))
        }
    }

    mutating func eachTask(
        _ body: (inout Verification, TaskRow, Replay) throws(ReadFault) -> Void
    ) throws(ReadFault) {
        let select = try snapshot.statement(
            """
            SELECT task_no, id, user_no, type_no, agent_no, created_at, finished_at, status, version, error_type
            FROM tasks ORDER BY task_no
            """)
        while try select.next() {
            let row = TaskRow(select)
            report.tasks += 1
            let events = try events(row.number)
            guard let replay = Replay(row.id, events) else {
                found("Task \(row.id) does not begin with its creation.")
                continue
            }
            try body(&self, row, replay)
        }
    }

    private mutating func check(_ row: TaskRow, _ state: TaskState) {
        func same(_ what: String, _ isSame: Bool) {
            if !isSame { found("Task \(row.id): \(what) is not as its events say.") }
        }
        same("the user", name(row.user, .user) == state.spec.userID.rawValue)
        same("the type", name(row.type, .type) == state.spec.type)
        same("the agent", name(row.agent, .agent) == state.listedAgent?.rawValue)
        same("the time of creation", row.createdAt == state.createdAt)
        same("the error type", name(row.errorType, .errorType) == state.listedError?.rawValue)
        if state.status.isFinal {
            same("the status", row.status == Int64(state.status.code))
            same("the end", row.finishedAt == state.finishedAt)
            same("the version", row.version == state.version)
        } else {
            same("the status", row.status == TaskStatus.unfinished)
        }
    }

    private mutating func checkLive(_ row: TaskRow, _ state: TaskState) throws(ReadFault) {
        let select = try snapshot.statement(
            """
            SELECT version, phase, lane_no, priority, ready_at, next_at, deadline_at, user_no FROM live
            WHERE task_no = ?
            """)
        select.bind(1, row.number)
        let live = try select.first(LiveColumns.init)
        let wanted = LiveRow(state, at: state.updatedAt)
        guard let live, let wanted else {
            if live == nil, wanted != nil {
                found("Task \(row.id) has not ended but is not among the live ones.")
            }
            if live != nil, wanted == nil { found("Task \(row.id) has ended but is among the live ones.") }
            return
        }
        var isSame = live.version == state.version && live.user == row.user
        // A delayed task may have been made ready since.
        let wasPromoted = wanted.phase == .delayed && live.phase == Int64(LiveRow.Phase.ready.rawValue)
        isSame = isSame && (wasPromoted || live.phase == Int64(wanted.phase.rawValue))
        isSame = isSame && live.nextAt == (wasPromoted ? state.deadline : wanted.nextAt)?.milliseconds
        if [.ready, .held, .delayed].contains(wanted.phase) {
            isSame =
                isSame && target(live.lane) == wanted.lane.target && live.priority == Int64(wanted.priority)
                && live.readyAt == wanted.readyAt.milliseconds
        }
        if wanted.phase == .delayed { isSame = isSame && live.deadline == state.deadline?.milliseconds }
        if !isSame { found("Task \(row.id): its live row is not as its events say.") }
    }

    private mutating func checkSearch(_ row: TaskRow, _ state: TaskState) throws(ReadFault) {
        let pairs = try snapshot.statement(
            "SELECT 1 FROM metadata WHERE key = ? AND value = ? AND task_no = ?")
        for pair in state.spec.metadata {
            pairs.bind(1, pair.key)
            pairs.bind(2, pair.value)
            pairs.bind(3, row.number)
            if try pairs.first({ _ in true }) == nil {
                found("Task \(row.id) is not found by its metadata \(pair.key).")
            }
        }
        expected.metadata += Set(state.spec.metadata).count
        guard let reference = state.spec.payment?.reference else { return }
        expected.references += 1
        let references = try snapshot.statement(
            "SELECT 1 FROM payment_references WHERE reference = ? AND task_no = ?")
        references.bind(1, reference)
        references.bind(2, row.number)
        if try references.first({ _ in true }) == nil {
            found("Task \(row.id) is not found by its payment's reference.")
        }
    }

    // MARK: Dead letters

    private mutating func checkDeadLetters(_ row: TaskRow, _ replay: Replay) throws(ReadFault) {
        let select = try snapshot.statement(
            """
            SELECT seq, user_no, agent_no, status, reason, error_type, failed_at, closed_at, closed_by, task_no
            FROM dead_letters WHERE id = ?
            """)
        for entry in replay.deadLetters {
            select.bind(1, blob: (entry.id.uuid.high, entry.id.uuid.low))
            guard try select.next() else {
                found("Dead letter \(entry.id) of task \(row.id) is missing.")
                continue
            }
            let isSame =
                select.int(0) == Int64(entry.seq) && select.int(1) == row.user
                && name(select.optionalInt(2), .agent) == entry.agent?.rawValue
                && select.int(3) == entry.status.code
                && select.text(4) == entry.reason.rawValue
                && name(select.optionalInt(5), .errorType) == entry.errorType?.rawValue
                && select.int(6) == entry.failedAt.milliseconds
                && select.optionalInt(7) == entry.closedAt?.milliseconds
                && select.optionalText(8) == entry.closedBy && select.int(9) == row.number
            select.reset()
            if !isSame { found("Dead letter \(entry.id) of task \(row.id) is not as the events say.") }
        }
    }

    // MARK: What is there but should not be

    private mutating func checkLeftovers() throws(ReadFault) {
        for (table, count) in [
            ("live", expected.live), ("dead_letters", expected.deadLetters), ("metadata", expected.metadata),
            ("payment_references", expected.references),
        ] {
            let actual = try snapshot.statement("SELECT count(*) FROM \(table)").first { Int($0.int(0)) } ?? 0
            if actual != count { found("\(table) has \(actual) rows where the events make \(count).") }
        }
        let strays = try snapshot.statement(
            """
            SELECT count(*) FROM appends WHERE stream_no > 0 AND stream_no NOT IN (SELECT task_no FROM tasks)
            OR stream_no < 0 AND stream_no NOT IN (SELECT stream_no FROM streams)
            """)
        let count = try strays.first { $0.int(0) } ?? 0
        if count > 0 { found("\(count) appends belong to no stream.") }
    }

    private mutating func checkStreams() throws(ReadFault) {
        let select = try snapshot.statement(
            """
            SELECT s.kind, s.key, s.version, (SELECT count(*) FROM appends a WHERE a.stream_no = s.stream_no),
                (SELECT max(seq) FROM appends a WHERE a.stream_no = s.stream_no) FROM streams s
            """)
        while try select.next() {
            if select.int(2) == select.int(3), select.int(2) == select.int(4) { continue }
            found("Record \(select.text(0)) \(select.text(1)): its version is not its last event's seq.")
        }
    }

    // MARK: Counters

    private mutating func checkStats() throws(ReadFault) {
        var rest = expected.stats.filter { $0.value != 0 }
        let select = try snapshot.statement(
            "SELECT subject_no, minute, kind, value FROM stats WHERE value <> 0")
        while try select.next() {
            let counter = Tally.Counter(
                subject: select.int(0), minute: select.int(1), kind: Int(select.int(2)))
            let wanted = rest.removeValue(forKey: counter) ?? 0
            if wanted != select.int(3) {
                found("Counter \(counter) is \(select.int(3)) where the events make \(wanted).")
            }
        }
        for (counter, value) in rest { found("Counter \(counter) is 0 where the events make \(value).") }
    }

    private mutating func checkMoney() throws(ReadFault) {
        var rest = expected.money
        let select = try snapshot.statement("SELECT user_no, currency, amount FROM dead_letter_value")
        while try select.next() {
            let key = Expected.MoneyKey(user: select.int(0), currency: select.text(1))
            let wanted = rest.removeValue(forKey: key) ?? "0"
            if Decimal.compare(wanted, select.text(2)) != 0 {
                found(
                    "Dead letters' value \(key.currency) of user \(key.user) is \(select.text(2)), not \(wanted)."
                )
            }
        }
        for (key, amount) in rest where Decimal.compare(amount, "0") != 0 {
            found("Dead letters' value \(key.currency) of user \(key.user) is missing: \(amount).")
        }
    }
}
