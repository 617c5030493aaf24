import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What the scheduler reads; none of it looks at tasks that have ended.
extension Snapshot {
    /// The lanes' numbers by skipping through the index: one step a lane, however many tasks stand in it.
    static let lanesSQL = """
        WITH RECURSIVE lanes(no) AS (
            SELECT 0
            UNION ALL
            SELECT (SELECT lane_no FROM live WHERE phase <= 1 AND phase = ? AND lane_no > lanes.no
                ORDER BY lane_no LIMIT 1)
            FROM lanes WHERE lanes.no IS NOT NULL)
        SELECT names.kind, names.text FROM lanes CROSS JOIN names ON names.no = lanes.no
        """

    func lanes() throws(ReadFault) -> [Lane] {
        var lanes: [Lane] = []
        for phase in [LiveRow.Phase.ready, .held] {
            let select = try statement(Self.lanesSQL)
            select.bind(1, phase.rawValue)
            lanes += try select.all { row in
                NameKind(rawValue: row.int(0)).flatMap { Lane(kind: $0, text: row.text(1)) }
            }.compactMap { $0 }
        }
        return lanes
    }

    static let windowSQL = """
        SELECT task_no FROM live WHERE phase <= 1 AND phase = ? AND lane_no = ?
        ORDER BY priority DESC, ready_at, task_no LIMIT ?
        """

    func window(_ lane: Lane, limit: Int) throws(ReadFault) -> Window {
        let name = lane.name
        guard let number = try number(name.kind, name.text) else { return Window(tasks: [], more: false) }
        let select = try statement(Self.windowSQL)
        select.bind(1, (lane.isHeld ? LiveRow.Phase.held : .ready).rawValue)
        select.bind(2, number)
        return try window(select, limit, at: 3)
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

extension Lane {
    fileprivate var isHeld: Bool { if case .held = self { true } else { false } }
}
