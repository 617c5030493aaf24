/// What telemetry events are called, below the root name (`agrenting` unless configured otherwise).
///
/// Each says which measurements and metadata its events carry; what is not known is left out.
public enum TelemetryName: String, Sendable, Hashable, CaseIterable {
    case taskCreated = "task.created"
    case taskStarted = "task.started"
    case taskCompleted = "task.completed"
    case taskFailed = "task.failed"
    case taskRetry = "task.retry"
    case taskCancelled = "task.cancelled"
    case attemptStarted = "attempt.started"
    case attemptStopped = "attempt.stopped"
    case holdStarted = "hold.started"
    case holdStopped = "hold.stopped"
    case breakerChanged = "breaker.changed"
    case deadLetterAdded = "dead_letter.added"
    case deadLetterRemoved = "dead_letter.removed"
    case alertRaised = "alert.raised"
    case alertResolved = "alert.resolved"
    case alertDelivered = "alert.delivered"
    case streamOpened = "stream.opened"
    case streamClosed = "stream.closed"
    case storeAppended = "store.appended"
    case storeFailed = "store.failed"
    case telemetryDropped = "telemetry.dropped"

    /// The parts of the whole name, as `["agrenting", "task", "started"]`.
    public func path(root: String) -> [String] { [root] + rawValue.split(separator: ".").map(String.init) }

    /// What the event says in a few words.
    public var summary: String {
        switch self {
        case .taskCreated: "A task was taken in"
        case .taskStarted: "A round of a task began"
        case .taskCompleted: "A task is done"
        case .taskFailed: "A task failed after all that could be tried"
        case .taskRetry: "Another attempt will be made"
        case .taskCancelled: "A task was cancelled"
        case .attemptStarted: "An agent is called"
        case .attemptStopped: "A call, or the work that an agent had accepted, is over"
        case .holdStarted: "A task waits for a circuit breaker to close"
        case .holdStopped: "A held task goes on"
        case .breakerChanged: "A circuit breaker changed its state"
        case .deadLetterAdded: "A task entered the dead letter queue"
        case .deadLetterRemoved: "A dead letter was retried, resolved or discarded"
        case .alertRaised: "A task raised or joined an alert"
        case .alertResolved: "A task that was part of an alert was cured"
        case .alertDelivered: "A channel was told of an alert, or could not be"
        case .streamOpened: "Somebody follows a live topic"
        case .streamClosed: "A live stream ended"
        case .storeAppended: "Work was made durable"
        case .storeFailed: "The store refused work"
        case .telemetryDropped: "Observations were dropped, because those who listen are too slow"
        }
    }

    /// What is measured; the unit stands in each name.
    public var measurements: [String] {
        switch self {
        case .taskCreated, .deadLetterAdded, .alertRaised, .alertResolved, .holdStarted, .holdStopped,
            .breakerChanged, .storeFailed:
            []
        case .taskStarted: ["wait_ms"]
        case .taskCompleted: ["duration_ms", "run_ms", "attempts"]
        case .taskFailed: ["duration_ms", "retry_count"]
        case .taskRetry: ["attempt", "delay_ms"]
        case .taskCancelled: ["duration_ms"]
        case .attemptStarted: ["attempt"]
        case .attemptStopped: ["attempt", "duration_ms"]
        case .deadLetterRemoved: ["age_ms"]
        case .alertDelivered: ["attempts", "duration_ms"]
        case .streamOpened, .streamClosed: ["open"]
        case .storeAppended: ["units", "duration_ms"]
        case .telemetryDropped: ["count"]
        }
    }

    /// What it is about.
    public var metadata: [String] {
        let task = ["task_id", "type", "user_id", "agent_id", "provider", "trace_id"]
        switch self {
        case .taskCreated, .taskStarted, .taskCancelled, .attemptStarted: return task
        case .taskCompleted: return task + ["outcome"]
        case .taskFailed: return task + ["reason", "error_type"]
        case .taskRetry: return task + ["error", "error_type"]
        case .attemptStopped: return task + ["outcome", "error_type", "http_status"]
        case .holdStarted, .holdStopped: return task
        case .breakerChanged: return ["provider", "state"]
        case .deadLetterAdded: return task + ["reason"]
        case .deadLetterRemoved: return task + ["outcome"]
        case .alertRaised: return task + ["alert_id", "severity"]
        case .alertResolved: return ["alert_id"]
        case .alertDelivered: return ["channel_id", "outcome"]
        case .streamOpened, .streamClosed, .storeAppended, .telemetryDropped: return []
        case .storeFailed: return ["error"]
        }
    }
}

/// Something that was observed.
public struct TelemetryEvent: Sendable, Hashable {
    /// As `["agrenting", "task", "completed"]`.
    public let path: [String]
    public let name: TelemetryName
    /// When it happened, in milliseconds since 1970.
    public let milliseconds: Int64
    public let measurements: [String: Double]
    public let metadata: [String: String]

    package init(
        name: TelemetryName, root: String, milliseconds: Int64, measurements: [String: Double],
        metadata: [String: String]
    ) {
        path = name.path(root: root)
        self.name = name
        self.milliseconds = milliseconds
        self.measurements = measurements
        self.metadata = metadata
    }
}
