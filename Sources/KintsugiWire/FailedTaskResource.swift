public import KintsugiVocabulary

/// An entry of the dead letter queue.
public struct FailedTaskResource: Resource {
    public var id = ""
    public var status = DeadLetterStatus.pending
    public var reason = DeadLetterReason.permanentError
    public var agentID: String?
    public var error: ErrorResource?
    public var errorGroup = ""
    public var attempts = 0
    /// What it raised by coming here.
    public var alert: AlertMarkResource?
    public var failedAt = ""
    public var closedAt: String?
    public var closedBy: String?
    public var note: String?
    /// The task as it was when it came here.
    public var task: TaskResource
    /// Best first.
    public var suggestedStrategies: [String] = []

    package init(task: TaskResource) { self.task = task }

    package func write(to json: inout JSONWriter) { write(to: &json, withTask: true) }

    func write(to json: inout JSONWriter, withTask: Bool) {
        json.object { json in
            json.member("id", id)
            json.member("task_id", task.id)
            json.member("status", status.rawValue)
            json.member("reason", reason.rawValue)
            json.member("agent_id", agentID)
            json.member("task_type", task.type)
            json.member("user_id", task.userID)
            json.member("error", resource: error)
            json.member("error_group", errorGroup)
            json.member("attempts", attempts)
            json.member("payment", payment: task.payment)
            json.member("alert", resource: alert)
            json.member("failed_at", failedAt)
            json.member("closed_at", closedAt)
            json.member("closed_by", closedBy)
            json.member("note", note)
            if withTask { json.member("task", resource: task) }
            json.member("suggested_strategies", texts: suggestedStrategies)
        }
    }
}

/// The alert that a task is part of, with the task's own severity.
public struct AlertMarkResource: Resource {
    public var id: String
    public var severity: AlertSeverity

    package init(id: String, severity: AlertSeverity) {
        self.id = id
        self.severity = severity
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("id", id)
            $0.member("severity", severity.rawValue)
        }
    }
}

/// An entry without its task, where it stands for others.
public struct FailedTaskSampleResource: Resource {
    public var entry: FailedTaskResource

    package init(entry: FailedTaskResource) { self.entry = entry }

    package func write(to json: inout JSONWriter) { entry.write(to: &json, withTask: false) }
}

/// An entry that was retried, and its task in the new round.
public struct FailedTaskRetriedResource: Resource {
    public var failedTask: FailedTaskResource
    public var task: TaskResource

    package init(failedTask: FailedTaskResource, task: TaskResource) {
        self.failedTask = failedTask
        self.task = task
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("failed_task", resource: failedTask)
            $0.member("task", resource: task)
        }
    }
}

/// The sums of the dead letter queue: `in` = `out` + `pending`, always.
public struct FailedTaskSummaryResource: Resource {
    public var entered = 0
    public var pending = 0
    public var retried = 0
    public var resolved = 0
    public var discarded = 0
    public var value: [Money] = []
    public var oldestPendingAt: String?
    public var at = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("in", entered)
            json.member("out", retried + resolved + discarded)
            json.member("pending", pending)
            json.member("retried", retried)
            json.member("resolved", resolved)
            json.member("discarded", discarded)
            json.member("value", money: value)
            json.member("oldest_pending_at", oldestPendingAt)
            json.member("at", at)
        }
    }
}
