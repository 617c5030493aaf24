import KintsugiCore
import KintsugiVocabulary
import KintsugiWire

extension TimelineMoment {
    /// The members that the API's document promises for events of this type.
    var data: JSONText { JSONText(valid: JSONWriter.object { members(to: &$0) }) }

    private func members(to json: inout JSONWriter) {
        switch event {
        case .taskCreated(let spec): created(spec, to: &json)
        case .taskStarted: RetryPolicyResource(after.spec.retryPolicy).members(to: &json)
        case .attemptStarted(let start): started(start, to: &json)
        case .attemptSuccess(let success):
            json.member("number", success.number)
            json.member("duration_ms", success.duration)
            json.member("http_status", success.httpStatus ?? (success.report == nil ? nil : 202))
            json.member("output_bytes", (output ?? .null).bytes.count)
        case .attemptFailed(let failed):
            json.member("number", failed.number)
            json.member("duration_ms", failed.duration)
            json.member("error", resource: ErrorResource(failed.failure))
        case .taskRetried(let delay, let due, let next):
            json.member("delay_ms", delay)
            json.member("due_at", due.rfc3339)
            json.member("next_attempt", next)
            json.member("max_attempts", after.runningChain?.maxAttempts ?? maxAttempts)
            json.member("retry_after_ms", before.lastFailure?.failure.retryAfter.map { min($0, 600_000) })
        case .taskFailed(let reason, let failure):
            json.member("reason", reason.rawValue)
            json.member("error", resource: ErrorResource(failure))
            json.member("attempts", attemptsInRound)
            json.member("duration_ms", sinceRoundBegan)
        case .movedToDLQ(let id, let reason):
            json.member("failed_task_id", id.description)
            json.member("reason", reason.rawValue)
            json.member("error_group", after.signature(of: reason).fingerprint)
        case .taskCompleted(let output): completed(output, to: &json)
        case .attemptAccepted(let number, let until):
            json.member("number", number)
            json.member("duration_ms", sinceAttemptBegan)
            json.member("http_status", 202)
            json.member("times_out_at", until.rfc3339)
        case .taskProgress(let progress):
            json.member("number", progress.attempt)
            json.member("percent", progress.percent)
            json.member("message", progress.message)
        default: breakerMembers(to: &json)
        }
    }

    private func breakerMembers(to json: inout JSONWriter) {
        switch event {
        case .circuitBreakerOpened(let provider, let until, let rate):
            json.member("provider", provider.rawValue)
            json.member("cause", nil as String?)
            json.member("failure_rate", rate)
            json.member("calls", nil as Int?)
            json.member("consecutive_failures", nil as Int?)
            json.member("open_ms", max(1, until - at))
            json.member("probe_at", until.rfc3339)
        case .taskHeld(let provider, let until):
            json.member("provider", provider.rawValue)
            json.member("until", until.rfc3339)
            json.member("probe_at", nil as String?)
        case .taskReleased(let provider, let probe):
            json.member("provider", provider.rawValue)
            json.member("cause", probe ? "probe" : "breaker_closed")
            json.member("held_ms", max(0, at - (heldAt ?? at)))
        case .retriesSkipped(let provider, let remaining):
            json.member("provider", provider.rawValue)
            json.member("cause", before.spec.retryPolicy.onOpenBreaker == .skip ? "policy" : "hold_expired")
            json.member("remaining_attempts", remaining)
        case .circuitBreakerHalfOpened(let provider), .circuitBreakerClosed(let provider):
            json.member("provider", provider.rawValue)
            json.member("open_for_ms", nil as Int?)
            json.member("probes", nil as Int?)
        default: rareMembers(to: &json)
        }
    }

    private func rareMembers(to json: inout JSONWriter) {
        switch event {
        case .attemptAbandoned(let number, let node):
            json.member("number", number)
            json.member("node", node)
            json.member("error", resource: after.lastFailure.map { ErrorResource($0.failure) })
        case .attemptInterrupted(let number):
            json.member("number", number)
            json.member("node", before.attempt?.start.node ?? "")
            json.member("duration_ms", sinceAttemptBegan)
        case .taskCancelled(let reason, _):
            json.member("reason", reason)
            json.member("from_status", before.status.rawValue)
            json.member("aborted_attempt", before.currentAttempt)
        case .taskRequeued(let requeue): requeued(requeue, to: &json)
        case .inputEdited(let before, let after, let revision, _):
            json.member("before", json: before)
            json.member("after", json: after)
            json.member(
                "idempotency_key", revision == 1 ? "\(self.after.id)" : "\(self.after.id)-\(revision)")
        case .lateResult(let late): self.late(late, to: &json)
        case .deadLetterResolved(let id, let note, _), .deadLetterDiscarded(let id, let note, _):
            json.member("failed_task_id", id.description)
            json.member("note", note)
        default: laterMembers(to: &json)
        }
    }

    private func laterMembers(to json: inout JSONWriter) {
        switch event {
        case .fallback(let fallback): chainMembers(fallback, to: &json)
        case .taskEscalated(let until, let message): escalated(until, message, to: &json)
        case .taskResumed(let resumption): resumed(resumption, to: &json)
        case .alertRaised(let mark):
            json.member("alert_id", mark.id.description)
            json.member("severity", mark.severity.rawValue)
            json.member("cause", mark.cause)
            json.member("title", "A task needs a person.")
            json.member("failed_task_id", after.deadLetter?.id.description)
        case .alertResolved(let id): json.member("alert_id", id.description)
        default: break
        }
    }

    private func created(_ spec: TaskSpec, to json: inout JSONWriter) {
        json.member("type", spec.type)
        json.member("agent_id", spec.agentID?.rawValue)
        json.member("capability", spec.capability)
        json.member("user_id", spec.userID.rawValue)
        json.member("origin", spec.origin.rawValue)
        json.member("parent_task_id", spec.parent?.description)
        json.member("input_bytes", spec.input.bytes.count)
        json.member("priority", spec.priority)
        json.member("run_at", spec.runAt?.rfc3339)
        json.member("timeout_ms", spec.timeout)
        json.member("deadline_at", spec.deadline?.rfc3339)
        json.member("retry_policy", resource: RetryPolicyResource(spec.retryPolicy))
        json.member("payment", payment: spec.payment)
        json.member("metadata", pairs: spec.metadata.map { ($0.key, $0.value) })
        json.member("fallback_chain_id", spec.fallbackChainID)
        json.member("traceparent", spec.traceparent)
    }

    private func started(_ start: AttemptStart, to json: inout JSONWriter) {
        json.member("number", start.number)
        json.member("agent_id", start.agentID.rawValue)
        json.member("provider", start.provider.rawValue)
        json.member("node", start.node)
        json.member("breaker_state", start.breaker.rawValue)
        json.member("failure_rate", start.failureRate)
        json.member("probe", start.probe)
        json.member("counted", start.counted)
        json.member("fallback_step", start.step)
        json.member("queue_ms", before.queued(until: at))
        json.member("timeout_ms", start.timeout)
    }

    private func completed(_ output: JSONText?, to json: inout JSONWriter) {
        json.member("source", source)
        json.member("strategy", mending?.strategy.rawValue)
        json.member("attempts", attemptsInRound)
        json.member("duration_ms", sinceRoundBegan)
        json.member("output_bytes", (output ?? .null).bytes.count)
    }

    private func requeued(_ requeue: Requeue, to json: inout JSONWriter) {
        json.member("trigger", requeue.cause.rawValue)
        json.member("reason", requeue.reason)
        json.member("failed_task_id", requeue.failedTaskID.description)
        json.member("agent_id", requeue.agentID?.rawValue)
        json.member("delay_ms", max(0, requeue.due - at))
        json.member("due_at", requeue.due.rfc3339)
        json.member("deadline_at", requeue.deadline?.rfc3339)
        json.member("input_edited", isInputEdited)
    }

    private func late(_ late: LateResult, to json: inout JSONWriter) {
        let isAnswer =
            late.mark == ReportMark(kind: "answer", body: late.output?.bytes ?? [])
            || late.mark == ReportMark(kind: "answer-fail", body: Array((late.message ?? "").utf8))
        json.member("number", late.attempt)
        json.member("source", isAnswer ? "answer" : "report")
        json.member(
            "outcome", late.kind == .complete ? "succeeded" : late.kind == .fail ? "failed" : "progress")
        json.member("output", json: late.output)
        let failure = late.kind == .fail ? Failure(type: .agentReported, message: late.message ?? "") : nil
        json.member("error", resource: failure.map { ErrorResource($0) })
        json.member("percent", nil as Double?)
        json.member("message", late.kind == .progress ? late.message : nil)
    }
}

extension TaskState {
    /// From when it could have begun until it did.
    func queued(until now: Timestamp) -> Milliseconds {
        guard case .pending(let due, _) = phase else { return 0 }
        return max(0, now - due)
    }
}
