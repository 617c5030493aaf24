package import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Says in one sentence that a person understands why a task is where it is.
package enum Explanation {
    package static func sentence(for state: TaskState, _ outlook: Outlook) -> String {
        switch state.phase {
        case .pending(let due, let why):
            due > outlook.now ? untilDue(due, why, state) : itsTurn(state, outlook)
        case .held(let provider, let until): held(provider, until, state)
        case .running: running(state)
        case .accepted(let until): accepted(until, state)
        case .waiting(let until): waiting(until, state)
        case .completed(let byFallback): completed(byFallback: byFallback, state)
        case .failed(let reason): failed(reason, state, outlook) + afterFailure(state)
        case .cancelled:
            state.attempts == 0 ? "Cancelled before its first attempt." : "Cancelled after \(made(state))."
        }
    }

    // MARK: Pending

    private static func untilDue(_ due: Timestamp, _ why: TaskState.PendingCause, _ state: TaskState)
        -> String
    {
        if let run = state.runningChain { return untilStep(due, run, state) }
        if why == .backoff {
            let delay = Phrases.span(due - (state.lastFailure?.at ?? state.updatedAt))
            return
                "Waiting \(delay) before \(next(state)) because \(Phrases.cause(state.lastFailure?.failure))."
        }
        return state.round == 1
            ? "Scheduled: it begins at \(due.rfc3339)."
            : "Scheduled: its round \(state.round) begins at \(due.rfc3339)."
    }

    private static func untilStep(_ due: Timestamp, _ run: ChainRun, _ state: TaskState) -> String {
        let delay = Phrases.span(due - state.updatedAt)
        return "Waiting \(delay) before \(step(run)) because \(Phrases.cause(inChain: state))."
    }

    private static func waiting(_ until: Timestamp?, _ state: TaskState) -> String {
        let time = until.map { " until \($0.rfc3339)" } ?? ""
        guard case .escalate(let message?, _, _)? = state.runningChain?.current?.way, !message.isEmpty else {
            return "Waiting for a person to decide" + (until.map { ", until \($0.rfc3339)." } ?? ".")
        }
        return "Waiting for a person\(time): \(message)"
    }

    /// "step 2 of 3 of its fallback chain (switch agent)".
    private static func step(_ run: ChainRun) -> String {
        let strategy = run.current.map { " (\(Phrases.words($0.strategy.rawValue)))" } ?? ""
        return Phrases.place(run) + strategy
    }

    private static func itsTurn(_ state: TaskState, _ outlook: Outlook) -> String {
        let agent =
            (state.target ?? outlook.agent?.id).map { "agent \($0)" } ?? "every agent that could run it"
        let provider = outlook.obstacle?.provider?.rawValue ?? state.attempt?.start.provider.rawValue
        let breaker = provider.map { "the circuit breaker of \($0)" } ?? "the circuit breaker"
        let until = outlook.obstacle?.until.map { ", until \($0.rfc3339)" } ?? ""
        switch outlook.obstacle?.reason {
        case .breakerOpen: return "Waiting, spending no attempt, because \(breaker) is open\(until)."
        case .retryBudget:
            return
                "Waiting before \(next(state)) because the retry budget\(provider.map { " of \($0)" } ?? "")"
                + " is used up\(until)."
        case .rateLimited: return "Waiting because \(agent) has reached its rate limit\(until)."
        case .atCapacity: return "Waiting because \(agent) runs as many attempts as it may\(until)."
        case .agentPaused: return "Waiting because \(agent) is paused\(until)."
        default:
            return state.attempts == 0
                ? "Waiting for its turn." : "Waiting for its turn to begin \(next(state))."
        }
    }

    private static func held(_ provider: ProviderID, _ until: Timestamp, _ state: TaskState) -> String {
        "Held, spending no attempt, because the circuit breaker of \(provider) is open;"
            + " it gives up at \(until.rfc3339)."
    }

    /// "attempt 3 of 6": the one that comes next in this round.
    private static func next(_ state: TaskState) -> String {
        if let run = state.runningChain { return step(run) }
        return "attempt \(state.roundAttempts + 1) of \(state.spec.retryPolicy.maxAttempts)"
    }

    // MARK: In progress

    private static func running(_ state: TaskState) -> String {
        guard let start = state.attempt?.start else { return "An attempt is running." }
        if start.probe, start.step == nil {
            return
                "Agent \(start.agentID) is being probed with it, to see whether \(start.provider) works again."
        }
        return "Agent \(start.agentID) is running \(current(state))" + progress(state) + "."
    }

    private static func accepted(_ until: Timestamp, _ state: TaskState) -> String {
        let agent = state.attempt.map { "Agent \($0.start.agentID)" } ?? "The agent"
        return "\(agent) has accepted \(current(state)) and will report by \(until.rfc3339)" + progress(state)
            + "."
    }

    private static func current(_ state: TaskState) -> String {
        guard let start = state.attempt?.start, !start.counted else {
            return "attempt \(state.roundAttempts) of \(state.spec.retryPolicy.maxAttempts)"
        }
        if start.step != nil, let run = state.chain { return "\(step(run))" }
        return "attempt \(start.number), which does not count"
    }

    private static func progress(_ state: TaskState) -> String {
        guard let progress = state.progress else { return "" }
        let percent = Int(exactly: progress.percent.rounded()) ?? 0
        return " (\(percent) % done)"
    }

    // MARK: Ended

    private static func completed(byFallback: Bool, _ state: TaskState) -> String {
        if let run = state.chain, run.end == .succeeded {
            return run.answer == .complete
                ? "Completed with the output that a person gave, after \(made(state))."
                : "Completed by \(step(run)) after \(made(state))."
        }
        if byFallback { return "Completed by its fallback chain after \(made(state))." }
        let agent = state.attempt.map { " by agent \($0.start.agentID)" } ?? ""
        return state.roundAttempts <= 1 && state.round == 1
            ? "Completed\(agent) at the first attempt." : "Completed\(agent) at \(current(state))."
    }

    private static func failed(_ reason: DeadLetterReason, _ state: TaskState, _ outlook: Outlook) -> String {
        let cause = Phrases.cause(state.lastFailure?.failure)
        switch reason {
        case .permanentError: return "Failed because \(cause), which another attempt would not mend."
        case .retriesExhausted:
            return "Failed after \(state.roundAttempts) of \(state.spec.retryPolicy.maxAttempts) attempts;"
                + " the last one because \(cause)."
        case .circuitOpen:
            let provider =
                (state.attempt?.start.provider ?? outlook.agent?.provider).map { " of \($0)" } ?? ""
            return state.spec.retryPolicy.onOpenBreaker == .skip
                ? "Failed because the circuit breaker\(provider) was open and its policy is not to wait for that."
                : "Failed because the circuit breaker\(provider) stayed open longer than the task could be held."
        case .fallbackExhausted: return "Failed because no step of its fallback chain mended it."
        case .deadlineExceeded: return "Failed because it had not ended by its deadline."
        case .poison:
            return "Failed because the process died under it \(TaskRules.poisonLimit) times in a row."
        case .decided:
            return state.chain?.answer == .fail
                ? "Failed because a person decided so."
                : "Failed because a person decided so, or nobody decided in time."
        case .discardedByChain: return "Failed because its fallback chain discarded it."
        case .cancelled: return "Cancelled."
        }
    }

    private static func afterFailure(_ state: TaskState) -> String {
        switch state.deadLetter?.status {
        case .pending: " It waits in the dead letter queue."
        case .resolved: " Its dead letter is resolved."
        case .discarded: " Its dead letter is discarded."
        case .retried, nil: ""
        }
    }

    private static func made(_ state: TaskState) -> String { Phrases.attempts(state.attempts) }
}
