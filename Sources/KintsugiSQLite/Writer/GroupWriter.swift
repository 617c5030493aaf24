import KintsugiCore
import KintsugiVocabulary

/// Writes the sums of dead letters by cause.
struct GroupWriter {
    private let addCause, upsertGroup, upsertAgent: PreparedStatement
    private let selectValue, upsertValue, deleteValue: PreparedStatement

    init(on connection: OpaquePointer) throws(SQLiteFault) {
        func prepare(_ sql: String) throws(SQLiteFault) -> PreparedStatement {
            try PreparedStatement(sql, on: connection)
        }
        addCause = try prepare(SQL.addCause)
        upsertGroup = try prepare(SQL.upsertGroup)
        upsertAgent = try prepare(SQL.upsertAgent)
        selectValue = try prepare(SQL.selectValue)
        upsertValue = try prepare(SQL.upsertValue)
        deleteValue = try prepare(SQL.deleteValue)
    }

    func finalize() {
        for statement in [addCause, upsertGroup, upsertAgent, selectValue, upsertValue, deleteValue] {
            statement.finalize()
        }
    }

    func write(_ tally: GroupTally) throws(SQLiteFault) {
        for (cause, signature) in tally.signatures { try write(signature, cause) }
        for (key, sums) in tally.sums {
            try write(sums, key)
            for (agent, counts) in sums.agents { try write(agent, counts, key) }
            for (currency, money) in sums.money { try write(currency, money, key) }
        }
    }

    private func write(_ signature: ErrorSignature, _ cause: Int64) throws(SQLiteFault) {
        addCause.bind(1, cause)
        addCause.bind(2, signature.provider)
        addCause.bind(3, signature.type.rawValue)
        addCause.bind(4, signature.httpStatus.map(Int64.init))
        addCause.bind(5, signature.pattern)
        try addCause.run()
    }

    private func write(_ sums: GroupTally.Sums, _ key: GroupTally.Key) throws(SQLiteFault) {
        upsertGroup.bind(1, key.user)
        upsertGroup.bind(2, key.cause)
        for (index, count) in sums.counts.enumerated() { upsertGroup.bind(Int32(3 + index), count) }
        upsertGroup.bind(7, sums.total)
        upsertGroup.bind(8, sums.firstAt)
        upsertGroup.bind(9, sums.lastAt)
        upsertGroup.bind(10, sums.newest)
        try upsertGroup.run()
    }

    private func write(_ agent: String, _ counts: (total: Int64, pending: Int64), _ key: GroupTally.Key)
        throws(SQLiteFault)
    {
        upsertAgent.bind(1, key.user)
        upsertAgent.bind(2, key.cause)
        upsertAgent.bind(3, agent)
        upsertAgent.bind(4, counts.total)
        upsertAgent.bind(5, counts.pending)
        try upsertAgent.run()
    }

    private func write(_ currency: String, _ money: (added: String, taken: String), _ key: GroupTally.Key)
        throws(SQLiteFault)
    {
        bind(key, currency, to: selectValue)
        let old = try selectValue.step() ? selectValue.text(0) : "0"
        selectValue.reset()
        let new = Decimal.difference(Decimal.sum(old, money.added), money.taken)
        let isZero = Decimal.compare(new, "0") == 0
        let statement = isZero ? deleteValue : upsertValue
        bind(key, currency, to: statement)
        if !isZero { statement.bind(4, new) }
        try statement.run()
    }

    private func bind(_ key: GroupTally.Key, _ currency: String, to statement: PreparedStatement) {
        statement.bind(1, key.user)
        statement.bind(2, key.cause)
        statement.bind(3, currency)
    }

    private enum SQL {
        static let addCause = """
            INSERT OR IGNORE INTO causes(cause_no, provider, error_type, http_status, pattern) VALUES (?, ?, ?, ?, ?)
            """
        static let upsertGroup = """
            INSERT INTO dead_letter_groups(user_no, cause_no, pending, retried, resolved, discarded, total, first_at,
            last_at, newest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (user_no, cause_no) DO UPDATE SET pending = pending + excluded.pending,
            retried = retried + excluded.retried, resolved = resolved + excluded.resolved,
            discarded = discarded + excluded.discarded, total = total + excluded.total,
            first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
            newest = max(newest, excluded.newest)
            """
        static let upsertAgent = """
            INSERT INTO dead_letter_group_agents(user_no, cause_no, agent, total, pending) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (user_no, cause_no, agent) DO UPDATE SET total = total + excluded.total,
            pending = pending + excluded.pending
            """
        static let selectValue =
            "SELECT amount FROM dead_letter_group_value WHERE user_no = ? AND cause_no = ? AND currency = ?"
        static let upsertValue = """
            INSERT OR REPLACE INTO dead_letter_group_value(user_no, cause_no, currency, amount) VALUES (?, ?, ?, ?)
            """
        static let deleteValue =
            "DELETE FROM dead_letter_group_value WHERE user_no = ? AND cause_no = ? AND currency = ?"
    }
}
