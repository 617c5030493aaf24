package import KintsugiVocabulary

/// What is being tried to mend a task, and what came of it: the fold that the measured figures are made of.
///
/// A remedy counts when it has ended, so that what is still under way, or was cancelled, does not look like a
/// failure. A chain's step counts for the failure that it answered to. A dead letter that is retried counts as
/// `switch_agent` if another agent is asked for, as `modify_input` if the input was edited, else as `retry`; if
/// both were changed nobody can tell which of them helped, and it does not count. When a chain begins in such a
/// round, the retry has failed.
package struct RemedyFold: Sendable, Hashable {
    package enum Count: Sendable, Hashable {
        case ended(Remedy, recovered: Bool)
        /// By the chain's id.
        case chainStarted(String)
        case chainRecovered(String)
        case chainExhausted(String)
    }

    /// How the task failed last.
    private var failure: ErrorType?
    private var remedy: Remedy?
    private var isInputEdited = false

    package init() {}

    /// - Parameter agent: The one asked for before this event, else the one of the last attempt; looked at only
    ///   when a new round begins.
    package mutating func take(_ event: TaskEvent, agent: AgentID?, into counts: inout [Count]) {
        switch event {
        case .attemptFailed(let failed): failure = failed.failure.type
        case .attemptAbandoned: failure = .workerLost
        case .taskFailed(_, let last):
            end(recovered: false, into: &counts)
            failure = last.type
        case .taskCompleted: end(recovered: true, into: &counts)
        case .taskCancelled: remedy = nil
        case .movedToDLQ(_, let reason): if reason == .cancelled { failure = nil }
        case .inputEdited: isInputEdited = true
        case .taskRequeued(let requeue): requeued(to: requeue.agentID, from: agent)
        case .fallback(let event): take(event, into: &counts)
        default: break
        }
    }

    private mutating func requeued(to wanted: AgentID?, from agent: AgentID?) {
        let isSwitched = wanted.map { $0 != agent } ?? false
        remedy = nil
        if let failure, !(isSwitched && isInputEdited) {
            let strategy: Strategy = isSwitched ? .switchAgent : isInputEdited ? .modifyInput : .retry
            remedy = Remedy(strategy, against: failure)
        }
        isInputEdited = false
    }

    private mutating func take(_ event: FallbackEvent, into counts: inout [Count]) {
        switch event.type {
        case .fallbackStarted:
            end(recovered: false, into: &counts)
            failure = event.failure?.type ?? failure
            counts.append(.chainStarted(event.chainID))
        case .fallbackStepStarted:
            let strategy = event.strategy.flatMap(Strategy.init(rawValue:))
            if let strategy, strategy.mends, let failure { remedy = Remedy(strategy, against: failure) }
        case .fallbackStepSucceeded: end(recovered: true, into: &counts)
        case .fallbackStepFailed:
            end(recovered: false, into: &counts)
            failure = event.failure?.type ?? failure
        case .fallbackSucceeded: counts.append(.chainRecovered(event.chainID))
        case .fallbackExhausted: counts.append(.chainExhausted(event.chainID))
        default: break
        }
    }

    private mutating func end(recovered: Bool, into counts: inout [Count]) {
        if let remedy { counts.append(.ended(remedy, recovered: recovered)) }
        remedy = nil
        isInputEdited = false
    }
}
