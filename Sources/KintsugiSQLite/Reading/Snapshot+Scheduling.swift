import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What the scheduler reads; none of it looks at tasks that have ended.
extension Snapshot {
    /// The lane that comes after this one: lanes are found by skipping through the index, one step each, however
    /// many tasks stand in them.
    static let nextLaneSQL = """
        SELECT live.lane_no, live.user_no, target.kind, target.text, user.text
        FROM live CROSS JOIN names target ON target.no = live.lane_no CROSS JOIN names user ON user.no = live.user_no
        WHERE phase <= 1 AND phase = ? AND (lane_no, user_no) > (?, ?) ORDER BY lane_no, user_no LIMIT 1
        """

    /// - Complexity: O(lanes).
    func lanes() throws(ReadFault) -> [Lane] {
        var lanes: [Lane] = []
        let select = try statement(Self.nextLaneSQL)
        for phase in [LiveRow.Phase.ready, .held] {
            var last: (target: Int64, user: Int64)? = (0, 0)
            while let (target, user) = last {
                select.bind(1, phase.rawValue)
                select.bind(2, target)
                select.bind(3, user)
                last = try select.first { row in
                    let kind = NameKind(rawValue: row.int(2))
                    if let target = kind.flatMap({ Lane.Target(kind: $0, text: row.text(3)) }) {
                        lanes.append(Lane(target, of: UserID(row.text(4))))
                    }
                    return (row.int(0), row.int(1))
                }
            }
        }
        return lanes
    }

    static let windowSQL = """
        SELECT task_no FROM live WHERE phase <= 1 AND phase = ? AND lane_no = ? AND user_no = ?
        ORDER BY priority DESC, ready_at, task_no LIMIT ?
        """

    func window(_ lane: Lane, limit: Int) throws(ReadFault) -> Window {
        let name = lane.target.name
        guard let target = try number(name.kind, name.text), let user = try number(.user, lane.user.rawValue)
        else { return Window(tasks: [], more: false) }
        let select = try statement(Self.windowSQL)
        select.bind(1, (lane.isHeld ? LiveRow.Phase.held : .ready).rawValue)
        select.bind(2, target)
        select.bind(3, user)
        return try window(select, limit, at: 4)
    }

    static let timersSQL = """
        SELECT task_no FROM live WHERE next_at IS NOT NULL AND next_at <= ? ORDER BY next_at, task_no LIMIT ?
        """

    func timers(until horizon: Timestamp, limit: Int) throws(ReadFault) -> Window {
        let select = try statement(Self.timersSQL)
        select.bind(1, horizon.milliseconds)
        return try window(select, limit, at: 2)
    }

    /// One more than the limit says whether there are more.
    private func window(_ select: PreparedStatement, _ limit: Int, at index: Int32) throws(ReadFault)
        -> Window
    {
        select.bind(index, limit.addingReportingOverflow(1).partialValue)
        let numbers = try select.all { $0.int(0) }
        return Window(tasks: try tasks(numbers.prefix(limit)), more: numbers.count > limit)
    }

    static let nextTimerSQL = """
        SELECT next_at FROM live WHERE next_at IS NOT NULL AND next_at > ? ORDER BY next_at LIMIT 1
        """

    func nextTimer(after: Timestamp) throws(ReadFault) -> Timestamp? {
        let select = try statement(Self.nextTimerSQL)
        select.bind(1, after.milliseconds)
        return try select.first { Timestamp(milliseconds: $0.int(0)) }
    }

    static let runningSQL = """
        SELECT task_no FROM live WHERE phase >= 3 AND phase = 3 AND task_no > ? ORDER BY task_no LIMIT ?
        """

    func running(after: TaskNumber?, limit: Int) throws(ReadFault) -> [StoredTask] {
        let select = try statement(Self.runningSQL)
        select.bind(1, after?.rawValue ?? 0)
        select.bind(2, limit)
        return try tasks(try select.all { $0.int(0) })
    }

    func liveCount(agent: AgentID, limit: Int) throws(ReadFault) -> Int {
        guard let number = try number(.agent, agent.rawValue) else { return 0 }
        return min(limit, try unfinished(number))
    }
}
