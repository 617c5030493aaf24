import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Tasks, each the fold of its appends.
extension Snapshot {
    func task(_ id: TaskID) throws(ReadFault) -> StoredTask? {
        let select = try statement("SELECT task_no FROM tasks WHERE id = ?")
        select.bind(1, blob: (id.uuid.high, id.uuid.low))
        guard let number = try select.first({ TaskNumber($0.int(0)) }) else { return nil }
        return try TaskFolder(self).fold(number, id)
    }

    func task(_ number: TaskNumber) throws(ReadFault) -> StoredTask? { try TaskFolder(self).task(number) }

    /// The tasks with these numbers, in their order.
    func tasks(_ numbers: some Sequence<Int64>) throws(ReadFault) -> [StoredTask] {
        let folder = try TaskFolder(self)
        var tasks: [StoredTask] = []
        for number in numbers {
            guard let task = try folder.task(TaskNumber(number)) else {
                throw .unreadable("Task \(number) is listed but not there; run `kintsugi verify`.")
            }
            tasks.append(task)
        }
        return tasks
    }

    /// Also the states at which something happened, by `seq`: for dead letters.
    func states(_ number: TaskNumber, at seq: Int) throws(ReadFault) -> (then: TaskState, now: StoredTask)? {
        guard let now = try task(number) else { return nil }
        let before = try timeline(number, after: 0, limit: seq)
        guard let then = TaskState(id: now.state.id, folding: before.lazy.map { ($0.event, $0.at) }) else {
            return nil
        }
        return (then, now)
    }

    // MARK: Events

    /// Starts with the append that holds the next event: the last one whose first `seq` is not above it.
    func timeline(_ number: TaskNumber, after seq: Int, limit: Int) throws(ReadFault) -> [RecordedEvent] {
        let select = try statement(Self.timelineSQL)
        select.bind(1, number.rawValue)
        select.bind(2, try firstSeq(number, holding: seq + 1))
        var events: [RecordedEvent] = []
        while try select.next() {
            let (first, position, at) = (
                Int(select.int(0)), select.int(1), Timestamp(milliseconds: select.int(2))
            )
            let decoded: [TaskEvent]
            do throws(EventDecodingError) { decoded = try EventCodec.decode(select.bytes(3)) } catch {
                select.reset()
                throw .unreadable("Append \(position) of task number \(number.rawValue): \(error)")
            }
            for (index, event) in decoded.enumerated() where first + index > seq {
                events.append(
                    RecordedEvent(seq: first + index, position: position + Int64(index), at: at, event: event)
                )
                guard events.count < limit else {
                    select.reset()
                    return events
                }
            }
        }
        return events
    }

    static let timelineSQL = """
        SELECT seq, position, at, data FROM appends WHERE stream_no = ? AND seq >= ? ORDER BY seq
        """
    static let firstSeqSQL =
        "SELECT seq FROM appends WHERE stream_no = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"

    private func firstSeq(_ number: TaskNumber, holding seq: Int) throws(ReadFault) -> Int64 {
        guard seq > 1 else { return 1 }
        let select = try statement(Self.firstSeqSQL)
        select.bind(1, number.rawValue)
        select.bind(2, seq)
        return try select.first { $0.int(0) } ?? 1
    }
}

/// Folds appends to tasks, with statements looked up once for many: the scheduler reads windows of a thousand.
private struct TaskFolder {
    private let selectID: PreparedStatement
    private let selectAppends: PreparedStatement

    init(_ snapshot: Snapshot) throws(ReadFault) {
        selectID = try snapshot.statement("SELECT id FROM tasks WHERE task_no = ?")
        selectAppends = try snapshot.statement(
            "SELECT position, at, data FROM appends WHERE stream_no = ? ORDER BY seq")
    }

    func task(_ number: TaskNumber) throws(ReadFault) -> StoredTask? {
        selectID.bind(1, number.rawValue)
        guard let halves = try selectID.first({ $0.halves(0) }) else { return nil }
        return try fold(number, TaskID(UUID7(high: halves.0, low: halves.1)))
    }

    func fold(_ number: TaskNumber, _ id: TaskID) throws(ReadFault) -> StoredTask {
        selectAppends.bind(1, number.rawValue)
        var state: TaskState?
        while try selectAppends.next() {
            let at = Timestamp(milliseconds: selectAppends.int(1))
            let events: [TaskEvent]
            do throws(EventDecodingError) { events = try EventCodec.decode(selectAppends.bytes(2)) } catch {
                let position = selectAppends.int(0)
                selectAppends.reset()
                throw .unreadable("Append \(position) of task \(id): \(error)")
            }
            for event in events {
                if state != nil {
                    state?.evolve(event, at: at)
                } else if case .taskCreated(let spec) = event {
                    state = TaskState(id: id, spec: spec, at: at)
                } else {
                    selectAppends.reset()
                    throw .unreadable("Task \(id) does not begin with its creation; run `kintsugi verify`.")
                }
            }
        }
        guard let state else { throw .unreadable("Task \(id) has no events; run `kintsugi verify`.") }
        return StoredTask(number: number, state: state)
    }
}
