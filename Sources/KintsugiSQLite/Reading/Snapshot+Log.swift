import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The log in position order.
extension Snapshot {
    /// With what a reader must know of the append's task; a record has none.
    static let logSQL = """
        SELECT a.position, a.n, a.stream_no, a.seq, a.at, t.id, u.text, a.data
        FROM appends a LEFT JOIN tasks t ON t.task_no = a.stream_no LEFT JOIN names u ON u.no = t.user_no
        WHERE a.position >= ? ORDER BY a.position LIMIT ?
        """
    /// A stream's order is the log's, so its index gives it without sorting.
    static let logOfTaskSQL = """
        SELECT a.position, a.n, a.stream_no, a.seq, a.at, t.id, u.text, a.data
        FROM appends a LEFT JOIN tasks t ON t.task_no = a.stream_no LEFT JOIN names u ON u.no = t.user_no
        WHERE a.stream_no = ? AND a.position >= ? ORDER BY a.seq LIMIT ?
        """
    /// The append that holds a position.
    static let holdingSQL =
        "SELECT position, n FROM appends WHERE position <= ? ORDER BY position DESC LIMIT 1"

    /// Bytes of events after which a read ends.
    static let logBytes = 1 << 20

    func log(after: Int64, limit: Int, of filter: LogFilter) throws(ReadFault) -> LogSlice {
        let holding = try statement(Self.holdingSQL)
        holding.bind(1, Int64.max)
        let end = try holding.first { $0.int(0) + $0.int(1) - 1 } ?? 0
        guard after < end else { return LogSlice(appends: [], through: max(after, 0), more: false) }
        holding.bind(1, max(after, 0) + 1)
        let from = try holding.first { $0.int(0) } ?? 1
        return filter.isOfTasksOnly
            ? try streams(from, limit, filter.tasks, end) : try walk(from, limit, filter, end)
    }

    /// Looks at every append, and sees to it that none is missing.
    private func walk(_ from: Int64, _ limit: Int, _ filter: LogFilter, _ end: Int64) throws(ReadFault)
        -> LogSlice
    {
        let select = try statement(Self.logSQL)
        select.bind(1, from)
        select.bind(2, LogSlice.span)
        var (appends, next, bytes): ([LogAppend], Int64, Int) = ([], from, 0)
        while try select.next() {
            guard appends.count < limit, bytes < Self.logBytes else {
                select.reset()
                break
            }
            let (position, count) = (select.int(0), select.int(1))
            guard position == next else {
                select.reset()
                throw .unreadable("The log has a gap before position \(position); run `kintsugi verify`.")
            }
            next = position + count
            let number = TaskNumber(select.int(2))
            guard number.rawValue > 0,
                filter.everything || filter.tasks.contains(number)
                    || filter.users.contains(UserID(select.text(6)))
            else { continue }
            appends.append(try append(select))
            bytes += select.count(7)
        }
        return LogSlice(appends: appends, through: next - 1, more: next <= end)
    }

    /// Looks only at these streams: to the end of the log, or as far as the one that had too much was read.
    private func streams(_ from: Int64, _ limit: Int, _ tasks: Set<TaskNumber>, _ end: Int64)
        throws(ReadFault) -> LogSlice
    {
        let select = try statement(Self.logOfTaskSQL)
        var appends: [LogAppend] = []
        var through = end
        for number in tasks {
            select.bind(1, number.rawValue)
            select.bind(2, from)
            select.bind(3, limit)
            var (count, bytes): (Int, Int) = (0, 0)
            while try select.next() {
                let append = try append(select)
                appends.append(append)
                count += 1
                bytes += select.count(7)
                guard count < limit, bytes < Self.logBytes else {
                    select.reset()
                    through = min(through, append.last)
                    break
                }
            }
        }
        appends.sort { $0.position < $1.position }
        appends.removeAll { $0.last > through }
        if appends.count > limit {
            appends.removeSubrange(limit...)
            through = appends.last?.last ?? through
        }
        return LogSlice(appends: appends, through: through, more: through < end)
    }

    private func append(_ row: PreparedStatement) throws(ReadFault) -> LogAppend {
        let (position, seq, at) = (row.int(0), Int(row.int(3)), Timestamp(milliseconds: row.int(4)))
        let (number, id) = (TaskNumber(row.int(2)), row.halves(5))
        let events: [TaskEvent]
        do throws(EventDecodingError) { events = try EventCodec.decode(row.bytes(7)) } catch {
            row.reset()
            throw .unreadable("Append \(position) of task number \(number.rawValue): \(error)")
        }
        return LogAppend(
            number: number, id: TaskID(UUID7(high: id.0, low: id.1)), user: UserID(row.text(6)),
            events: events.enumerated().map { index, event in
                RecordedEvent(seq: seq + index, position: position + Int64(index), at: at, event: event)
            })
    }
}
