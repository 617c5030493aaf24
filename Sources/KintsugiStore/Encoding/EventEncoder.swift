import KintsugiCore
import KintsugiVocabulary

/// The members of each event. The decoder beside it reads what this writes.
enum EventEncoder {
    static func members(of event: TaskEvent, into json: inout JSONWriter) {
        switch event {
        case .taskCreated(let spec): self.spec(spec, into: &json)
        case .taskStarted(let round): if round != 1 { json.member("round", round) }
        case .attemptStarted(let start): self.start(start, into: &json)
        case .attemptSuccess(let success):
            json.member("number", success.number)
            json.member("duration_ms", success.duration)
            json.optional("http_status", success.httpStatus)
            mark(success.report, into: &json)
        case .attemptFailed(let failed):
            json.member("number", failed.number)
            json.member("duration_ms", failed.duration)
            failure(failed.failure, into: &json)
            mark(failed.report, into: &json)
        case .taskRetried(let delay, let due, let next):
            json.member("delay_ms", delay)
            json.member("due_at", due.milliseconds)
            json.member("next_attempt", next)
        case .circuitBreakerOpened(let provider, let until, let rate):
            json.member("provider", provider.rawValue)
            json.member("until", until.milliseconds)
            json.member("failure_rate", rate)
        case .taskFailed(let reason, let failure):
            json.member("reason", reason.rawValue)
            self.failure(failure, into: &json)
        case .movedToDLQ(let id, let reason):
            json.member("failed_task_id", id.description)
            json.member("reason", reason.rawValue)
        case .taskCompleted(let output): json.optional("output", json: output)
        case .attemptAccepted(let number, let until):
            json.member("number", number)
            json.member("until", until.milliseconds)
        case .attemptAbandoned(let number, let node):
            json.member("number", number)
            json.member("node", node)
        case .attemptInterrupted(let number): json.member("number", number)
        case .taskProgress(let progress): self.progress(progress, into: &json)
        default: rareMembers(of: event, into: &json)
        }
    }

    private static func rareMembers(of event: TaskEvent, into json: inout JSONWriter) {
        switch event {
        case .taskCancelled(let reason, let actor):
            json.optional("reason", reason)
            json.member("actor", actor)
        case .taskRequeued(let requeue): self.requeue(requeue, into: &json)
        case .inputEdited(let before, let after, let revision, let actor):
            json.member("before", json: before)
            json.member("after", json: after)
            json.member("revision", revision)
            json.member("actor", actor)
        case .taskHeld(let provider, let until):
            json.member("provider", provider.rawValue)
            json.member("until", until.milliseconds)
        case .taskReleased(let provider, let probe):
            json.member("provider", provider.rawValue)
            json.member("probe", probe)
        case .retriesSkipped(let provider, let remaining):
            json.member("provider", provider.rawValue)
            json.member("remaining", remaining)
        case .circuitBreakerHalfOpened(let provider), .circuitBreakerClosed(let provider):
            json.member("provider", provider.rawValue)
        case .fallback(let fallback): self.fallback(fallback, into: &json)
        case .taskEscalated(let until, let message):
            json.optional("until", until?.milliseconds)
            json.optional("message", message)
        case .taskResumed(let resumption): resumed(resumption, into: &json)
        case .lateResult(let late):
            json.member("number", late.attempt)
            json.member("kind", late.kind.rawValue)
            json.optional("output", json: late.output)
            json.optional("message", late.message)
            mark(late.mark, into: &json)
        case .alertRaised(let mark):
            json.member("alert_id", mark.id.description)
            json.member("severity", mark.severity.rawValue)
            if !mark.cause.isEmpty { json.member("cause", mark.cause) }
        case .alertResolved(let id): json.member("alert_id", id.description)
        case .deadLetterResolved(let id, let note, let actor),
            .deadLetterDiscarded(let id, let note, let actor):
            json.member("failed_task_id", id.description)
            json.optional("note", note)
            json.member("actor", actor)
        default: preconditionFailure("no encoding for \(event.type)")
        }
    }

    private static func spec(_ spec: TaskSpec, into json: inout JSONWriter) {
        json.member("type", spec.type)
        json.member("user_id", spec.userID.rawValue)
        json.optional("agent_id", spec.agentID?.rawValue)
        json.optional("capability", spec.capability)
        if spec.input != .null { json.member("input", json: spec.input) }
        if spec.priority != 0 { json.member("priority", spec.priority) }
        json.optional("run_at", spec.runAt?.milliseconds)
        json.optional("timeout_ms", spec.timeout)
        json.optional("deadline_at", spec.deadline?.milliseconds)
        if spec.retryPolicy != .standard {
            json.member("retry_policy") { policy(spec.retryPolicy, into: &$0) }
        }
        if let payment = spec.payment { json.member("payment") { self.payment(payment, into: &$0) } }
        if !spec.metadata.isEmpty {
            json.member("metadata") { json in
                for pair in spec.metadata {
                    json.key(text: pair.key)
                    json.string(pair.value)
                }
            }
        }
        json.optional("fallback_chain_id", spec.fallbackChainID)
        if spec.origin != .user { json.member("origin", spec.origin.rawValue) }
        json.optional("traceparent", spec.traceparent)
        json.optional("parent", spec.parent?.description)
    }

    private static func policy(_ policy: RetryPolicy, into json: inout JSONWriter) {
        let standard = RetryPolicy.standard
        if policy.maxAttempts != standard.maxAttempts { json.member("max_attempts", policy.maxAttempts) }
        if policy.baseDelay != standard.baseDelay { json.member("base_delay_ms", policy.baseDelay) }
        if policy.maxDelay != standard.maxDelay { json.member("max_delay_ms", policy.maxDelay) }
        if policy.jitter != standard.jitter { json.member("jitter", policy.jitter) }
        json.optional("max_elapsed_ms", policy.maxElapsed)
        if policy.onOpenBreaker != standard.onOpenBreaker {
            json.member("on_open_breaker", policy.onOpenBreaker.rawValue)
        }
        if policy.hold != standard.hold { json.member("hold_ms", policy.hold) }
    }

    private static func payment(_ payment: Payment, into json: inout JSONWriter) {
        json.member("amount", payment.money.amount)
        json.member("currency", payment.money.currency)
        json.member("kind", payment.kind)
        json.optional("reference", payment.reference)
        json.optional("payer", payment.payer)
        json.optional("payee", payment.payee)
    }

    private static func start(_ start: AttemptStart, into json: inout JSONWriter) {
        json.member("number", start.number)
        json.member("agent_id", start.agentID.rawValue)
        if start.provider.rawValue != start.agentID.rawValue {
            json.member("provider", start.provider.rawValue)
        }
        json.member("node", start.node)
        if start.breaker != .closed { json.member("breaker_state", start.breaker.rawValue) }
        if start.failureRate != 0 { json.member("failure_rate", start.failureRate) }
        if start.probe { json.member("probe", true) }
        if !start.counted { json.member("counted", false) }
        if start.timeout != 30_000 { json.member("timeout_ms", start.timeout) }
        json.optional("step", start.step)
        if start.refreshesCredentials { json.member("refresh_credentials", true) }
    }

    static func failure(_ failure: Failure, into json: inout JSONWriter) {
        json.member("error") { json in
            json.member("type", failure.type.rawValue)
            json.member("class", failure.errorClass.rawValue)
            json.member("message", failure.message)
            json.optional("http_status", failure.httpStatus)
            json.optional("retry_after_ms", failure.retryAfter)
            json.member("sent", failure.sent.rawValue)
        }
    }

    private static func progress(_ progress: Progress, into json: inout JSONWriter) {
        json.member("number", progress.attempt)
        json.member("percent", progress.percent)
        json.optional("message", progress.message)
        json.optional("until", progress.until?.milliseconds)
    }

    private static func requeue(_ requeue: Requeue, into json: inout JSONWriter) {
        json.member("round", requeue.round)
        json.member("cause", requeue.cause.rawValue)
        json.member("actor", requeue.actor)
        json.member("failed_task_id", requeue.failedTaskID.description)
        json.member("due_at", requeue.due.milliseconds)
        json.optional("agent_id", requeue.agentID?.rawValue)
        json.optional("deadline_at", requeue.deadline?.milliseconds)
        json.optional("reason", requeue.reason)
    }

    /// As text: a 64-bit number does not survive every JSON reader.
    private static func mark(_ mark: ReportMark?, into json: inout JSONWriter) {
        if let mark { json.member("report", String(mark.value, radix: 16)) }
    }
}
