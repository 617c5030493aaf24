public import KintsugiVocabulary

/// What happened over time, in equal buckets, with marks where breakers changed.
public struct StatsResource: Resource {
    public var from: String
    /// When the last bucket ends.
    public var to: String
    public var window: Int64
    public var bucket: Int64
    public var data: [StatsBucketResource]
    /// Oldest first.
    public var marks: [StatsMarkResource]

    package init(
        from: String, to: String, window: Int64, bucket: Int64, data: [StatsBucketResource],
        marks: [StatsMarkResource]
    ) {
        self.from = from
        self.to = to
        self.window = window
        self.bucket = bucket
        self.data = data
        self.marks = marks
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("from", from)
            json.member("to", to)
            json.member("window_ms", window)
            json.member("bucket_ms", bucket)
            json.member("data", resources: data)
            json.member("marks", resources: marks)
        }
    }
}

/// What happened from `at` on until the next bucket begins.
public struct StatsBucketResource: Resource {
    public var at = ""
    public var created = 0
    public var completed = 0
    public var failed = 0
    public var cancelled = 0
    public var retried = 0
    /// Unfinished tasks at its end.
    public var active = 0
    /// Nil: nothing ended.
    public var failureRate: Double?
    public var execution = ExecutionTimes()

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("at", at)
            json.member("created", created)
            json.member("completed", completed)
            json.member("failed", failed)
            json.member("cancelled", cancelled)
            json.member("retried", retried)
            json.member("active", active)
            json.member("failure_rate", failureRate)
            json.member("avg_execution_ms", execution.average)
            json.member("p50_execution_ms", execution.p50)
            json.member("p95_execution_ms", execution.p95)
            json.member("p99_execution_ms", execution.p99)
        }
    }
}

/// An average and percentiles; nil if there is nothing to tell them of.
public struct ExecutionTimes: Sendable {
    public var average: Double?
    public var p50: Int64?
    public var p95: Int64?
    public var p99: Int64?

    package init() {}
}

/// How an agent's attempts went, and what it has to do.
public struct AgentStatsResource: Resource {
    public var window: Int64 = 1
    public var succeeded = 0
    public var failed = 0
    public var execution = ExecutionTimes()
    public var errors: [ErrorType: Int] = [:]
    /// Tasks in progress.
    public var running = 0
    /// Its other unfinished tasks.
    public var waiting = 0

    package init() {}

    package func write(to json: inout JSONWriter) {
        let attempts = succeeded + failed
        json.object { json in
            json.member("window_ms", window)
            json.member("attempts", attempts)
            json.member("succeeded", succeeded)
            json.member("failed", failed)
            json.member("success_rate", attempts == 0 ? nil : Double(succeeded) / Double(attempts))
            json.member("avg_ms", execution.average)
            json.member("p50_ms", execution.p50)
            json.member("p95_ms", execution.p95)
            json.member("p99_ms", execution.p99)
            json.member("errors") { json in
                for type in ErrorType.allCases {
                    guard let count = errors[type], count > 0 else { continue }
                    json.key(text: type.rawValue)
                    json.int(count)
                }
            }
            json.member("running", running)
            json.member("waiting", waiting)
        }
    }
}

/// A change of a provider's circuit breaker.
public struct StatsMarkResource: Resource {
    public var at: String
    public var type: String
    public var provider: String
    /// Of one that a person forced; nil below admin.
    public var reason: String?

    package init(at: String, type: String, provider: String, reason: String?) {
        self.at = at
        self.type = type
        self.provider = provider
        self.reason = reason
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("at", at)
            $0.member("type", type)
            $0.member("provider", provider)
            $0.member("reason", reason)
        }
    }
}
