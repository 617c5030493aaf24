import KintsugiVocabulary

/// Performs what `ChainDecider` says, event by event, until the chain waits for something or is over.
///
/// Steps that need no attempt, or cannot be tried, follow each other in one append; so a chain stands between two
/// appends only where it waits for an attempt, a time or a person, and a process that dies there loses nothing.
struct ChainWalk {
    private(set) var state: TaskState
    private(set) var events: [TaskEvent] = []
    private let facts: Facts
    private let now: Timestamp

    /// - Parameter events: decided just before and not yet part of the state.
    init(_ state: TaskState, taking events: [TaskEvent] = [], _ facts: Facts, at now: Timestamp) {
        self.state = state
        self.facts = facts
        self.now = now
        for event in events { self.state.evolve(event, at: now) }
    }

    mutating func emit(_ event: TaskEvent) {
        state.evolve(event, at: now)
        events.append(event)
    }

    mutating func start(
        _ chain: FallbackChain, _ trigger: ChainTrigger, _ failure: Failure, using rng: inout SeededGenerator
    ) {
        if state.roundStartedAt == nil { emit(.taskStarted(round: state.round)) }
        emit(
            .fallback(
                FallbackEvent(
                    type: .fallbackStarted, chainID: chain.id.description, step: 0, strategy: nil,
                    chain: ChainSnapshot(chain), trigger: trigger,
                    failure: failure == state.failureOfRound ? nil : failure)))
        follow(.begun, using: &rng)
    }

    /// - Parameters:
    ///   - output: what a success completes the task with.
    ///   - made: the task that the step has made.
    mutating func follow(
        _ happening: ChainDecider.Happening, output: JSONText? = nil, made: TaskID? = nil,
        using rng: inout SeededGenerator
    ) {
        guard let run = state.runningChain else { return }
        for move in ChainDecider.moves(run, happening) {
            switch move {
            case .begin(let step, let skipped): begin(step, skipping: skipped, using: &rng)
            case .tryAgain(let delay): tryAgain(after: delay, run, using: &rng)
            case .stepSucceeded: tell(.fallbackStepSucceeded, run, made: made)
            case .stepFailed(let failure): tell(.fallbackStepFailed, run, failure: failure)
            case .succeeded:
                tell(.fallbackSucceeded, run, step: 0)
                emit(.taskCompleted(output: output))
            case .exhausted(let skipped):
                tell(.fallbackExhausted, run, step: 0, skipped: skipped)
                end(.fallbackExhausted, using: &rng)
            case .giveUp: end(.decided, using: &rng)
            case .discard: discard(run, using: &rng)
            }
        }
    }

    private mutating func tell(
        _ type: EventType, _ run: ChainRun, step: Int? = nil, failure: Failure? = nil, skipped: [Int] = [],
        made: TaskID? = nil
    ) {
        let number = step ?? run.step
        emit(
            .fallback(
                FallbackEvent(
                    type: type, chainID: run.chain.id, step: number,
                    strategy: run.step(number)?.strategy.rawValue, failure: failure, skipped: skipped,
                    taskID: made)))
    }

    // MARK: Steps

    private mutating func begin(_ number: Int, skipping skipped: [Int], using rng: inout SeededGenerator) {
        guard let run = state.runningChain, let step = run.step(number) else { return }
        let callee = callee(of: step.way, run, using: &rng)
        let delay = delay(of: step.way, using: &rng)
        emit(
            .fallback(
                FallbackEvent(
                    type: .fallbackStepStarted, chainID: run.chain.id, step: number,
                    strategy: step.strategy.rawValue, agentID: callee.agent,
                    due: delay > 0 ? now + delay : nil, skipped: skipped)))
        if let obstacle = callee.obstacle { return follow(.impossible(obstacle), using: &rng) }
        switch step.way {
        case .retry, .waitAndRetry, .switchAgent, .increaseTimeout, .refreshCredentials: break
        case .modifyInput(let patch): edit(MergePatch.apply(patch, to: state.input), by: "system")
        case .useOutput(let output): follow(.done, output: output, using: &rng)
        case .compensate: follow(.done, made: TaskID(newID(using: &rng)), using: &rng)
        case .notify:
            alert(using: &rng)
            follow(.done, using: &rng)
        case .escalate(let message, let timeout, _):
            emit(.taskEscalated(until: timeout.map { now + $0 }, message: message))
            alert(using: &rng)
        case .discard: follow(.done, using: &rng)
        }
    }

    private mutating func tryAgain(
        after delay: Milliseconds, _ run: ChainRun, using rng: inout SeededGenerator
    ) {
        if let agent = run.agentID, let obstacle = obstacle(to: agent) {
            return follow(.impossible(obstacle), using: &rng)
        }
        emit(.taskRetried(delay: delay, due: now + delay, nextAttempt: run.failures + 1))
    }

    mutating func edit(_ input: JSONText, by actor: String) {
        guard input != state.input else { return }
        emit(
            .inputEdited(before: state.input, after: input, revision: state.inputRevision + 1, actor: actor))
    }

    private mutating func alert(using rng: inout SeededGenerator) {
        for event in TaskRules.alert(for: lastWord, state, facts, at: now, using: &rng) { emit(event) }
    }

    private func newID(using rng: inout SeededGenerator) -> UUID7 {
        UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next())
    }

    /// Whom the step calls, as far as that is known before its turn, and why it cannot.
    private func callee(
        of way: FallbackStep.Way, _ run: ChainRun, using rng: inout SeededGenerator
    ) -> (agent: AgentID?, obstacle: Failure?) {
        switch way {
        case .retry, .waitAndRetry, .increaseTimeout, .refreshCredentials, .modifyInput:
            let agent = state.lastAgent
            return (agent, agent.flatMap(obstacle))
        case .switchAgent(let agent?): return (agent, obstacle(to: agent))
        case .switchAgent(nil):
            let another = facts.agents.another(
                than: run.failedAgents, last: state.lastAgent, capability: state.spec.capability,
                type: state.spec.type, using: &rng)
            switch another {
            case .success(let profile): return (profile.id, nil)
            case .failure(let failure): return (nil, failure)
            }
        case .useOutput, .compensate, .notify, .escalate, .discard: return (nil, nil)
        }
    }

    /// Why a step cannot call this agent now. What opens or goes later is found out at its turn.
    private func obstacle(to agent: AgentID) -> Failure? {
        guard let profile = facts.agents[agent] else {
            return Failure(
                type: .missingCallback, message: "The agent \(agent) is not registered.", sent: .no)
        }
        guard profile.isCallable else {
            return Failure(
                type: .missingCallback,
                message: "The agent \(agent) has neither a callback URL nor a local handler.", sent: .no)
        }
        return facts.agents.breaker(of: profile.provider) == .open ? .circuitOpen(profile.provider) : nil
    }

    /// How long the step waits before its attempt: as long as it says, never shorter than the agent has asked for.
    private func delay(of way: FallbackStep.Way, using rng: inout SeededGenerator) -> Milliseconds {
        switch way {
        case .retry(_, let delay): return max(0, delay)
        case .waitAndRetry(let delay):
            var policy = state.spec.retryPolicy
            if let delay {
                policy.baseDelay = delay
                policy.maxDelay = delay
                policy.jitter = 0
            }
            return Backoff.delay(
                afterFailure: max(1, state.roundAttempts), policy: policy,
                retryAfter: state.failureOfRound?.retryAfter, using: &rng)
        default: return 0
        }
    }

    // MARK: Endings

    /// Of what the task fails in the end: how its last attempt failed, else what the chain has met with.
    private var lastWord: Failure {
        state.failureOfRound ?? state.chain?.failure
            ?? Failure(type: .missingCallback, message: "Nothing was tried.", sent: .no)
    }

    private mutating func end(_ reason: DeadLetterReason, using rng: inout SeededGenerator) {
        for event in TaskRules.ending(reason, lastWord, state, facts, at: now, using: &rng) { emit(event) }
    }

    /// Nobody needs to look at it: the dead letter is closed as it is made, and no alert is raised.
    private mutating func discard(_ run: ChainRun, using rng: inout SeededGenerator) {
        let entry = TaskRules.newDeadLetter(at: now, using: &rng)
        var note: String?
        if case .discard(let text)? = run.current?.way { note = text }
        emit(.taskFailed(reason: .discardedByChain, failure: lastWord))
        emit(.movedToDLQ(entry, reason: .discardedByChain))
        emit(.deadLetterDiscarded(entry, note: note, actor: "system"))
    }
}
