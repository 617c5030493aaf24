import KintsugiCore
import KintsugiVocabulary

/// The log and the live rows as plain values; refuses a unit before it changes anything.
struct MemoryLog {
    struct Task {
        var number: TaskNumber
        var state: TaskState
        var events: [RecordedEvent]
        var live: LiveRow?

        var stored: StoredTask { StoredTask(number: number, state: state) }
    }

    struct Span {
        var position: Int64
        var task: TaskNumber?
        /// Of its first event.
        var seq: Int
        var count: Int
    }

    struct RecordName: Hashable {
        var kind: RecordKind
        var key: String
    }

    struct Record {
        var version: Int
        var document: JSONText?
        var createdAt: Timestamp
        var updatedAt: Timestamp
    }

    struct IdempotencyName: Hashable {
        var caller: String
        var operation: String
        var key: String
    }

    private(set) var position: Int64 = 0
    /// Every append in position order; no task: of a record.
    private(set) var spans: [Span] = []
    /// By number, from 1.
    private(set) var tasks: [Task] = []
    private var numbers: [TaskID: TaskNumber] = [:]
    /// Unfinished tasks, so that the scheduler's questions do not look through history.
    private(set) var live: Set<TaskNumber> = []
    private(set) var records: [RecordName: Record] = [:]
    private(set) var changes: [RecordChange] = []
    private(set) var answers: [IdempotencyName: IdempotencyRecord] = [:]
    private(set) var deadLetters: [DeadLetter] = []
    private(set) var alerts = AlertFold()

    subscript(number: TaskNumber) -> Task? {
        let index = number.rawValue &- 1
        return index >= 0 && index < tasks.count ? tasks[Int(index)] : nil
    }

    func task(_ id: TaskID) -> StoredTask? { numbers[id].flatMap { self[$0]?.stored } }

    // MARK: Recording

    mutating func record(_ unit: AppendUnit) throws(StoreError) -> Receipt {
        try check(unit)
        let first = position + 1
        var receipt = Receipt(numbers: [], positions: [], range: first..<first)
        for append in unit.tasks {
            receipt.positions.append(position + 1)
            receipt.numbers.append(record(append))
        }
        for append in unit.records { record(append) }
        if let answer = unit.idempotency {
            answers[IdempotencyName(caller: answer.caller, operation: answer.operation, key: answer.key)] =
                answer
        }
        receipt.range = first..<(position + 1)
        return receipt
    }

    private func check(_ unit: AppendUnit) throws(StoreError) {
        if let answer = unit.idempotency {
            let name = IdempotencyName(caller: answer.caller, operation: answer.operation, key: answer.key)
            if let old = answers[name], unit.at.map({ old.expiresAt > $0 }) ?? true {
                throw .idempotencyConflict
            }
        }
        var made: Set<TaskID> = []
        var versions: [TaskNumber: Int] = [:]
        for append in unit.tasks {
            guard !append.events.isEmpty else { throw .broken("An append of no events.") }
            if let number = append.number {
                guard let version = versions[number] ?? self[number]?.state.version,
                    version == append.expectedVersion
                else { throw .versionConflict }
                versions[number] = version + append.events.count
            } else if numbers[append.after.id] != nil || !made.insert(append.after.id).inserted {
                throw .duplicate
            }
        }
        var known = records
        for append in unit.records {
            let name = RecordName(kind: append.kind, key: append.key)
            let old = known[name]
            try check(append, against: old)
            known[name] = append.applied(to: old)
        }
    }

    private func check(_ append: RecordAppend, against old: Record?) throws(StoreError) {
        guard let expected = append.expectedVersion else { return }
        if expected == 0 {
            if old?.document != nil { throw .duplicate }
        } else if old?.version != expected {
            throw .versionConflict
        }
    }

    private mutating func record(_ append: TaskAppend) -> TaskNumber {
        let number = append.number ?? TaskNumber(Int64(tasks.count + 1))
        var events: [RecordedEvent] = []
        for (index, event) in append.events.enumerated() {
            let seq = append.expectedVersion + index + 1
            events.append(
                RecordedEvent(seq: seq, position: position + Int64(index) + 1, at: append.at, event: event))
        }
        spans.append(
            Span(position: position + 1, task: number, seq: append.expectedVersion + 1, count: events.count))
        position += Int64(events.count)
        if append.number == nil {
            tasks.append(Task(number: number, state: append.after, events: events, live: append.live))
            numbers[append.after.id] = number
        } else {
            let index = Int(number.rawValue) - 1
            tasks[index].state = append.after
            tasks[index].events += events
            tasks[index].live = append.live
        }
        if append.live == nil { live.remove(number) } else { live.insert(number) }
        for event in events {
            recordDeadLetter(event, of: number)
            if let happening = AlertHappening(event, of: number, append.after) { alerts.take(happening) }
        }
        return number
    }

    private mutating func record(_ append: RecordAppend) {
        position += 1
        spans.append(Span(position: position, task: nil, seq: 0, count: 1))
        let name = RecordName(kind: append.kind, key: append.key)
        let record = append.applied(to: records[name])
        records[name] = record
        if let happening = AlertHappening(append, position: position) { alerts.take(happening) }
        changes.append(
            RecordChange(
                position: position, at: append.at, kind: append.kind, key: append.key,
                version: record.version, event: append.event, data: append.data))
    }

    mutating func promote(_ number: TaskNumber, version: Int, at now: Timestamp) {
        guard let task = self[number], task.state.version == version, var row = task.live,
            row.phase == .delayed,
            row.readyAt <= now
        else { return }
        row.phase = .ready
        row.nextAt = task.state.deadline
        tasks[Int(number.rawValue) - 1].live = row
    }

    // MARK: Dead letters

    private mutating func recordDeadLetter(_ recorded: RecordedEvent, of number: TaskNumber) {
        switch recorded.event {
        case .movedToDLQ(let id, let reason):
            guard let task = self[number], let then = task.state(at: recorded.seq) else { return }
            deadLetters.append(
                DeadLetter(
                    id: id, number: Int64(deadLetters.count + 1),
                    task: StoredTask(number: number, state: then), status: .pending,
                    reason: reason,
                    agentID: then.listedAgent,
                    failure: reason == .cancelled ? nil : then.lastFailure?.failure,
                    attempts: then.attempts, failedAt: recorded.at))
        case .taskRequeued(let requeue):
            close(requeue.failedTaskID, .retried, at: recorded.at, by: requeue.actor, note: requeue.reason)
        case .deadLetterResolved(let id, let note, let actor):
            close(id, .resolved, at: recorded.at, by: actor, note: note)
        case .deadLetterDiscarded(let id, let note, let actor):
            close(id, .discarded, at: recorded.at, by: actor, note: note)
        default: break
        }
    }

    private mutating func close(
        _ id: DeadLetterID, _ status: DeadLetterStatus, at now: Timestamp, by actor: String, note: String?
    ) {
        guard let index = deadLetters.firstIndex(where: { $0.id == id }) else { return }
        deadLetters[index].status = status
        deadLetters[index].closedAt = now
        deadLetters[index].closedBy = actor
        deadLetters[index].note = note
    }
}

extension MemoryLog.Task {
    /// The state as it was right after this event.
    func state(at seq: Int) -> TaskState? {
        TaskState(id: state.id, folding: events.prefix { $0.seq <= seq }.map { ($0.event, $0.at) })
    }
}

extension RecordAppend {
    fileprivate func applied(to old: MemoryLog.Record?) -> MemoryLog.Record {
        MemoryLog.Record(
            version: (old?.version ?? 0) + 1, document: document,
            createdAt: old?.document == nil ? at : old?.createdAt ?? at, updatedAt: at)
    }
}
