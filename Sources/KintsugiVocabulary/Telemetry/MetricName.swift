/// The metrics, by their Prometheus names. Seconds, bytes and ratios; never a milli.
public enum MetricName: String, Sendable, Hashable, CaseIterable {
    // Under the root name: fixed by the product.
    case taskStarted = "task_started_total"
    case taskCompleted = "task_completed_total"
    case taskFailed = "task_failed_total"
    case taskRetry = "task_retry_total"
    case taskDuration = "task_duration_seconds"

    case tasks = "kintsugi_tasks"
    case oldestPendingAge = "kintsugi_oldest_pending_age_seconds"
    case taskCreated = "kintsugi_task_created_total"
    case taskCancelled = "kintsugi_task_cancelled_total"
    case taskWait = "kintsugi_task_wait_seconds"
    case taskRun = "kintsugi_task_run_seconds"
    case attempts = "kintsugi_attempts_total"
    case attemptDuration = "kintsugi_attempt_duration_seconds"
    case runningCalls = "kintsugi_running_calls"
    case holds = "kintsugi_holds_total"
    case heldTasks = "kintsugi_held_tasks"
    case breakerState = "kintsugi_circuit_breaker_state"
    case breakerTransitions = "kintsugi_circuit_breaker_transitions_total"
    case deadLetters = "kintsugi_dead_letters"
    case deadLettersAdded = "kintsugi_dead_letters_added_total"
    case deadLettersRemoved = "kintsugi_dead_letters_removed_total"
    case alertsRaised = "kintsugi_alert_tasks_total"
    case alertsResolved = "kintsugi_alert_tasks_cured_total"
    case alertDeliveries = "kintsugi_alert_deliveries_total"
    case streams = "kintsugi_streams"
    case storeAppend = "kintsugi_store_append_seconds"
    case storeBatch = "kintsugi_store_batch_units"
    case storeErrors = "kintsugi_store_errors_total"
    case loopLag = "kintsugi_loop_lag_seconds"
    case telemetryDropped = "kintsugi_telemetry_dropped_total"
    case buildInfo = "kintsugi_build_info"

    public enum Kind: Sendable, Hashable {
        case counter, gauge
        /// With the upper bounds of its buckets.
        case histogram([Double])
    }

    /// Whether the root name stands before it.
    public var isUnderRoot: Bool { !rawValue.hasPrefix("kintsugi_") }

    /// The whole name.
    public func text(root: String) -> String { isUnderRoot ? root + "_" + rawValue : rawValue }

    /// From 1 ms to 1 h: tasks and their parts.
    private static let spans: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600,
    ]
    /// From 0.1 ms to 1 s: what the server itself does.
    private static let moments: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
    ]

    public var kind: Kind {
        switch self {
        case .taskDuration, .taskWait, .taskRun, .attemptDuration: .histogram(Self.spans)
        case .storeAppend, .loopLag: .histogram(Self.moments)
        case .storeBatch: .histogram([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
        case .tasks, .oldestPendingAge, .runningCalls, .heldTasks, .breakerState, .deadLetters, .streams,
            .buildInfo:
            .gauge
        default: .counter
        }
    }

    /// The labels of its series. Values of `type` and `provider` beyond the first hundred are told as `other`.
    public var labels: [String] {
        switch self {
        case .taskStarted, .taskCreated, .taskCancelled: ["type"]
        case .taskCompleted, .taskDuration: ["type", "outcome"]
        case .taskFailed: ["type", "reason"]
        case .taskRetry: ["type", "error_type"]
        case .taskWait, .taskRun: ["type"]
        case .tasks: ["status"]
        case .attempts: ["provider", "outcome", "error_type"]
        case .attemptDuration, .holds, .heldTasks: ["provider"]
        case .breakerState, .breakerTransitions: ["provider", "state"]
        case .deadLetters: ["status"]
        case .deadLettersAdded: ["reason"]
        case .deadLettersRemoved: ["outcome"]
        case .alertsRaised: ["severity"]
        case .alertDeliveries: ["channel", "outcome"]
        case .storeErrors: ["error"]
        case .buildInfo: ["version"]
        default: []
        }
    }

    public var help: String {
        switch self {
        case .taskStarted: "Rounds of tasks that began."
        case .taskCompleted: "Tasks that are done."
        case .taskFailed: "Tasks that failed after all that could be tried."
        case .taskRetry: "Attempts that will be made after one failed."
        case .taskDuration: "From a task's creation, or its run_at, to its end."
        case .tasks: "Tasks by status."
        case .oldestPendingAge: "For how long the longest-waiting ready task has been waiting."
        case .taskCreated: "Tasks taken in."
        case .taskCancelled: "Tasks that were cancelled."
        case .taskWait: "From a task's creation, or its run_at, to its first attempt."
        case .taskRun: "From the beginning of a completed task's round to its end."
        case .attempts: "Calls of agents that are over."
        case .attemptDuration: "From a call to its end; of accepted work to its report."
        case .runningCalls: "Calls of agents under way."
        case .holds: "Tasks that had to wait for a circuit breaker."
        case .heldTasks: "Tasks that wait for a circuit breaker, as far as they are in memory."
        case .breakerState: "1 for the state in which the circuit breaker is, 0 for the others."
        case .breakerTransitions: "Changes of a circuit breaker to this state."
        case .deadLetters: "Dead letters by status."
        case .deadLettersAdded: "Tasks that entered the dead letter queue."
        case .deadLettersRemoved: "Dead letters that were retried, resolved or discarded."
        case .alertsRaised: "Tasks that raised or joined an alert."
        case .alertsResolved: "Tasks that were cured after they had raised or joined an alert."
        case .alertDeliveries: "Notifications of channels that are over."
        case .streams: "Live streams that are open."
        case .storeAppend: "From the hand-over of work to its being durable."
        case .storeBatch: "Units that were handed over together."
        case .storeErrors: "Work that the store refused, but for version conflicts."
        case .loopLag: "From the scheduler's oldest waiting input to its being taken."
        case .telemetryDropped: "Observations that were dropped, because those who listen are too slow."
        case .buildInfo: "1; the version is in the label."
        }
    }
}
