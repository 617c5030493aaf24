public import KintsugiVocabulary

/// One event of a task's timeline.
public struct TimelineEventResource: Resource {
    public var seq: Int
    public var position: Int64
    public var type: EventType
    public var severity: Severity
    public var at: String
    public var attempt: Int?
    public var round: Int
    public var message: String
    /// An object; its members depend on the type.
    package var data: JSONText
    public var actor: String

    package init(
        seq: Int, position: Int64, type: EventType, severity: Severity, at: String, attempt: Int?, round: Int,
        message: String, data: JSONText, actor: String
    ) {
        self.seq = seq
        self.position = position
        self.type = type
        self.severity = severity
        self.at = at
        self.attempt = attempt
        self.round = round
        self.message = message
        self.data = data
        self.actor = actor
    }

    package func write(to json: inout JSONWriter) { json.object { members(to: &$0) } }

    package func members(to json: inout JSONWriter) {
        json.member("seq", seq)
        json.member("position", position)
        json.member("type", type.rawValue)
        json.member("severity", severity.rawValue)
        json.member("at", at)
        json.member("attempt", attempt)
        json.member("round", round)
        json.member("message", message)
        json.member("data", json: data)
        json.member("actor", actor)
    }
}

/// One execution attempt.
public struct AttemptResource: Resource {
    public var number = 1
    public var round = 1
    public var status = AttemptStatus.running
    public var probe = false
    /// The step of the fallback chain that it was made for.
    public var fallbackStep: Int?
    public var agentID: String?
    public var provider: String?
    public var node = ""
    public var startedAt = ""
    public var finishedAt: String?
    public var queue: Int64 = 0
    public var duration: Int64?
    public var httpStatus: Int?
    public var error: ErrorResource?
    /// The provider's breaker when the attempt began.
    public var breakerState = BreakerState.closed
    public var failureRate = 0.0
    /// The retry that was scheduled after it.
    public var retry: (delay: Int64, nextAttemptAt: String)?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", number)
            json.member("round", round)
            json.member("status", status.rawValue)
            json.member("probe", probe)
            json.member("fallback_step", fallbackStep)
            json.member("agent_id", agentID)
            json.member("provider", provider)
            json.member("node", node)
            json.member("started_at", startedAt)
            json.member("finished_at", finishedAt)
            json.member("queue_ms", queue)
            json.member("duration_ms", duration)
            json.member("http_status", httpStatus)
            json.member("error", resource: error)
            json.member("circuit_breaker") {
                $0.member("provider", provider)
                $0.member("state", breakerState.rawValue)
                $0.member("failure_rate", failureRate)
            }
            json.key("retry")
            guard let retry else { return json.null() }
            json.object {
                $0.member("delay_ms", retry.delay)
                $0.member("next_attempt_at", retry.nextAttemptAt)
            }
        }
    }
}
