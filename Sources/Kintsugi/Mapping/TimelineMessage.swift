import KintsugiCore
import KintsugiVocabulary

extension TimelineMoment {
    /// What happened, in a sentence for people; rendered on reading, so that it can be improved.
    var message: String {
        switch event {
        case .taskCreated(let spec):
            "Task of type \(spec.type) was recorded"
                + (spec.runAt.map { ", to run at \($0.rfc3339)." } ?? ".")
        case .taskStarted: after.round == 1 ? "The task began." : "Round \(after.round) began."
        case .attemptStarted(let start):
            start.step != nil
                ? "Attempt \(start.number) went to agent \(start.agentID), for \(place(before.chain))."
                : start.probe
                    ? "Attempt \(start.number) went to agent \(start.agentID) as a probe of \(start.provider)."
                    : "Attempt \(after.roundAttempts) of \(maxAttempts) went to agent \(start.agentID)."
        case .attemptSuccess(let success):
            "Attempt \(success.number) succeeded after \(Phrases.span(success.duration))."
        case .attemptFailed(let failed):
            "Attempt \(failed.number) failed after \(Phrases.span(failed.duration)): \(failed.failure.message)"
        case .taskRetried(let delay, _, let next):
            after.runningChain.map {
                "Attempt \(next) of \($0.maxAttempts) of step \($0.step) follows in \(Phrases.span(delay))."
            } ?? "Attempt \(next) of \(maxAttempts) follows in \(Phrases.span(delay))."
        case .circuitBreakerOpened(let provider, let until, _):
            "This failure opened the circuit breaker of \(provider), until \(until.rfc3339)."
        case .taskFailed(let reason, let failure):
            "The task failed (\(reason.rawValue)) after \(Phrases.attempts(attemptsInRound)) because"
                + " \(Phrases.cause(failure))."
        case .movedToDLQ: "The task moved to the dead letter queue."
        case .taskCompleted: "The task completed after \(Phrases.attempts(attemptsInRound))."
        case .attemptAccepted(let number, let until):
            "The agent accepted attempt \(number) and will report by \(until.rfc3339)."
        case .attemptAbandoned(let number, let node):
            "Attempt \(number) was lost: node \(node), which ran it, is gone."
        case .attemptInterrupted(let number):
            "Attempt \(number) was interrupted by our own shutdown; it does not count."
        case .taskProgress(let progress):
            "The agent reported \(Self.percent(progress.percent)) %" + Self.said(progress.message)
        default: rareMessage
        }
    }

    private var rareMessage: String {
        switch event {
        case .taskCancelled(let reason, let actor):
            "The task was cancelled by \(Phrases.who(actor))" + Self.said(reason)
        case .taskRequeued(let requeue):
            "Round \(requeue.round) was asked for by \(Phrases.who(requeue.actor))"
                + (requeue.cause == .bulk ? ", for many at once" : "")
                + Self.said(requeue.reason)
        case .inputEdited(_, _, _, let actor): "The input was edited by \(Phrases.who(actor))."
        case .taskHeld(let provider, let until):
            "The task is held because the circuit breaker of \(provider) is open, until \(until.rfc3339) at most."
        case .taskReleased(let provider, let probe):
            probe
                ? "The task goes again as a probe of \(provider)."
                : "The task goes again: the circuit breaker of \(provider) is closed."
        case .retriesSkipped(let provider, let remaining):
            "\(Phrases.attempts(remaining)) not made because the circuit breaker of \(provider) is open."
        case .circuitBreakerHalfOpened(let provider):
            "The circuit breaker of \(provider) lets probes through, this task's first."
        case .circuitBreakerClosed(let provider): "The circuit breaker of \(provider) closed."
        case .fallback(let fallback): chainMessage(fallback)
        case .taskEscalated(let until, let message):
            "The task waits for a person" + (until.map { " until \($0.rfc3339)" } ?? "") + Self.said(message)
        case .taskResumed(let resumption): resumed(resumption)
        case .lateResult(let late):
            "Attempt \(late.attempt) brought a result too late (\(late.kind.rawValue)); it is kept here and changes"
                + " nothing" + Self.said(late.message)
        case .alertRaised(let mark): "An alert (\(mark.severity.rawValue)) was raised."
        case .alertResolved: "The alert was resolved."
        case .deadLetterResolved(_, let note, let actor):
            "The dead letter was resolved by \(Phrases.who(actor))" + Self.said(note)
        case .deadLetterDiscarded(_, let note, let actor):
            "The dead letter was discarded by \(Phrases.who(actor))" + Self.said(note)
        default: event.type.rawValue
        }
    }

    /// The end of a sentence with what somebody said about it.
    static func said(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "." }
        return ": \(text)"
    }

    private static func percent(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? value.description
    }
}
