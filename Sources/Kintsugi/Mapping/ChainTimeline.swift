import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// What fallback chains and escalations show on the timeline.
extension TimelineMoment {
    // MARK: Data

    func chainMembers(_ event: FallbackEvent, to json: inout JSONWriter) {
        json.member("chain_id", event.chainID)
        switch event.type {
        case .fallbackStarted: chainStarted(event, to: &json)
        case .fallbackExhausted:
            json.member("steps_tried", after.chain?.tried ?? 0)
            json.member("steps_skipped", after.chain?.skipped ?? 0)
            json.member("skipped", array: event.skipped) { $0.int($1) }
            json.member("duration_ms", sinceChainBegan)
        case .fallbackSucceeded:
            json.member("step", after.chain?.step ?? event.step)
            json.member("strategy", after.chain?.current?.strategy.rawValue ?? event.strategy)
            json.member("duration_ms", sinceChainBegan)
        default: stepMembers(event, to: &json)
        }
    }

    private func chainStarted(_ event: FallbackEvent, to json: inout JSONWriter) {
        let chain = event.chain ?? ChainSnapshot(id: event.chainID)
        json.member("name", chain.name)
        json.member("version", chain.version)
        json.member("steps", chain.steps.count)
        json.member("strategies", array: chain.steps) { $0.string($1.strategy.rawValue) }
        json.member("trigger", (event.trigger ?? .attemptFailed).rawValue)
        json.member("error", resource: after.chain?.failure.map { ErrorResource($0) })
    }

    private func stepMembers(_ event: FallbackEvent, to json: inout JSONWriter) {
        json.member("step", event.step)
        json.member("of", after.chain?.chain.steps.count ?? event.step)
        json.member("strategy", event.strategy)
        switch event.type {
        case .fallbackStepStarted:
            json.member("agent_id", event.agentID?.rawValue)
            json.member("parameters") { json in
                if let step = after.chain?.current { StepCodec.parameters(of: step.way, into: &json) }
            }
            json.member("due_at", event.due?.rfc3339)
            json.member("skipped", array: event.skipped) { $0.int($1) }
        case .fallbackStepSucceeded:
            json.member("duration_ms", sinceStepBegan)
            json.member("task_id", event.taskID?.description)
        default:
            json.member("duration_ms", sinceStepBegan)
            let failure =
                event.failure ?? before.chain?.failure ?? before.lastFailure?.failure
                ?? Failure(type: .agentReported, message: "")
            json.member("error", resource: ErrorResource(failure))
        }
    }

    func escalated(_ until: Timestamp?, _ message: String?, to json: inout JSONWriter) {
        let run = before.runningChain
        json.member("chain_id", run?.chain.id)
        json.member("step", run?.step)
        json.member("message", message)
        json.member("until", until?.rfc3339)
        var then = EscalationEnd.fail
        if case .escalate(_, _, let end)? = run?.current?.way { then = end }
        json.member("then", then.rawValue)
    }

    func resumed(_ resumption: Resumption, to json: inout JSONWriter) {
        json.member("action", resumption.answer.rawValue)
        json.member("note", resumption.note)
        json.member("agent_id", resumption.agentID?.rawValue)
        json.member("waited_ms", max(0, at - before.updatedAt))
    }

    /// The step that mended the task, if a chain did.
    var mending: FallbackStep? { after.chain?.end == .succeeded ? after.chain?.current : nil }

    /// Where the output of a completion came from.
    var source: String {
        if after.chain?.end == .succeeded {
            if after.chain?.answer == .complete { return "decision" }
            return mending?.strategy == .useOutput ? "fallback" : "attempt"
        }
        return if case .completed(true) = after.phase { "fallback" } else { "attempt" }
    }

    private var sinceChainBegan: Milliseconds { max(0, at - (after.chain?.startedAt ?? at)) }
    private var sinceStepBegan: Milliseconds { max(0, at - (before.chain?.stepStartedAt ?? at)) }

    // MARK: Messages

    func chainMessage(_ event: FallbackEvent) -> String {
        let name = Phrases.chain(after.chain)
        switch event.type {
        case .fallbackStarted: return "\(name) began because \(Phrases.cause(inChain: after))."
        case .fallbackSucceeded: return "\(name) mended the task."
        case .fallbackExhausted:
            let tried = after.chain?.tried ?? 0
            let skipped = after.chain?.skipped ?? 0
            let passed = skipped == 0 ? "" : " (\(skipped) not meant for this failure)"
            return "\(name) is used up: no step of \(tried) tried\(passed) mended the task."
        default: return stepMessage(event)
        }
    }

    private func stepMessage(_ event: FallbackEvent) -> String {
        let strategy = event.strategy.map { " (\(Phrases.words($0)))" } ?? ""
        let of = after.chain.map { $0.chain.steps.isEmpty ? "" : " of \($0.chain.steps.count)" } ?? ""
        let place = "Step \(event.step)\(of)\(strategy)"
        switch event.type {
        case .fallbackStepStarted:
            let doing = after.chain?.current.map { Phrases.doing($0.way, event.agentID) } ?? "begun"
            let wait = event.due.map { " in \(Phrases.span($0 - at))" } ?? ""
            return "\(place): \(doing)\(wait) because \(Phrases.cause(inChain: before))."
        case .fallbackStepSucceeded:
            return event.taskID.map { "\(place) made task \($0)." } ?? "\(place) succeeded."
        default:
            let cause = event.failure.map { Phrases.cause($0) } ?? Phrases.cause(inChain: before)
            return "\(place) failed because \(cause)."
        }
    }

    /// "step 2 of 3 of its fallback chain".
    func place(_ run: ChainRun?) -> String { Phrases.place(run) }

    func resumed(_ resumption: Resumption) -> String {
        let who = Phrases.who(resumption.actor)
        let agent = resumption.agentID.map { " with agent \($0)" } ?? ""
        switch resumption.answer {
        case .retry: return "Decided by \(who): try again\(agent)" + Self.said(resumption.note)
        case .complete:
            return "Decided by \(who): complete with the given output" + Self.said(resumption.note)
        case .fail: return "Decided by \(who): give up" + Self.said(resumption.note)
        case .timedOut: return "Nobody decided in time."
        }
    }
}

extension ChainRun {
    /// Attempts that the current step may make.
    var maxAttempts: Int {
        if case .retry(let attempts, _)? = current?.way { max(1, attempts) } else { 1 }
    }
}

extension Phrases {
    /// "Fallback chain payments to backup".
    static func chain(_ run: ChainRun?) -> String {
        guard let name = run?.chain.name, !name.isEmpty else { return "The fallback chain" }
        return "Fallback chain \(name)"
    }

    /// "step 2 of 3 of its fallback chain".
    static func place(_ run: ChainRun?) -> String {
        guard let run else { return "a step of its fallback chain" }
        return "step \(run.step) of \(run.chain.steps.count) of its fallback chain"
    }

    /// A strategy's name as people say it.
    static func words(_ strategy: String) -> String {
        String(strategy.map { $0 == "_" ? " " : $0 })
    }

    /// Why a chain goes on, naming the agent if it is the agent's doing.
    static func cause(inChain state: TaskState) -> String {
        let failure = state.chain?.failure ?? state.lastFailure?.failure
        let cause = cause(failure)
        guard let agent = state.attempt?.start.agentID, failure == state.lastFailure?.failure,
            cause.hasPrefix("the agent ")
        else { return cause }
        return agent.rawValue + cause.dropFirst("the agent".count)
    }

    /// What a step does, as a participle.
    static func doing(_ way: FallbackStep.Way, _ agent: AgentID?) -> String {
        let again = agent.map { "trying \($0) again" } ?? "trying again"
        switch way {
        case .retry, .waitAndRetry: return again
        case .switchAgent: return agent.map { "trying \($0)" } ?? "looking for another agent"
        case .increaseTimeout: return again + " with more time"
        case .refreshCredentials: return again + " with fresh credentials"
        case .modifyInput: return again + " with a changed input"
        case .useOutput: return "completing with the output given for this case"
        case .compensate(let task): return "making a task of type \(task.type)"
        case .notify: return "telling a person"
        case .escalate: return "asking a person"
        case .discard: return "giving the task up"
        }
    }
}
