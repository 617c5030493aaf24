import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Dead letters by cause.
extension Snapshot {
    enum GroupSQL {
        static let byPending = list("g.pending > 0 AND", by: "pending")
        static let byTotal = list("", by: "total")
        static let byLastSeen = list("", by: "last_at")
        static let agents = """
            SELECT agent, total, pending FROM dead_letter_group_agents WHERE user_no = ? AND cause_no = ?
            ORDER BY agent LIMIT ?
            """
        static let agent = """
            SELECT total, pending FROM dead_letter_group_agents WHERE user_no = ? AND cause_no = ? AND agent = ?
            """
        static let value =
            "SELECT currency, amount FROM dead_letter_group_value WHERE user_no = ? AND cause_no = ?"
        static let all = [byPending, byTotal, byLastSeen, agents, agent, value]

        private static func list(_ only: String, by rank: String) -> String {
            """
            SELECT g.cause_no, g.\(rank), n.text, c.provider, c.error_type, c.http_status, c.pattern, g.pending,
                g.retried, g.resolved, g.discarded, g.first_at, g.last_at, g.newest
            FROM dead_letter_groups g CROSS JOIN causes c ON c.cause_no = g.cause_no
            CROSS JOIN names n ON n.no = g.cause_no
            WHERE g.user_no = ? AND \(only) (g.\(rank), g.cause_no) < (?, ?)
            ORDER BY g.\(rank) DESC, g.cause_no DESC
            """
        }
    }

    private struct Row {
        var cause, rank: Int64
        var fingerprint: String
        var signature: ErrorSignature
        var counts: [DeadLetterStatus: Int]
        var firstSeen, lastSeen: Timestamp
        var newest: Int64

        /// Nil: an error type that this version does not know.
        init?(_ row: PreparedStatement) {
            guard let type = ErrorType(rawValue: row.text(4)) else { return nil }
            (cause, rank) = (row.int(0), row.int(1))
            fingerprint = row.text(2)
            signature = ErrorSignature(
                provider: row.text(3), type: type, httpStatus: row.optionalInt(5).map(Int.init(clamping:)),
                pattern: row.text(6))
            counts = [:]
            for status in DeadLetterStatus.allCases {
                let count = Int(row.int(7 + Int32(status.code)))
                if count != 0 { counts[status] = count }
            }
            firstSeen = Timestamp(milliseconds: row.int(11))
            lastSeen = Timestamp(milliseconds: row.int(12))
            newest = row.int(13)
        }
    }

    func causeGroups(_ query: CauseGroupQuery) throws(ReadFault) -> CauseGroupPage {
        guard query.limit > 0, let user = try subject(query.user) else {
            return CauseGroupPage(groups: [], next: nil)
        }
        let select = try statement(query.sql)
        select.bind(1, user)
        select.bind(2, query.after?.rank ?? .max)
        select.bind(3, query.after?.number ?? .max)
        var found: [Row] = []
        var examined = 0
        var next: CauseGroupCursor?
        while try select.next() {
            examined += 1
            let row = Row(select)
            if let row, try matches(row, query, user) {
                guard found.count < query.limit else {
                    next = found.last.map { CauseGroupCursor(rank: $0.rank, number: $0.cause) }
                    break
                }
                found.append(row)
            }
            if examined == TaskLister.maxExamined {
                next = CauseGroupCursor(rank: select.int(1), number: select.int(0))
                break
            }
        }
        select.reset()
        var groups: [CauseGroup] = []
        for row in found { groups.append(try group(row, user)) }
        return CauseGroupPage(groups: groups, next: next)
    }

    private func matches(_ row: Row, _ query: CauseGroupQuery, _ user: Int64) throws(ReadFault) -> Bool {
        if query.pendingOnly, (row.counts[.pending] ?? 0) == 0 { return false }
        if let type = query.errorType, type != row.signature.type { return false }
        guard let agent = query.agent else { return true }
        let select = try statement(GroupSQL.agent)
        select.bind(1, user)
        select.bind(2, row.cause)
        select.bind(3, agent.rawValue)
        return try select.first { !query.pendingOnly || $0.int(1) > 0 } ?? false
    }

    private func group(_ row: Row, _ user: Int64) throws(ReadFault) -> CauseGroup {
        guard let sample = try deadLetter(numbered: row.newest) else {
            throw .unreadable("Group \(row.fingerprint) has no entries; run `kintsugi verify`.")
        }
        let agents = try statement(GroupSQL.agents)
        agents.bind(1, user)
        agents.bind(2, row.cause)
        agents.bind(3, CauseGroup.maxAgents)
        let counts = try agents.all {
            CauseGroup.AgentCount(
                agent: AgentID($0.text(0)), total: Int($0.int(1)), pending: Int($0.int(2)))
        }
        let values = try statement(GroupSQL.value)
        values.bind(1, user)
        values.bind(2, row.cause)
        var money: [String: String] = [:]
        while try values.next() { money[values.text(0)] = values.text(1) }
        return CauseGroup(
            number: row.cause, fingerprint: row.fingerprint, signature: row.signature, counts: row.counts,
            firstSeen: row.firstSeen, lastSeen: row.lastSeen, agents: counts, pendingValue: money,
            sample: sample)
    }
}

extension CauseGroupQuery {
    fileprivate var sql: String {
        switch sort {
        case .lastSeen: Snapshot.GroupSQL.byLastSeen
        case .count: pendingOnly ? Snapshot.GroupSQL.byPending : Snapshot.GroupSQL.byTotal
        }
    }
}
