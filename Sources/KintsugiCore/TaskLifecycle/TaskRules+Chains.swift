package import KintsugiVocabulary

/// Where a task's life meets its fallback chain.
extension TaskRules {
    /// The events from a chain's beginning on; nil: no chain is for this task and failure, or one has run in this round.
    ///
    /// Under an open breaker a chain without a step for the failure does not begin: the task is better held.
    /// - Parameter events: decided just before, in the same append.
    static func fallback(
        _ trigger: ChainTrigger, _ failure: Failure, taking events: [TaskEvent] = [], _ state: TaskState,
        _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent]? {
        guard !facts.chains.isEmpty, state.chain == nil,
            let chain = facts.chains.chain(for: state.subject(after: failure.type))
        else { return nil }
        if trigger == .breakerOpen, !ChainDecider.fits(chain, after: failure.type) { return nil }
        var walk = ChainWalk(state, taking: events, facts, at: now)
        walk.start(chain, trigger, failure, using: &rng)
        return walk.events
    }

    /// What follows in a chain that runs; nil: none does.
    static func inChain(
        _ happening: ChainDecider.Happening, output: JSONText? = nil, taking events: [TaskEvent] = [],
        _ state: TaskState, _ facts: Facts, at now: Timestamp, using rng: inout SeededGenerator
    ) -> [TaskEvent]? {
        guard state.runningChain != nil else { return nil }
        var walk = ChainWalk(state, taking: events, facts, at: now)
        walk.follow(happening, output: output, using: &rng)
        return walk.events
    }

    /// A step's attempt, which spends nothing of the task's allowance.
    static func attempt(_ number: Int, _ assignment: Assignment, _ run: ChainRun, _ spec: TaskSpec)
        -> AttemptStart
    {
        var timeout = spec.timeout ?? assignment.timeout
        var refreshes = false
        switch run.current?.way {
        case .increaseTimeout(let factor, let longest)?:
            let grown = Milliseconds(saturating: Double(run.timeout ?? timeout) * factor)
            timeout = min(max(1, grown), longest ?? longestTimeout, longestTimeout)
        case .refreshCredentials?: refreshes = true
        default: break
        }
        return AttemptStart(
            number: number, agentID: assignment.agentID, provider: assignment.provider, node: assignment.node,
            breaker: assignment.breaker, failureRate: assignment.failureRate, probe: assignment.probe,
            counted: false, timeout: timeout, step: run.step, refreshesCredentials: refreshes)
    }

    /// A day, the longest timeout of an attempt.
    private static let longestTimeout: Milliseconds = 86_400_000

    /// A person's answer to an escalation.
    static func decided(
        _ verdict: Verdict, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        guard case .waiting = state.phase else { throw .notWaiting(state.status) }
        var walk = ChainWalk(state, facts, at: now)
        walk.emit(
            .taskResumed(
                Resumption(
                    verdict.answer, actor: verdict.actor, note: verdict.note, agentID: verdict.agentID)))
        if let input = verdict.input { walk.edit(input, by: verdict.actor) }
        guard state.runningChain == nil else {
            walk.follow(.answered(verdict.answer), output: verdict.output, using: &rng)
            return walk.events
        }
        switch verdict.answer {
        case .retry: break
        case .complete: walk.emit(.taskCompleted(output: verdict.output))
        case .fail, .timedOut:
            let failure =
                state.lastFailure?.failure
                ?? Failure(type: .timeout, message: "Nobody decided in time.", sent: .no)
            for event in ending(.decided, failure, state, facts, at: now, using: &rng) { walk.emit(event) }
        }
        return walk.events
    }

    /// The tasks that these events make: they belong into the same unit.
    ///
    /// - Parameters:
    ///   - before: the state that the events were decided on.
    ///   - after: the state that they lead to.
    package static func offspring(of events: [TaskEvent], from before: TaskState, to after: TaskState)
        -> [(id: TaskID, spec: TaskSpec)]
    {
        guard after.chain != nil else { return [] }
        var made: [(id: TaskID, spec: TaskSpec)] = []
        var input = before.input
        for event in events {
            if case .inputEdited(_, let edited, _, _) = event { input = edited }
            guard case .fallback(let step) = event, let id = step.taskID,
                case .compensate(let task)? = after.chain?.step(step.step)?.way
            else { continue }
            made.append((id, compensation(task, of: after, input)))
        }
        return made
    }

    /// It is about the same money, in the same trace, and found by the same metadata.
    private static func compensation(_ task: Compensation, of parent: TaskState, _ input: JSONText)
        -> TaskSpec
    {
        TaskSpec(
            type: task.type, userID: parent.spec.userID, agentID: task.agentID, capability: task.capability,
            input: task.input ?? input, priority: task.priority, timeout: task.timeout,
            payment: parent.spec.payment, metadata: parent.spec.metadata, origin: .compensation,
            traceparent: parent.spec.traceparent, parent: parent.id)
    }
}
