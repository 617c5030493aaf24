import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension UnitWriter {
    /// Writes one task's append: the check, which is the projection too, then the log and the rest.
    func write(_ append: TaskAppend, into receipt: inout Receipt) throws(SQLiteFault) -> StoreError? {
        guard !append.events.isEmpty else { return .broken("An append of no events.") }
        let number: Int64
        if let known = append.number {
            number = known.rawValue
            guard try moveOn(append, number) else { return .versionConflict }
        } else {
            number = nextTask()
            guard try insert(append, number) else { return .duplicate }
            tookTask()
        }
        let position = try log(
            append.data, stream: number, seq: append.expectedVersion + 1, count: append.events.count,
            at: append.at)
        receipt.numbers.append(TaskNumber(number))
        receipt.positions.append(position)
        if append.after.deadLetter != nil { try writeDeadLetters(append, number) }
        try writeAlerts(append, number, at: position)
        return nil
    }

    // MARK: New tasks

    private func insert(_ append: TaskAppend, _ number: Int64) throws(SQLiteFault) -> Bool {
        let (state, spec) = (append.after, append.after.spec)
        let insert = statements.insertTask
        insert.bind(1, number)
        insert.bind(2, blob: (state.id.uuid.high, state.id.uuid.low))
        insert.bind(3, try names.number(.user, spec.userID.rawValue))
        insert.bind(4, try names.number(.type, spec.type))
        insert.bind(5, try agentNumber(state.listedAgent))
        insert.bind(6, state.createdAt.milliseconds)
        insert.bind(7, (state.finishedAt ?? state.createdAt).milliseconds)
        insert.bind(8, append.live == nil ? Int64(state.status.code) : TaskStatus.unfinished)
        insert.bind(9, append.live == nil ? state.version : 2)
        do throws(SQLiteFault) { try insert.run() } catch {
            guard error.isConstraint else { throw error }
            return false
        }
        if let error = state.listedError { try setError(error, number) }
        if let live = append.live { try self.insert(live, append, number) }
        for pair in spec.metadata {
            statements.insertMetadata.bind(1, pair.key)
            statements.insertMetadata.bind(2, pair.value)
            statements.insertMetadata.bind(3, number)
            try statements.insertMetadata.run()
        }
        if let reference = spec.payment?.reference {
            statements.insertReference.bind(1, reference)
            statements.insertReference.bind(2, number)
            try statements.insertReference.run()
        }
        return true
    }

    private func agentNumber(_ agent: AgentID?) throws(SQLiteFault) -> Int64? {
        guard let agent else { return nil }
        return try names.number(.agent, agent.rawValue)
    }

    // MARK: Known tasks

    /// Checks the version and writes what the append makes of the task; false: the stream has moved on.
    private func moveOn(_ append: TaskAppend, _ number: Int64) throws(SQLiteFault) -> Bool {
        let hadEnded = append.before?.status.isFinal ?? false
        switch (hadEnded, append.live) {
        case (false, let live?): guard try update(live, append, number) else { return false }
        case (false, nil):
            statements.deleteLive.bind(1, number)
            statements.deleteLive.bind(2, append.expectedVersion)
            guard try statements.deleteLive.changesRow() else { return false }
            try end(append.after, number)
        case (true, let live?):
            guard try changeEnded(statements.reviveTask, append, number) else { return false }
            try insert(live, append, number)
        case (true, nil): guard try changeEnded(statements.touchTask, append, number) else { return false }
        }
        if let agent = append.after.listedAgent, agent != append.before?.agentID {
            statements.setAgent.bind(1, try names.number(.agent, agent.rawValue))
            statements.setAgent.bind(2, number)
            try statements.setAgent.run()
        }
        return true
    }

    private func update(_ live: LiveRow, _ append: TaskAppend, _ number: Int64) throws(SQLiteFault) -> Bool {
        if live.phase == .running {
            let start = statements.startLive
            start.bind(1, live.nextAt?.milliseconds)
            start.bind(2, append.after.version)
            start.bind(3, number)
            start.bind(4, append.expectedVersion)
            return try start.changesRow()
        }
        let update = statements.updateLive
        try bind(live, append, number, to: update)
        update.bind(9, append.expectedVersion)
        return try update.changesRow()
    }

    private func insert(_ live: LiveRow, _ append: TaskAppend, _ number: Int64) throws(SQLiteFault) {
        try bind(live, append, number, to: statements.insertLive)
        statements.insertLive.bind(9, try names.number(.user, append.after.spec.userID.rawValue))
        try statements.insertLive.run()
    }

    private func bind(
        _ live: LiveRow, _ append: TaskAppend, _ number: Int64, to statement: PreparedStatement
    ) throws(SQLiteFault) {
        let target = live.lane.target.name
        statement.bind(1, try names.number(target.kind, target.text))
        statement.bind(2, live.priority)
        statement.bind(3, live.readyAt.milliseconds)
        statement.bind(4, live.nextAt?.milliseconds)
        statement.bind(5, live.phase == .delayed ? append.after.deadline?.milliseconds : nil)
        statement.bind(6, live.phase.rawValue)
        statement.bind(7, append.after.version)
        statement.bind(8, number)
    }

    private func changeEnded(
        _ statement: PreparedStatement, _ append: TaskAppend, _ number: Int64
    ) throws(SQLiteFault) -> Bool {
        statement.bind(1, append.after.version)
        statement.bind(2, number)
        statement.bind(3, append.expectedVersion)
        return try statement.changesRow()
    }

    private func end(_ state: TaskState, _ number: Int64) throws(SQLiteFault) {
        let end = statements.endTask
        end.bind(1, state.status.code)
        end.bind(2, (state.finishedAt ?? state.updatedAt).milliseconds)
        end.bind(3, state.version)
        end.bind(4, number)
        try end.run()
        if let error = state.listedError { try setError(error, number) }
    }

    private func setError(_ error: ErrorType, _ number: Int64) throws(SQLiteFault) {
        statements.setError.bind(1, try names.number(.errorType, error.rawValue))
        statements.setError.bind(2, number)
        try statements.setError.run()
    }

    // MARK: Dead letters

    private func writeDeadLetters(_ append: TaskAppend, _ number: Int64) throws(SQLiteFault) {
        for (index, event) in append.events.enumerated() {
            switch event {
            case .movedToDLQ(let id, let reason):
                try insertDeadLetter(id, reason, append, number, seq: append.expectedVersion + index + 1)
            case .taskRequeued(let requeue):
                try close(requeue.failedTaskID, .retried, append, by: requeue.actor, note: requeue.reason)
            case .deadLetterResolved(let id, let note, let actor):
                try close(id, .resolved, append, by: actor, note: note)
            case .deadLetterDiscarded(let id, let note, let actor):
                try close(id, .discarded, append, by: actor, note: note)
            default: break
            }
        }
    }

    private func insertDeadLetter(
        _ id: DeadLetterID, _ reason: DeadLetterReason, _ append: TaskAppend, _ number: Int64, seq: Int
    ) throws(SQLiteFault) {
        let spec = append.after.spec
        // A cancelled task gets its entry in the append that retries it, perhaps with another agent.
        let wasCancelled = reason == .cancelled
        let agent = wasCancelled ? append.before?.agentID : append.after.listedAgent
        let error = wasCancelled ? nil : append.after.lastFailure?.failure.type
        let insert = statements.insertDeadLetter
        insert.bind(1, blob: (id.uuid.high, id.uuid.low))
        insert.bind(2, number)
        insert.bind(3, seq)
        insert.bind(4, try names.number(.user, spec.userID.rawValue))
        insert.bind(5, try names.number(.type, spec.type))
        insert.bind(6, try agentNumber(agent))
        insert.bind(7, reason.rawValue)
        if let error {
            insert.bind(8, try names.number(.errorType, error.rawValue))
        } else {
            insert.bind(8, Int64?.none)
        }
        insert.bind(9, spec.payment?.money.amount)
        insert.bind(10, spec.payment?.money.currency)
        insert.bind(11, append.at.milliseconds)
        let cause = try causeNumber(append.cause)
        insert.bind(12, cause)
        try insert.run()
        try noteEntry(append, cause: cause, agent: agent)
    }

    private func close(
        _ id: DeadLetterID, _ status: DeadLetterStatus, _ append: TaskAppend, by actor: String, note: String?
    ) throws(SQLiteFault) {
        try noteClosing(id, status, append)
        let close = statements.closeDeadLetter
        close.bind(1, status.code)
        close.bind(2, append.at.milliseconds)
        close.bind(3, actor)
        close.bind(4, note)
        close.bind(5, blob: (id.uuid.high, id.uuid.low))
        try close.run()
    }

    // MARK: Without an event

    func promote(_ number: TaskNumber, version: Int, at now: Timestamp) throws(SQLiteFault) {
        statements.promoteLive.bind(1, number.rawValue)
        statements.promoteLive.bind(2, version)
        statements.promoteLive.bind(3, now.milliseconds)
        try statements.promoteLive.run()
    }
}
