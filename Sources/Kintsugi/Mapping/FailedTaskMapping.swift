package import KintsugiCore
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension FailedTaskResource {
    /// The entry as clients see it, with the task as it was when it came here.
    package init(_ entry: DeadLetter, _ ranking: StrategyRanking) {
        let state = entry.task.state
        self.init(task: TaskResource(state, Outlook(now: entry.failedAt)))
        id = entry.id.description
        status = entry.status
        reason = entry.reason
        agentID = entry.agentID?.rawValue
        error = entry.failure.map { ErrorResource($0, at: state.lastFailure?.at ?? entry.failedAt) }
        errorGroup = entry.signature.fingerprint
        attempts = entry.attempts
        alert = entry.alert.map { AlertMarkResource(id: $0.id.description, severity: $0.severity) }
        failedAt = entry.failedAt.rfc3339
        closedAt = entry.closedAt?.rfc3339
        closedBy = entry.closedBy.map(Actor.shown)
        note = entry.note
        suggestedStrategies = ranking.names(for: entry.failure?.type)
    }
}

extension FailedTaskSummaryResource {
    package init(_ totals: Totals, oldestPending: Timestamp?, at now: Timestamp) {
        self.init()
        entered = totals.deadLettersIn
        pending = totals.deadLetters[.pending] ?? 0
        retried = totals.deadLetters[.retried] ?? 0
        resolved = totals.deadLetters[.resolved] ?? 0
        discarded = totals.deadLetters[.discarded] ?? 0
        value = totals.pendingMoney
        oldestPendingAt = oldestPending?.rfc3339
        at = now.rfc3339
    }
}

extension Totals {
    /// Money at stake in the pending dead letters, by currency.
    var pendingMoney: [Money] {
        pendingValue.sorted { $0.key < $1.key }.compactMap { Money($0.value, $0.key) }
            .filter { Decimal.compare($0.amount, "0") > 0 }
    }
}
