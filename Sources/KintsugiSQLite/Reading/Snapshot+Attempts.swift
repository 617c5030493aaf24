import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Attempts, read backwards from a task's last append: what is new stands near the end, and progress reports,
/// of which there can be thousands, are stepped over without being read.
extension Snapshot {
    /// Appends looked at for one page of tasks with their attempts. The last task is always read to its end.
    static let maxStoryAppends = 20_000

    static let backwardsSQL = """
        SELECT seq, position, at, n = 1 AND substr(data, 1, 5) = '[[\(EventType.taskProgress.code),', data
        FROM appends
        WHERE stream_no = ? AND seq <= ? ORDER BY seq DESC
        """

    func attemptStories(of tasks: [StoredTask], attempts: Int) throws(ReadFault) -> [[RecordedEvent]] {
        var stories: [[RecordedEvent]] = []
        var examined = 0
        for task in tasks {
            guard examined < Self.maxStoryAppends else { break }
            var story = AttemptStory(attempts: task.state.attempts == 0 ? 0 : attempts)
            if !story.isComplete {
                examined += try backwards(task.number.rawValue, from: task.state.version) { event in
                    story.take(event)
                    return !story.isComplete
                }
            }
            stories.append(story.events)
        }
        return stories
    }

    /// Attempts begun by this task, and how many appends were looked at to find out.
    func attemptsBegun(_ number: Int64) throws(ReadFault) -> (attempts: Int, examined: Int) {
        var attempts = 0
        let examined = try backwards(number, from: .max) { event in
            if case .attemptStarted(let start) = event.event { attempts = start.number }
            return attempts == 0
        }
        return (attempts, examined)
    }

    static let creationSQL = "SELECT position, data FROM appends WHERE stream_no = ? AND seq = 1"

    /// What a task was asked to be.
    func spec(_ number: Int64) throws(ReadFault) -> TaskSpec? {
        let select = try statement(Self.creationSQL)
        select.bind(1, number)
        guard let row = try select.first({ (position: $0.int(0), data: $0.bytes(1)) }) else { return nil }
        guard case .taskCreated(let spec)? = try decoded(row.data, row.position, number).first else {
            return nil
        }
        return spec
    }

    /// Hands over a task's events, newest first and without progress reports that stand alone, until `body` says
    /// false. Gives the number of appends it came by.
    private func backwards(_ number: Int64, from version: Int, _ body: (RecordedEvent) -> Bool)
        throws(ReadFault) -> Int
    {
        let select = try statement(Self.backwardsSQL)
        select.bind(1, number)
        select.bind(2, version)
        defer { select.reset() }
        var examined = 0
        while try select.next() {
            examined += 1
            if select.int(3) != 0 { continue }
            let (first, position) = (Int(select.int(0)), select.int(1))
            let at = Timestamp(milliseconds: select.int(2))
            let events = try decoded(select.bytes(4), position, number)
            for (index, event) in events.enumerated().reversed() where first + index <= version {
                let recorded = RecordedEvent(
                    seq: first + index, position: position + Int64(index), at: at, event: event)
                if !body(recorded) { return examined }
            }
        }
        return examined
    }

    private func decoded(_ data: [UInt8], _ position: Int64, _ number: Int64) throws(ReadFault) -> [TaskEvent]
    {
        do throws(EventDecodingError) { return try EventCodec.decode(data) } catch {
            throw .unreadable("Append \(position) of task number \(number): \(error)")
        }
    }
}
