package import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
package import KintsugiWire

extension TaskResource {
    /// The task as clients see it.
    package init(_ state: TaskState, _ outlook: Outlook) {
        self.init()
        let spec = state.spec
        id = state.id.description
        type = spec.type
        status = state.status
        statusReason = state.reason(outlook)
        explanation = Explanation.sentence(for: state, outlook)
        userID = spec.userID.rawValue
        agentID = state.shownAgent?.rawValue
        capability = spec.capability
        provider = state.attempt?.start.provider.rawValue ?? outlook.agent?.provider.rawValue
        input = state.input
        output = state.output
        if state.status != .completed {
            error = state.lastFailure.map { ErrorResource($0.failure, at: $0.at) }
        }
        priority = spec.priority
        attempt = state.attempts
        round = state.round
        roundAttempt = state.roundAttempts
        retryPolicy = RetryPolicyResource(spec.retryPolicy)
        progress = state.progress.map {
            ProgressResource(percent: $0.percent, message: $0.message, at: $0.at.rfc3339)
        }
        payment = spec.payment
        metadata = spec.metadata.map { ($0.key, $0.value) }
        fallbackChainID = spec.fallbackChainID
        fallback = state.chain.map { FallbackResource($0) }
        parentTaskID = spec.parent?.description
        failedTaskID = state.deadLetter?.id.description
        createdAt = state.createdAt.rfc3339
        runAt = spec.runAt?.rfc3339
        startedAt = state.startedAt?.rfc3339
        nextAttemptAt = state.nextAttempt(outlook)?.rfc3339
        finishedAt = state.finishedAt?.rfc3339
        deadlineAt = state.deadline?.rfc3339
        timeout = spec.timeout ?? state.attempt?.start.timeout ?? outlook.agent?.timeout ?? 30_000
        version = state.version
    }
}

extension TaskState {
    /// The agent of the current or last attempt, unless a retry has asked for another one since; else the one
    /// asked for.
    var shownAgent: AgentID? {
        if let attempt, round == 1 || roundStartedAt != nil && roundAttempts > 0 || isOfThisRound(attempt) {
            return attempt.start.agentID
        }
        return agentID ?? attempt?.start.agentID
    }

    /// A chain's attempts do not count, but they are of the round all the same.
    private func isOfThisRound(_ attempt: Attempt) -> Bool {
        attempt.start.step != nil && chain != nil
            && attempt.startedAt >= (chain?.startedAt ?? attempt.startedAt)
    }

    /// Why it has its status, in one word.
    func reason(_ outlook: Outlook) -> StatusReason {
        switch phase {
        case .pending(let due, let why) where due > outlook.now: why == .backoff ? .backoff : .scheduled
        case .pending: outlook.obstacle?.reason ?? .queued
        case .held: .breakerOpen
        case .running: .running
        case .accepted: .awaitingAgent
        case .waiting: .awaitingDecision
        case .completed(let byFallback): byFallback ? .completedByFallback : .completed
        case .failed(let reason): StatusReason(rawValue: reason.rawValue) ?? .permanentError
        case .cancelled: .cancelled
        }
    }

    /// When the next attempt may begin, as far as that is known.
    func nextAttempt(_ outlook: Outlook) -> Timestamp? {
        guard case .pending(let due, _) = phase else { return nil }
        return due > outlook.now ? due : outlook.obstacle?.until
    }
}

extension FallbackResource {
    init(_ run: ChainRun) {
        self.init(
            chainID: run.chain.id, name: run.chain.name, version: run.chain.version, step: run.step,
            of: run.chain.steps.count, strategy: run.current?.strategy)
    }
}

extension ErrorResource {
    /// Without a time: as events carry it.
    package init(_ failure: Failure, at: Timestamp? = nil) {
        self.init(
            type: failure.type, errorClass: failure.errorClass, message: failure.message,
            httpStatus: failure.httpStatus, retryAfter: failure.retryAfter, sent: failure.sent,
            at: at?.rfc3339)
    }
}

extension RetryPolicyResource {
    init(_ policy: RetryPolicy) {
        self.init()
        maxAttempts = policy.maxAttempts
        baseDelay = policy.baseDelay
        maxDelay = policy.maxDelay
        jitter = policy.jitter
        maxElapsed = policy.maxElapsed
        onOpenBreaker = policy.onOpenBreaker
        hold = policy.hold
    }
}
