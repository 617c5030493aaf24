public import KintsugiVocabulary

/// How the engine is.
public struct HealthResource: Resource {
    public enum Status: String, Sendable, Hashable, CaseIterable {
        case healthy, degraded, unhealthy
    }

    public var status = Status.healthy
    /// Why it is not healthy.
    public var reasons: [String] = []
    public var counts: [TaskStatus: Int] = [:]
    public var window: Int64 = 1
    public var failureRate = 0.0
    public var throughputPerSecond = 0.0
    public var averageExecution: Double?
    public var p50Execution: Int64?
    public var p95Execution: Int64?
    public var p99Execution: Int64?
    public var oldestPendingAge: Int64?
    public var circuitBreakers: [CircuitBreakerResource] = []
    public var pendingDeadLetters = 0
    public var value: [Money] = []
    public var nodes: [NodeResource] = []
    public var isFullyDurable = true
    public var areSecretsSealed = true
    public var at = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("status", status.rawValue)
            json.member("reasons", texts: reasons)
            json.member("queue_depth", counts[.pending] ?? 0)
            json.member("counts") { json in
                for status in TaskStatus.allCases {
                    json.key(text: status.rawValue)
                    json.int(counts[status] ?? 0)
                }
            }
            json.member("window_ms", window)
            json.member("failure_rate", failureRate)
            json.member("throughput_per_s", throughputPerSecond)
            json.member("avg_execution_ms", averageExecution)
            json.member("p50_execution_ms", p50Execution)
            json.member("p95_execution_ms", p95Execution)
            json.member("p99_execution_ms", p99Execution)
            json.member("oldest_pending_age_ms", oldestPendingAge)
            json.member("circuit_breakers", array: circuitBreakers) { $1.writeShort(to: &$0) }
            json.member("dead_letters") {
                $0.member("pending", pendingDeadLetters)
                $0.member("value", money: value)
            }
            json.member("nodes", resources: nodes)
            json.member("durability", isFullyDurable ? "full" : "degraded")
            json.member("secrets", areSecretsSealed ? "sealed" : "unsealed")
            json.member("at", at)
        }
    }
}

/// A process that runs tasks.
public struct NodeResource: Resource {
    public var id: String
    public var startedAt: String
    public var seenAt: String
    /// Attempts it runs.
    public var running: Int?
    /// Live streams that are open; nil below admin.
    public var streams: Int?

    package init(id: String, startedAt: String, seenAt: String, running: Int?) {
        self.id = id
        self.startedAt = startedAt
        self.seenAt = seenAt
        self.running = running
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("id", id)
            $0.member("status", "up")
            $0.member("started_at", startedAt)
            $0.member("seen_at", seenAt)
            $0.member("running", running)
            $0.member("streams", streams)
        }
    }
}

/// The circuit breaker of a provider.
public struct CircuitBreakerResource: Resource {
    public var provider = ""
    public var state = BreakerState.closed
    public var failureRate = 0.0
    /// Nil below admin.
    public var calls: Int?
    /// Outcomes of the last calls, newest last; true is a success.
    public var recent: [Bool] = []
    public var openedAt: String?
    public var probeAt: String?
    public var trips = 0
    /// Nil below admin.
    public var heldTasks: Int?
    public var isForced = false
    public var forcedUntil: String?
    public var forcedReason: String?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("provider", provider)
            json.member("state", state.rawValue)
            json.member("failure_rate", failureRate)
            json.member("calls", calls)
            json.member("recent", texts: recent.map { $0 ? "success" : "failure" })
            json.member("opened_at", openedAt)
            json.member("probe_at", probeAt)
            json.member("trips_24h", trips)
            json.member("held_tasks", heldTasks)
            json.member("forced", isForced)
            json.member("forced_until", forcedUntil)
            json.member("forced_reason", forcedReason)
        }
    }

    func writeShort(to json: inout JSONWriter) {
        json.object { json in
            json.member("provider", provider)
            json.member("state", state.rawValue)
            json.member("opened_at", openedAt)
            json.member("probe_at", probeAt)
            json.member("failure_rate", failureRate)
        }
    }
}
