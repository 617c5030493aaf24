import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Sums that were kept up with every commit: reading them costs the same however many tasks there are.
extension Snapshot {
    static let totalsSQL = "SELECT kind, value FROM stats WHERE subject_no = ? AND minute = -1 AND value <> 0"
    static let valueSQL = "SELECT currency, amount FROM dead_letter_value WHERE user_no = ?"

    /// The number under which a user's counters stand; nil for a user that was never seen.
    func subject(_ user: UserID?) throws(ReadFault) -> Int64? {
        guard let user else { return StatKind.everyone }
        return try number(.user, user.rawValue)
    }

    func totals(of user: UserID?) throws(ReadFault) -> Totals {
        var totals = Totals()
        guard let subject = try subject(user) else { return totals }
        let select = try statement(Self.totalsSQL)
        select.bind(1, subject)
        while try select.next() {
            let (kind, value) = (Int(select.int(0)), Int(select.int(1)))
            if let status = TaskStatus(code: kind) {
                totals.tasks[status] = value
            } else if kind == StatKind.deadLettersIn {
                totals.deadLettersIn = value
            } else if let status = DeadLetterStatus(code: Int64(kind) - 10) {
                totals.deadLetters[status] = value
            }
        }
        let values = try statement(Self.valueSQL)
        values.bind(1, subject)
        while try values.next() { totals.pendingValue[values.text(0)] = values.text(1) }
        return totals
    }

    static let activitySQL = """
        SELECT kind, value FROM stats WHERE subject_no = ? AND minute >= ? AND minute < ?
        """

    func activity(of user: UserID?, from: Timestamp, to: Timestamp) throws(ReadFault) -> Activity {
        var activity = Activity()
        guard let subject = try subject(user) else { return activity }
        let select = try statement(Self.activitySQL)
        select.bind(1, subject)
        select.bind(2, max(0, from.nextMinute))
        select.bind(3, max(0, to.nextMinute))
        while try select.next() {
            activity.count(Int(select.int(0)), Int(select.int(1)))
        }
        return activity
    }

    // MARK: The longest wait

    /// The longest wait of the user that comes after this one.
    static let oldestOfNextUserSQL = """
        SELECT user_no, ready_at FROM live WHERE phase = 0 AND user_no > ? ORDER BY user_no, ready_at LIMIT 1
        """

    /// - Complexity: O(users that wait) for everybody.
    func oldestPending(of user: UserID?) throws(ReadFault) -> Timestamp? {
        if let user { return try oldestPending(ofUser: user) }
        var oldest: Int64?
        let internals = try subject(Reserved.user)
        var last: Int64? = 0
        let select = try statement(Self.oldestOfNextUserSQL)
        while let user = last {
            select.bind(1, user)
            last = try select.first { row in
                if row.int(0) != internals { oldest = min(oldest ?? .max, row.int(1)) }
                return row.int(0)
            }
        }
        return oldest.map(Timestamp.init(milliseconds:))
    }

    static let oldestOfUserSQL =
        "SELECT ready_at FROM live WHERE phase = 0 AND user_no = ? ORDER BY ready_at LIMIT 1"

    private func oldestPending(ofUser user: UserID) throws(ReadFault) -> Timestamp? {
        guard let number = try number(.user, user.rawValue) else { return nil }
        let select = try statement(Self.oldestOfUserSQL)
        select.bind(1, number)
        return try select.first { Timestamp(milliseconds: $0.int(0)) }
    }
}

extension Timestamp {
    /// The first minute that begins at this time or later.
    var nextMinute: Int64 { startOfMinute == self ? minute : minute + 1 }
}
