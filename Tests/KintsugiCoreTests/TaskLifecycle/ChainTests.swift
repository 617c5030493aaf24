import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: fallback chains")
struct ChainTests {
    /// The first attempt failed for good, and this chain takes over.
    private func mending(
        _ steps: FallbackStep..., after failure: Failure = .status404, open: [String] = []
    ) throws -> (story: Story, facts: Facts, events: [TaskEvent]) {
        var story = Story(.still)
        var chain = FallbackChain.of()
        chain.steps = steps
        let facts = Facts.chain(chain, open: open)
        let events = try story.fail(failure, facts)
        return (story, facts, events)
    }

    // MARK: When a chain begins

    @Test("After a permanent error, in the same append, with the chain as it is then")
    func begins() throws {
        let (story, _, events) = try mending(.retry, .switchAgent)
        #expect(events.types == [.attemptFailed, .fallbackStarted, .fallbackStepStarted])
        guard case .fallback(let started) = events[1] else { return #expect(Bool(false)) }
        #expect(started.chain?.name == "mend it" && started.chain?.version == 3)
        #expect(started.chain?.steps == [.retry, .switchAgent])
        #expect(started.trigger == .attemptFailed && started.failure == nil)
        #expect(story.state.runningChain?.failure == .status404)
        #expect(story.state.status == .pending && story.state == story.refolded)
    }

    @Test("After the last of the retries, and not before")
    func afterRetries() throws {
        var story = Story(.still(max: 2))
        let facts = Facts.chain(.of(.retry))
        #expect(try story.fail(.status503, facts).types == [.attemptFailed, .taskRetried])
        #expect(
            try story.fail(.status503, facts).chain == ["started by attempt_failed", "began 1 retry stripe"])
    }

    @Test("When the time for retries is over")
    func afterElapsed() throws {
        var story = Story(.still(elapsed: 500))
        #expect(
            try story.fail(.status503, .chain(.of(.retry))).chain
                == ["started by attempt_failed", "began 1 retry stripe"])
    }

    @Test(
        "In place of a hold: after a failure under an open breaker, and when a task's turn comes",
        arguments: [
            OpenBreakerPolicy.hold, .skip,
        ])
    func openBreaker(policy: OpenBreakerPolicy) throws {
        let facts = Facts.chain(.of(.switchAgent), open: ["stripe"], breaker: .open)
        var failed = Story(.still(open: policy))
        #expect(
            try failed.fail(.status503, facts).chain
                == ["started by breaker_open", "began 1 switch_agent adyen"])
        var turn = Story(.still(open: policy))
        let events = try turn.when(.hold(provider: Story.provider), facts)
        #expect(events.types == [.taskStarted, .fallbackStarted, .fallbackStepStarted])
        #expect(events.chain.last == "began 1 switch_agent adyen")
        #expect(turn.state.runningChain?.failure?.type == .circuitOpen)
    }

    @Test("Not under an open breaker if no step is for such a failure: the task is better held")
    func held() throws {
        var story = Story(.still)
        let facts = Facts.chain(.of(FallbackStep(.retry(), when: [.timeout])), breaker: .open)
        #expect(try story.fail(.status503, facts).types == [.attemptFailed, .taskHeld])
    }

    @Test("When a hold runs out")
    func holdRanOut() throws {
        var story = Story(.still(hold: 1000))
        try story.when(.hold(provider: Story.provider), .open)
        let events = try story.when(
            .timeIsUp, .chain(.of(.switchAgent), open: ["stripe"]), after: 1000)
        #expect(events.chain == ["started by breaker_open", "began 1 switch_agent adyen"])
    }

    @Test("When no agent can run the task")
    func refused() throws {
        var story = Story(.still)
        let nobody = Failure(type: .missingCallback, message: "nobody", sent: .no)
        let events = try story.when(.refuse(nobody), .chain(.of(.to("adyen"))))
        #expect(events.types == [.taskStarted, .fallbackStarted, .fallbackStepStarted])
        #expect(events.chain[1] == "started by missing_callback")
    }

    @Test("Neither after a deadline nor for poison, and a chain that fits nothing leaves the task alone")
    func never() throws {
        let facts = Facts.chain(.of(.retry))
        var late = Story(.still, deadline: 1000)
        try late.begin()
        #expect(try late.when(.timeIsUp, facts, after: 1000).ending?.reason == .deadlineExceeded)
        var poison = Story(.still)
        for _ in 0..<2 {
            try poison.begin()
            try poison.when(.abandon(poisonous: true), facts)
        }
        try poison.begin(after: 60_000)
        #expect(try poison.when(.abandon(poisonous: true), facts).ending?.reason == .poison)
        var other = Story(.still)
        let elsewhere = Facts.chain(.of(.retry, match: ChainMatch(taskType: "email")))
        #expect(try other.fail(.status404, elsewhere).ending?.reason == .permanentError)
    }

    // MARK: How it goes on

    @Test("A step's attempt spends nothing, and its success mends the task")
    func mends() throws {
        var (story, facts, _) = try mending(.switchAgent)
        #expect(
            story.state.target == AgentID("adyen") && Lane(story.state).target == .agent(AgentID("adyen")))
        let begun = try story.when(.begin(.toAgent("adyen")), facts)
        guard case .attemptStarted(let start) = begun.last else { return #expect(Bool(false)) }
        #expect(!start.counted && start.step == 1 && story.state.roundAttempts == 1)
        let done = try story.end(.succeeded(output: .null, httpStatus: 200), facts)
        #expect(
            done.types == [.attemptSuccess, .fallbackStepSucceeded, .fallbackSucceeded, .taskCompleted])
        #expect(story.state.phase == .completed(byFallback: true) && story.state.roundAttempts == 1)
        #expect(story.state.chain?.end == .succeeded && story.state == story.refolded)
        #expect(Lane(story.state).target == .agent(Story.agent))
    }

    @Test("Failures in the order of the contract, to the dead letter queue")
    func exhausted() throws {
        var (story, facts, _) = try mending(.retry, FallbackStep(.retry(), when: [.timeout]))
        try story.when(.begin(.to()), facts)
        let events = try story.end(
            .failed(.status503),
            Facts(
                breaker: .open, breakerChange: .opened(until: story.now, failureRate: 1),
                chains: facts.chains,
                agents: facts.agents))
        #expect(
            events.types == [
                .attemptFailed, .circuitBreakerOpened, .fallbackStepFailed, .fallbackExhausted, .taskFailed,
                .movedToDLQ,
            ])
        #expect(events.chain.contains("exhausted past [2]"))
        #expect(events.ending?.reason == .fallbackExhausted && events.ending?.failure == .status503)
        #expect(story.state.chain?.tried == 1 && story.state.chain?.skipped == 1)
    }

    @Test("A step is passed over unless its when fits the failure before it")
    func when() throws {
        let (_, _, events) = try mending(
            FallbackStep(.retry(), when: [.timeout]), FallbackStep(.retry(), when: [.serverError]),
            FallbackStep(.switchAgent(nil), when: [.notFound]))
        #expect(events.chain == ["started by attempt_failed", "began 3 switch_agent adyen past [1, 2]"])
    }

    @Test("A step behind an open breaker fails at once, at its beginning and at its turn")
    func shut() throws {
        let (_, _, events) = try mending(.to("adyen"), .retry, open: ["adyen"])
        #expect(
            events.chain == [
                "started by attempt_failed", "began 1 switch_agent adyen", "step 1 failed circuit_open",
                "began 2 retry stripe",
            ])
        var (story, facts, _) = try mending(.to("adyen"), .retry)
        let turn = try story.when(.hold(provider: ProviderID("adyen")), facts)
        #expect(turn.chain == ["step 1 failed circuit_open", "began 2 retry stripe"])
    }

    @Test("A half-open breaker lets a step's attempt through as a probe, which spends nothing either")
    func probe() throws {
        var (story, facts, _) = try mending(.to("adyen"))
        try story.when(.begin(.toAgent("adyen", probe: true)), facts)
        try story.end(.succeeded(output: .null, httpStatus: 200), facts)
        #expect(story.state.roundAttempts == 1 && story.state.status == .completed)
    }

    @Test("An agent that cannot be called fails its step at once")
    func unknownAgent() throws {
        let (_, _, events) = try mending(.to("nobody"))
        #expect(
            events.chain == [
                "started by attempt_failed", "began 1 switch_agent nobody", "step 1 failed missing_callback",
                "exhausted", "task_failed", "moved_to_dlq",
            ])
        #expect(events.ending?.failure == .status404, "the task fails of what its last attempt failed of")
    }

    @Test("An abandoned or interrupted attempt is made again in the same step")
    func again() throws {
        var (story, facts, _) = try mending(FallbackStep(.retry(maxAttempts: 2)))
        for _ in 0..<4 {
            try story.when(.begin(.to()), facts)
            #expect(try story.when(.abandon(poisonous: false), facts).types == [.attemptAbandoned])
            try story.when(.begin(.to()), facts)
            #expect(try story.end(.interrupted, facts).types == [.attemptInterrupted])
        }
        #expect(story.state.runningChain?.failures == 0 && story.state.runningChain?.step == 1)
        try story.when(.begin(.to()), facts)
        #expect(try story.end(.failed(.status503), facts).types == [.attemptFailed, .taskRetried])
        for _ in 0..<TaskRules.poisonLimit - 1 {
            try story.when(.begin(.to()), facts)
            try story.when(.abandon(poisonous: true), facts)
        }
        try story.when(.begin(.to()), facts)
        #expect(try story.when(.abandon(poisonous: true), facts).ending?.reason == .poison)
        #expect(story.state.chain?.end == .left && story.state == story.refolded)
    }

    @Test("Cancelling ends it, a new round begins without it")
    func leaves() throws {
        var (story, facts, _) = try mending(FallbackStep(.waitAndRetry(delay: 60_000)))
        try story.when(.cancel(reason: nil, actor: "ada"), facts)
        #expect(story.state.chain?.end == .left && story.state.runningChain == nil)
        try story.when(.retry(Retry(actor: "ada")), facts)
        #expect(story.state.chain == nil)
        #expect(try story.fail(.status404, facts).chain.first == "started by attempt_failed")
        #expect(story.state == story.refolded)
    }

    @Test("A chain that was changed or removed meanwhile is run as it was")
    func snapshot() throws {
        var (story, _, _) = try mending(.retry, .switchAgent)
        try story.when(.begin(.to()), Facts(agents: .two()))
        #expect(
            try story.end(.failed(.status503), Facts(agents: .two())).chain
                == ["step 1 failed", "began 2 switch_agent adyen"])
    }
}
