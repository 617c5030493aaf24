import GRDBSQLite
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Notes what the unit does to the groups of dead letters.
extension UnitWriter {
    func causeNumber(_ cause: ErrorSignature?) throws(SQLiteFault) -> Int64? {
        guard let cause else { return nil }
        return try names.number(.cause, cause.fingerprint)
    }

    /// A dead letter was just written.
    func noteEntry(_ append: TaskAppend, cause: Int64?, agent: AgentID?) throws(SQLiteFault) {
        guard let cause, let signature = append.cause else { return }
        let number = sqlite3_last_insert_rowid(connection)
        let letter = GroupTally.Letter(
            user: try names.number(.user, append.after.spec.userID.rawValue), cause: cause,
            agent: agent?.rawValue, money: append.after.spec.payment?.money)
        groupChanges.append(.entered(letter, signature, number: number, at: append.at))
    }

    /// A dead letter is about to be closed.
    func noteClosing(_ id: DeadLetterID, _ status: DeadLetterStatus, _ append: TaskAppend) throws(SQLiteFault)
    {
        let select = statements.selectDeadLetter
        select.bind(1, blob: (id.uuid.high, id.uuid.low))
        guard try select.step() else { return }
        let (old, cause, agent) = (
            DeadLetterStatus(code: select.int(0)), select.optionalInt(1), select.optionalText(2)
        )
        select.reset()
        guard let old, let cause else { return }
        let letter = GroupTally.Letter(
            user: try names.number(.user, append.after.spec.userID.rawValue), cause: cause,
            agent: agent, money: append.after.spec.payment?.money)
        groupChanges.append(.closed(letter, from: old, to: status))
    }
}
