public import KintsugiVocabulary

/// What a list or a live event says of a task: everything but its payloads and how it was configured.
public struct TaskSummaryResource: Resource {
    public var id: String
    public var type: String
    public var status: TaskStatus
    public var statusReason: StatusReason
    public var explanation: String
    public var userID: String
    public var agentID: String?
    public var provider: String?
    public var error: ErrorResource?
    public var priority: Int
    public var attempt: Int
    public var round: Int
    public var roundAttempt: Int
    /// Of its retry policy.
    public var maxAttempts: Int
    public var progress: ProgressResource?
    public var payment: Payment?
    public var failedTaskID: String?
    public var createdAt: String
    public var startedAt: String?
    public var nextAttemptAt: String?
    public var finishedAt: String?
    public var deadlineAt: String?
    public var version: Int

    package init(_ task: TaskResource) {
        id = task.id
        type = task.type
        status = task.status
        statusReason = task.statusReason
        explanation = task.explanation
        userID = task.userID
        agentID = task.agentID
        provider = task.provider
        error = task.error
        priority = task.priority
        attempt = task.attempt
        round = task.round
        roundAttempt = task.roundAttempt
        maxAttempts = task.retryPolicy.maxAttempts
        progress = task.progress
        payment = task.payment
        failedTaskID = task.failedTaskID
        createdAt = task.createdAt
        startedAt = task.startedAt
        nextAttemptAt = task.nextAttemptAt
        finishedAt = task.finishedAt
        deadlineAt = task.deadlineAt
        version = task.version
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("type", type)
            json.member("status", status.rawValue)
            json.member("status_reason", statusReason.rawValue)
            json.member("explanation", explanation)
            json.member("user_id", userID)
            json.member("agent_id", agentID)
            json.member("provider", provider)
            json.member("error", resource: error)
            json.member("priority", priority)
            json.member("attempt", attempt)
            json.member("round", round)
            json.member("round_attempt", roundAttempt)
            json.member("max_attempts", maxAttempts)
            json.member("progress", resource: progress)
            json.member("payment", payment: payment)
            json.member("failed_task_id", failedTaskID)
            json.member("created_at", createdAt)
            json.member("started_at", startedAt)
            json.member("next_attempt_at", nextAttemptAt)
            json.member("finished_at", finishedAt)
            json.member("deadline_at", deadlineAt)
            json.member("version", version)
        }
    }
}

/// One event of a live topic, but for the topic: the same for everyone who sees it.
public struct LiveEventResource: Resource {
    public var taskID: String
    public var event: TimelineEventResource
    /// The task right after the event.
    public var task: TaskSummaryResource

    package init(taskID: String, event: TimelineEventResource, task: TaskSummaryResource) {
        self.taskID = taskID
        self.event = event
        self.task = task
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("task_id", taskID)
            event.members(to: &json)
            json.member("task", resource: task)
        }
    }
}
