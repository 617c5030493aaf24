import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The groups of dead letters, made again from the events.
extension Verification {
    /// What the groups should be; `cause` gives the number of a dead letter's cause, by its number and signature.
    mutating func groups(
        cause: (Int64, ErrorSignature) throws(SQLiteFault) -> Int64
    ) throws(ReadFault) -> GroupTally {
        var tally = GroupTally()
        try eachTask { verification, row, replay throws(ReadFault) in
            for entry in replay.deadLetters {
                guard let signature = entry.signature, let (number, _) = try verification.place(entry.id)
                else {
                    continue
                }
                let cause = try verification.snapshot.sqlite { () throws(SQLiteFault) in
                    try cause(number, signature)
                }
                tally.count(entry, signature, number: number, cause: cause, row, replay.state)
            }
        }
        return tally
    }

    /// Takes the task's dead letters to what the groups should be, and checks that each names its cause.
    mutating func checkCauses(_ row: TaskRow, _ replay: Replay) throws(ReadFault) {
        for entry in replay.deadLetters {
            guard let (number, cause) = try place(entry.id) else { continue }
            if name(cause, .cause) != entry.signature?.fingerprint {
                found("Dead letter \(entry.id) of task \(row.id) has another cause than the events say.")
            }
            guard let signature = entry.signature, let cause else { continue }
            expectedGroups.count(entry, signature, number: number, cause: cause, row, replay.state)
        }
    }

    private func place(_ id: DeadLetterID) throws(ReadFault) -> (number: Int64, cause: Int64?)? {
        let select = try snapshot.statement("SELECT number, cause_no FROM dead_letters WHERE id = ?")
        select.bind(1, blob: (id.uuid.high, id.uuid.low))
        return try select.first { ($0.int(0), $0.optionalInt(1)) }
    }

    mutating func checkGroups() throws(ReadFault) {
        var rest = expectedGroups.sums
        let select = try snapshot.statement(
            """
            SELECT user_no, cause_no, pending, retried, resolved, discarded, total, first_at, last_at, newest
            FROM dead_letter_groups
            """)
        while try select.next() {
            let key = GroupTally.Key(user: select.int(0), cause: select.int(1))
            let wanted = rest.removeValue(forKey: key) ?? GroupTally.Sums()
            let isSame =
                wanted.counts == (2...5).map { select.int($0) } && wanted.total == select.int(6)
                && wanted.firstAt == select.int(7) && wanted.lastAt == select.int(8)
                && wanted.newest == select.int(9)
            if !isSame { found("Group \(key.cause) of user \(key.user) is not as the events say.") }
        }
        for key in rest.keys { found("Group \(key.cause) of user \(key.user) is missing.") }
        try checkGroupAgents()
        try checkGroupMoney()
        try checkSignatures()
    }

    private mutating func checkGroupAgents() throws(ReadFault) {
        var rest: [GroupTally.Key: [String: (total: Int64, pending: Int64)]] = [:]
        for (key, sums) in expectedGroups.sums where !sums.agents.isEmpty { rest[key] = sums.agents }
        let select = try snapshot.statement(
            "SELECT user_no, cause_no, agent, total, pending FROM dead_letter_group_agents")
        while try select.next() {
            let key = GroupTally.Key(user: select.int(0), cause: select.int(1))
            let wanted = rest[key]?.removeValue(forKey: select.text(2)) ?? (0, 0)
            if wanted != (select.int(3), select.int(4)) {
                found(
                    "Group \(key.cause) of user \(key.user): agent \(select.text(2)) is not as the events say."
                )
            }
        }
        for (key, agents) in rest where !agents.isEmpty {
            found("Group \(key.cause) of user \(key.user) lacks agents.")
        }
    }

    private mutating func checkGroupMoney() throws(ReadFault) {
        var rest: [GroupTally.Key: [String: String]] = [:]
        for (key, sums) in expectedGroups.sums {
            let left = sums.money.mapValues { Decimal.difference($0.added, $0.taken) }
            rest[key] = left.filter { Decimal.compare($0.value, "0") != 0 }
        }
        let select = try snapshot.statement(
            "SELECT user_no, cause_no, currency, amount FROM dead_letter_group_value")
        while try select.next() {
            let key = GroupTally.Key(user: select.int(0), cause: select.int(1))
            let wanted = rest[key]?.removeValue(forKey: select.text(2)) ?? "0"
            if Decimal.compare(wanted, select.text(3)) != 0 {
                found("Group \(key.cause) of user \(key.user): its money is not as the events say.")
            }
        }
        for (key, money) in rest where !money.isEmpty {
            found("Group \(key.cause) of user \(key.user) lacks money.")
        }
    }

    private mutating func checkSignatures() throws(ReadFault) {
        var rest = expectedGroups.signatures
        let select = try snapshot.statement(
            "SELECT cause_no, provider, error_type, http_status, pattern FROM causes")
        while try select.next() {
            let wanted = rest.removeValue(forKey: select.int(0))
            let isSame =
                wanted?.provider == select.text(1) && wanted?.type.rawValue == select.text(2)
                && wanted?.httpStatus == select.optionalInt(3).map(Int.init(clamping:))
                && wanted?.pattern == select.text(4)
            if !isSame { found("Cause \(select.int(0)) is not as the events say.") }
        }
        for cause in rest.keys { found("Cause \(cause) is missing.") }
    }
}

extension GroupTally {
    fileprivate mutating func count(
        _ entry: Replay.DeadLetter, _ signature: ErrorSignature, number: Int64, cause: Int64, _ row: TaskRow,
        _ state: TaskState
    ) {
        let letter = Letter(
            user: row.user, cause: cause, agent: entry.agent?.rawValue, money: state.spec.payment?.money)
        count(.entered(letter, signature, number: number, at: entry.failedAt))
        count(.closed(letter, from: .pending, to: entry.status))
    }
}
