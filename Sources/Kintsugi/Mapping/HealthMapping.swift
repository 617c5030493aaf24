package import KintsugiCore
package import KintsugiEngine
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

/// What health is made of; none of it grows with the number of tasks.
package struct HealthFacts: Sendable {
    package var totals: Totals
    package var activity: Activity
    package var oldestPending: Timestamp?
    package var breakers: [BreakerSnapshot]
    package var store: StoreStatus
    package var window: Milliseconds
    package var node: String
    package var startedAt: Timestamp
    package var areSecretsSealed: Bool
    package var forAdmin: Bool

    package init(
        totals: Totals, activity: Activity, oldestPending: Timestamp?, breakers: [BreakerSnapshot],
        store: StoreStatus, window: Milliseconds, node: String, startedAt: Timestamp, areSecretsSealed: Bool,
        forAdmin: Bool
    ) {
        self.totals = totals
        self.activity = activity
        self.oldestPending = oldestPending
        self.breakers = breakers
        self.store = store
        self.window = window
        self.node = node
        self.startedAt = startedAt
        self.areSecretsSealed = areSecretsSealed
        self.forAdmin = forAdmin
    }
}

extension HealthResource {
    package init(_ facts: HealthFacts, at now: Timestamp) {
        self.init()
        counts = facts.totals.tasks
        window = facts.window
        let activity = facts.activity
        let ended = activity.completed + activity.failed
        failureRate = ended == 0 ? 0 : Double(activity.failed) / Double(ended)
        throughputPerSecond = Double(ended) * 1000 / Double(max(1, facts.window))
        if activity.completed > 0 {
            averageExecution = (Double(activity.durationSum) / Double(activity.completed)).rounded()
        }
        p50Execution = DurationBuckets.percentile(0.5, of: activity.durations)
        p95Execution = DurationBuckets.percentile(0.95, of: activity.durations)
        p99Execution = DurationBuckets.percentile(0.99, of: activity.durations)
        oldestPendingAge = facts.oldestPending.map { max(0, now - $0) }
        let open = facts.breakers.filter { $0.state != .closed }
        circuitBreakers = (open + facts.breakers.filter { $0.state == .closed }).prefix(100).map {
            CircuitBreakerResource($0, forAdmin: facts.forAdmin)
        }
        pendingDeadLetters = facts.totals.deadLetters[.pending] ?? 0
        value = facts.totals.pendingMoney
        nodes = [
            NodeResource(
                id: facts.node, startedAt: facts.startedAt.rfc3339, seenAt: now.rfc3339, running: nil)
        ]
        isFullyDurable = facts.store.isFullyDurable
        areSecretsSealed = facts.areSecretsSealed
        at = now.rfc3339
        judge(open: open, ended: ended)
    }

    /// From how many ended tasks on a failure rate says something.
    private static let meaningful = 20

    private mutating func judge(open: [BreakerSnapshot], ended: Int) {
        var worst = Status.healthy
        if !open.isEmpty {
            let names = open.prefix(5).map(\.provider.rawValue).joined(separator: ", ")
            reasons.append(
                open.count == 1
                    ? "The circuit breaker of \(names) is not closed."
                    : "\(open.count) circuit breakers are not closed: \(names)\(open.count > 5 ? ", …" : "")."
            )
            worst = .degraded
        }
        if ended >= Self.meaningful, failureRate >= 0.1 {
            let percent = Int(exactly: (failureRate * 100).rounded()) ?? 100
            reasons.append("\(percent) % of the tasks that ended in the last \(Phrases.span(window)) failed.")
            worst = failureRate >= 0.5 ? .unhealthy : .degraded
        }
        if let age = oldestPendingAge, age > 300_000 {
            reasons.append("A task has been waiting for its turn for \(Phrases.span(age)).")
            if worst == .healthy { worst = .degraded }
        }
        if !isFullyDurable {
            reasons.append("What is acknowledged may not survive a power cut.")
            if worst == .healthy { worst = .degraded }
        }
        status = worst
    }
}
