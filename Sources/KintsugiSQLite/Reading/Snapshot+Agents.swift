import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Figures of agents, from the counters and the small table of unfinished tasks.
extension Snapshot {
    /// Tasks in progress that are looked at to see whose they are.
    private static let maxInProgress = 5_000

    static let unfinishedSQL = "SELECT value FROM stats WHERE subject_no = ? AND minute = -1 AND kind = ?"
    static let inProgressSQL = """
        SELECT t.agent_no FROM live l CROSS JOIN tasks t ON t.task_no = l.task_no
        WHERE l.phase >= 3 AND l.phase = ? LIMIT ?
        """

    func figures(of agents: [AgentID], from: Timestamp, to: Timestamp) throws(ReadFault) -> [AgentFigures] {
        let inProgress = try inProgress()
        var all: [AgentFigures] = []
        for agent in agents {
            var figures = AgentFigures()
            if let number = try number(.agent, agent.rawValue) {
                try count(into: &figures, number, from, to)
                figures.unfinished = try unfinished(number)
                figures.inProgress = inProgress[number] ?? 0
            }
            all.append(figures)
        }
        return all
    }

    private func count(into figures: inout AgentFigures, _ number: Int64, _ from: Timestamp, _ to: Timestamp)
        throws(ReadFault)
    {
        let select = try statement(Self.activitySQL)
        select.bind(1, number)
        select.bind(2, max(0, from.nextMinute))
        select.bind(3, max(0, to.nextMinute))
        while try select.next() {
            let (kind, value) = (Int(select.int(0)), Int(select.int(1)))
            switch kind {
            case StatKind.succeeded: figures.succeeded += value
            case StatKind.durationSum: figures.durationSum += Int64(value)
            case StatKind.durations...: figures.durations[kind - StatKind.durations, default: 0] += value
            default:
                if let error = ErrorType(code: kind - StatKind.firstFailed) {
                    figures.errors[error, default: 0] += value
                }
            }
        }
    }

    func unfinished(_ agent: Int64) throws(ReadFault) -> Int {
        let select = try statement(Self.unfinishedSQL)
        select.bind(1, agent)
        select.bind(2, StatKind.live)
        return Int(try select.first { $0.int(0) } ?? 0)
    }

    /// Tasks in progress by the number of their agent.
    private func inProgress() throws(ReadFault) -> [Int64: Int] {
        var counts: [Int64: Int] = [:]
        var left = Self.maxInProgress
        let select = try statement(Self.inProgressSQL)
        for phase in [LiveRow.Phase.running, .accepted] {
            select.bind(1, phase.rawValue)
            select.bind(2, left)
            while try select.next() {
                left -= 1
                if let agent = select.optionalInt(0) { counts[agent, default: 0] += 1 }
            }
        }
        return counts
    }
}
