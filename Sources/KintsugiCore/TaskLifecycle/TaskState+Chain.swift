package import KintsugiVocabulary

/// A task's way through its fallback chain.
extension TaskState {
    final class ChainBox: Sendable, Hashable {
        let run: ChainRun
        init(_ run: ChainRun) { self.run = run }
        static func == (lhs: ChainBox, rhs: ChainBox) -> Bool { lhs === rhs || lhs.run == rhs.run }
        func hash(into hasher: inout Hasher) { hasher.combine(run) }
    }

    /// The chain of this round, over or not; nil if none has begun.
    package var chain: ChainRun? { chainBox?.run }

    /// The chain while it runs.
    package var runningChain: ChainRun? {
        guard let run = chainBox?.run, !run.isOver else { return nil }
        return run
    }

    /// The agent that its next attempt is for: the chain's choice, else the one asked for; nil: any that can.
    package var target: AgentID? {
        guard let chainBox else { return agentID }
        return chainBox.run.isOver ? agentID : chainBox.run.agentID ?? agentID
    }

    /// The agent of this round's last attempt, else the one asked for.
    var lastAgent: AgentID? {
        guard let attempt, let roundStartedAt, attempt.startedAt >= roundStartedAt else { return agentID }
        return attempt.start.agentID
    }

    /// What chains are looked for by, after a failure of this type.
    func subject(after type: ErrorType) -> TaskSubject {
        TaskSubject(
            id: id, type: spec.type, userID: spec.userID, agentID: lastAgent, errorType: type,
            amount: spec.payment?.money.amount, chainID: spec.fallbackChainID, origin: spec.origin)
    }

    mutating func evolve(_ event: FallbackEvent, at now: Timestamp) {
        switch event.type {
        case .fallbackStarted:
            chainBox = ChainBox(
                ChainRun(
                    event.chain ?? ChainSnapshot(id: event.chainID),
                    failure: event.failure ?? lastFailure?.failure, failedAgent: lastAgent, at: now))
        case .fallbackStepStarted:
            wait(until: event.due ?? now, at: now)
            let timeout = attempt?.start.timeout
            change {
                $0.begin(
                    step: event.step, skipping: event.skipped.count, agent: event.agentID, timeout: timeout,
                    at: now)
            }
        case .fallbackStepFailed: change { $0.stepFailed(event.failure) }
        case .fallbackSucceeded: change { $0.finish(.succeeded) }
        case .fallbackExhausted: change { $0.exhausted(skipping: event.skipped.count) }
        default: break
        }
    }

    mutating func noteFailure(_ failure: Failure) {
        let agent = attempt?.start.agentID
        change { $0.attemptFailed(failure, by: agent) }
    }

    mutating func answered(_ resumption: Resumption) {
        let last = lastAgent
        change { $0.answered(resumption.answer, agent: resumption.agentID ?? last) }
    }

    mutating func leaveChain() { change { $0.finish(.left) } }

    private mutating func change(_ body: (inout ChainRun) -> Void) {
        guard var run = chainBox?.run, !run.isOver else { return }
        body(&run)
        chainBox = ChainBox(run)
    }
}
