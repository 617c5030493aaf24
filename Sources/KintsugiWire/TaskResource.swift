public import KintsugiVocabulary

/// A task as clients see it.
public struct TaskResource: Resource {
    public var id = ""
    public var type = ""
    public var status = TaskStatus.pending
    public var statusReason = StatusReason.queued
    /// The same in a sentence a person understands.
    public var explanation = ""
    public var userID = ""
    public var agentID: String?
    public var capability: String?
    public var provider: String?
    package var input = JSONText.null
    package var output: JSONText?
    public var error: ErrorResource?
    public var priority = 0
    public var attempt = 0
    public var round = 1
    public var roundAttempt = 0
    public var retryPolicy = RetryPolicyResource()
    public var progress: ProgressResource?
    public var payment: Payment?
    public var metadata: [(key: String, value: String)] = []
    public var fallbackChainID: String?
    /// The chain of this round, if one has begun.
    public var fallback: FallbackResource?
    /// The task that it compensates.
    public var parentTaskID: String?
    public var failedTaskID: String?
    public var createdAt = ""
    public var runAt: String?
    public var startedAt: String?
    public var nextAttemptAt: String?
    public var finishedAt: String?
    public var deadlineAt: String?
    public var timeout: Int64 = 30_000
    /// The `seq` of its last event.
    public var version = 1
    /// Only where they were asked for: the newest ones, oldest first.
    public var attempts: [AttemptResource]?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("type", type)
            json.member("status", status.rawValue)
            json.member("status_reason", statusReason.rawValue)
            json.member("explanation", explanation)
            json.member("user_id", userID)
            json.member("agent_id", agentID)
            json.member("capability", capability)
            json.member("provider", provider)
            json.member("input", json: input)
            json.member("output", json: output)
            json.member("error", resource: error)
            json.member("priority", priority)
            json.member("attempt", attempt)
            json.member("round", round)
            json.member("round_attempt", roundAttempt)
            json.member("retry_policy", resource: retryPolicy)
            json.member("progress", resource: progress)
            json.member("payment", payment: payment)
            json.member("metadata", pairs: metadata)
            json.member("fallback_chain_id", fallbackChainID)
            json.member("fallback", resource: fallback)
            json.member("parent_task_id", parentTaskID)
            json.member("failed_task_id", failedTaskID)
            json.member("created_at", createdAt)
            json.member("run_at", runAt)
            json.member("started_at", startedAt)
            json.member("next_attempt_at", nextAttemptAt)
            json.member("finished_at", finishedAt)
            json.member("deadline_at", deadlineAt)
            json.member("timeout_ms", timeout)
            json.member("version", version)
            if let attempts { json.member("attempts", resources: attempts) }
        }
    }
}

/// A classified error. Those that events carry have no time of their own.
public struct ErrorResource: Resource {
    public var type: ErrorType
    public var errorClass: ErrorClass
    public var message: String
    public var httpStatus: Int?
    public var retryAfter: Int64?
    public var sent: Sent
    public var at: String?

    package init(
        type: ErrorType, errorClass: ErrorClass, message: String, httpStatus: Int?, retryAfter: Int64?,
        sent: Sent,
        at: String?
    ) {
        self.type = type
        self.errorClass = errorClass
        self.message = message
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.sent = sent
        self.at = at
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", type.rawValue)
            json.member("class", errorClass.rawValue)
            json.member("message", message)
            json.member("http_status", httpStatus)
            json.member("retry_after_ms", retryAfter)
            json.member("sent", sent.rawValue)
            json.optional("at", at)
        }
    }
}

/// Where a task is in its fallback chain, or where that ended.
public struct FallbackResource: Resource {
    public var chainID: String
    public var name: String
    /// Of the chain, when the task began it.
    public var version: Int
    /// From 1; 0: every step was passed over.
    public var step: Int
    public var of: Int
    public var strategy: Strategy?

    package init(
        chainID: String, name: String, version: Int, step: Int, of: Int, strategy: Strategy?
    ) {
        self.chainID = chainID
        self.name = name
        self.version = version
        self.step = step
        self.of = of
        self.strategy = strategy
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("chain_id", chainID)
            json.member("name", name)
            json.member("version", version)
            json.member("step", step)
            json.member("of", of)
            json.member("strategy", strategy?.rawValue)
        }
    }
}

/// How a task's attempts are repeated.
public struct RetryPolicyResource: Resource {
    public var maxAttempts = 6
    public var baseDelay: Int64 = 1000
    public var maxDelay: Int64 = 30_000
    public var jitter = 0.25
    public var maxElapsed: Int64?
    public var onOpenBreaker = OpenBreakerPolicy.hold
    public var hold: Int64 = 600_000

    package init() {}

    package func write(to json: inout JSONWriter) { json.object { members(to: &$0) } }

    package func members(to json: inout JSONWriter) {
        json.member("max_attempts", maxAttempts)
        json.member("base_delay_ms", baseDelay)
        json.member("max_delay_ms", maxDelay)
        json.member("jitter", jitter)
        json.member("max_elapsed_ms", maxElapsed)
        json.member("on_open_breaker", onOpenBreaker.rawValue)
        json.member("hold_ms", hold)
    }
}

/// The last progress report.
public struct ProgressResource: Resource {
    public var percent: Double
    public var message: String?
    public var at: String

    package init(percent: Double, message: String?, at: String) {
        self.percent = percent
        self.message = message
        self.at = at
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("percent", percent)
            $0.member("message", message)
            $0.member("at", at)
        }
    }
}

/// What a batch has made, in the order of the request.
public struct TaskBatchResource: Resource {
    public var data: [TaskResource]

    package init(data: [TaskResource]) { self.data = data }

    package func write(to json: inout JSONWriter) { json.object { $0.member("data", resources: data) } }
}

/// The answer to an agent's report.
public struct ReportReceiptResource: Resource {
    public var taskID: String
    public var attempt: Int
    public var status: AttemptStatus

    package init(taskID: String, attempt: Int, status: AttemptStatus) {
        self.taskID = taskID
        self.attempt = attempt
        self.status = status
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("task_id", taskID)
            $0.member("attempt", attempt)
            $0.member("status", status.rawValue)
        }
    }
}

extension JSONWriter {
    package mutating func member(_ name: StaticString, payment: Payment?) {
        key(name)
        guard let payment else { return null() }
        object { json in
            json.member("amount", payment.money.amount)
            json.member("currency", payment.money.currency)
            json.member("kind", payment.kind)
            json.member("reference", payment.reference)
            json.member("payer", payment.payer)
            json.member("payee", payment.payee)
        }
    }

    package mutating func member(_ name: StaticString, pairs: [(key: String, value: String)]) {
        member(name) { json in
            for pair in pairs {
                json.key(text: pair.key)
                json.string(pair.value)
            }
        }
    }
}
