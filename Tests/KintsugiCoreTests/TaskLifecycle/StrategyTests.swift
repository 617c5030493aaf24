import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: what each strategy does")
struct StrategyTests {
    private func mending(
        _ steps: FallbackStep..., policy: RetryPolicy = .still, after failure: Failure = .status404
    ) throws -> (story: Story, facts: Facts, events: [TaskEvent]) {
        var story = Story(policy)
        var chain = FallbackChain.of()
        chain.steps = steps
        let facts = Facts.chain(chain)
        let events = try story.fail(failure, facts)
        return (story, facts, events)
    }

    private func due(_ story: Story) -> Milliseconds? {
        guard case .pending(let due, _) = story.state.phase else { return nil }
        return due - story.now
    }

    @Test("retry: so many attempts, so far apart, whatever the failures")
    func retry() throws {
        var (story, facts, _) = try mending(FallbackStep(.retry(maxAttempts: 3, delay: 700)))
        #expect(due(story) == 700)
        for attempt in 2...3 {
            try story.when(.begin(.to()), facts, after: 700)
            let events = try story.end(.failed(.status404), facts)
            #expect(events.types == [.attemptFailed, .taskRetried])
            #expect(events.retry?.delay == 700 && events.retry?.nextAttempt == attempt)
        }
        try story.when(.begin(.to()), facts, after: 700)
        #expect(
            try story.end(.failed(.status404), facts).chain == [
                "step 1 failed", "exhausted", "task_failed", "moved_to_dlq",
            ])
        #expect(story.state.attempts == 4 && story.state.roundAttempts == 1)
    }

    @Test("retry stops at once when its agent's breaker opens")
    func retryShut() throws {
        var (story, facts, _) = try mending(FallbackStep(.retry(maxAttempts: 3)), .switchAgent)
        try story.when(.begin(.to()), facts)
        facts.agents.note(.open, of: Story.provider)
        facts.breaker = .open
        #expect(
            try story.end(.failed(.status503), facts).chain
                == ["step 1 failed circuit_open", "began 2 switch_agent adyen"])
    }

    @Test("wait_and_retry waits as long as it says, but never less than the agent asked for")
    func wait() throws {
        #expect(due(try mending(FallbackStep(.waitAndRetry(delay: 5000))).story) == 5000)
        let busy = Failure(
            type: .rateLimit, errorClass: .permanent, message: "429", httpStatus: 429, retryAfter: 9000)
        #expect(due(try mending(FallbackStep(.waitAndRetry(delay: 5000)), after: busy).story) == 9000)
        #expect(due(try mending(FallbackStep(.waitAndRetry(delay: nil)), after: busy).story) == 9000)
        #expect(due(try mending(FallbackStep(.waitAndRetry(delay: nil))).story) == 1000, "the task's backoff")
    }

    @Test("A step's time survives: it is in the event")
    func dueIsStored() throws {
        let (story, _, events) = try mending(FallbackStep(.waitAndRetry(delay: 5000)))
        guard case .fallback(let began) = events.last else { return #expect(Bool(false)) }
        #expect(began.due == story.now + 5000)
        #expect(story.refolded?.nextAt == story.now + 5000)
    }

    @Test("switch_agent: never one that failed, and what comes after it is about whom it switched to")
    func switchAgent() throws {
        var (story, facts, _) = try mending(.switchAgent, .retry, .switchAgent)
        try story.when(.begin(.toAgent("adyen")), facts)
        #expect(try story.end(.failed(.status503), facts).chain == ["step 1 failed", "began 2 retry adyen"])
        try story.when(.begin(.toAgent("adyen")), facts)
        #expect(
            try story.end(.failed(.status503), facts).chain.prefix(3)
                == ["step 2 failed", "began 3 switch_agent", "step 3 failed missing_callback"])
    }

    @Test("switch_agent: the agent whose breaker is open counts as failed, though nobody called it")
    func switchWithoutAttempt() throws {
        var story = Story(.still)
        let facts = Facts.chain(.of(.switchAgent), open: ["stripe"], breaker: .open)
        #expect(
            try story.when(.hold(provider: Story.provider), facts).chain.last == "began 1 switch_agent adyen")
    }

    @Test("increase_timeout: by its factor, from the last attempt's, not over its limit")
    func timeout() throws {
        func timeout(_ story: Story) -> Milliseconds? { story.state.attempt?.start.timeout }
        let grow = FallbackStep(.increaseTimeout(factor: 2.5, max: nil))
        var (story, facts, _) = try mending(grow, grow, FallbackStep(.increaseTimeout(max: 100_000)), .retry)
        for wanted in [75_000, 187_500, 100_000, 30_000] as [Milliseconds] {
            try story.when(.begin(.to()), facts)
            #expect(timeout(story) == wanted)
            try story.when(.abandon(poisonous: false), facts)
            try story.when(.begin(.to()), facts)
            #expect(timeout(story) == wanted, "made again with the same")
            try story.end(.failed(.status503), facts)
        }
        let huge = FallbackStep(.increaseTimeout(factor: 1e300, max: nil))
        (story, facts, _) = try mending(huge)
        try story.when(.begin(.to()), facts)
        #expect(timeout(story) == 86_400_000)
    }

    @Test("refresh_credentials: says so to the call, once")
    func refresh() throws {
        var (story, facts, _) = try mending(FallbackStep(.refreshCredentials), .retry)
        try story.when(.begin(.to()), facts)
        #expect(story.state.attempt?.start.refreshesCredentials == true)
        try story.end(.failed(.status503), facts)
        try story.when(.begin(.to()), facts)
        #expect(story.state.attempt?.start.refreshesCredentials == false)
    }

    @Test("modify_input: the patched input is tried, with a new idempotency key")
    func modify() throws {
        let patch = FallbackStep.json(#"{"fast":null,"amount":1.10}"#)
        var spec = TaskSpec(
            type: "t", userID: UserID("ada"), agentID: Story.agent,
            input: FallbackStep.json(#"{"fast":true,"to":"bob"}"#))
        spec.retryPolicy = .still
        var story = Story(spec)
        let events = try story.fail(.status404, .chain(.of(FallbackStep(.modifyInput(patch: patch)))))
        #expect(
            events.types == [.attemptFailed, .fallbackStarted, .fallbackStepStarted, .inputEdited])
        #expect(story.state.input == FallbackStep.json(#"{"to":"bob","amount":1.10}"#))
        #expect(story.state.inputRevision == 2 && story.state.spec.input != story.state.input)
        var same = Story(spec)
        let none = try same.fail(
            .status404, .chain(.of(FallbackStep(.modifyInput(patch: FallbackStep.json(#"{"x":null}"#))))))
        #expect(!none.types.contains(.inputEdited) && same.state.inputRevision == 1)
    }

    @Test("use_output: completes at once, marked as fallback")
    func output() throws {
        let (story, _, events) = try mending(FallbackStep(.useOutput(FallbackStep.json("[1]"))))
        #expect(
            events.types == [
                .attemptFailed, .fallbackStarted, .fallbackStepStarted, .fallbackStepSucceeded,
                .fallbackSucceeded, .taskCompleted,
            ])
        #expect(story.state.phase == .completed(byFallback: true))
        #expect(story.state.output == FallbackStep.json("[1]") && story.state == story.refolded)
    }

    @Test("compensate: a linked task is made in the same unit, and the chain goes on")
    func compensate() throws {
        var spec = TaskSpec(
            type: "pay", userID: UserID("ada"), agentID: Story.agent, input: FallbackStep.json("7"))
        spec.retryPolicy = .still
        spec.metadata = [MetadataPair(key: "order", value: "1")]
        spec.traceparent = "00-1-2-01"
        var story = Story(spec)
        let undo = FallbackStep(.compensate(Compensation(type: "undo", capability: "undo", priority: 5)))
        let before = story.state
        let events = try story.fail(.status404, .chain(.of(undo, .retry)))
        #expect(
            events.chain == [
                "started by attempt_failed", "began 1 compensate", "step 1 succeeded", "began 2 retry stripe",
            ])
        let made = TaskRules.offspring(of: events, from: before, to: story.state)
        let child = try #require(made.first)
        #expect(made.count == 1 && child.spec.parent == story.state.id && child.spec.origin == .compensation)
        #expect(child.spec.type == "undo" && child.spec.capability == "undo" && child.spec.priority == 5)
        #expect(child.spec.input == spec.input && child.spec.userID == spec.userID)
        #expect(child.spec.metadata == spec.metadata && child.spec.traceparent == spec.traceparent)
        #expect(
            events.contains { if case .fallback(let told) = $0 { told.taskID == child.id } else { false } })
        #expect(TaskRules.offspring(of: [.taskStarted(round: 1)], from: before, to: before).isEmpty)
    }

    @Test("compensate alone mends nothing: the task fails after it")
    func compensateAlone() throws {
        let (_, _, events) = try mending(FallbackStep(.compensate(Compensation(type: "undo"))))
        #expect(
            events.chain.suffix(4) == ["step 1 succeeded", "exhausted", "task_failed", "moved_to_dlq"])
    }

    @Test("notify: goes on at once")
    func notify() throws {
        let (_, _, events) = try mending(FallbackStep(.notify(message: "look")), .retry)
        #expect(
            events.chain.filter { $0 != "alert_raised" } == [
                "started by attempt_failed", "began 1 notify", "step 1 succeeded", "began 2 retry stripe",
            ])
    }

    @Test("discard: failed, and its dead letter closed as it is made")
    func discard() throws {
        let (story, _, events) = try mending(FallbackStep(.discard(note: "no use")))
        #expect(
            events.types == [
                .attemptFailed, .fallbackStarted, .fallbackStepStarted, .fallbackStepSucceeded, .taskFailed,
                .movedToDLQ, .deadLetterDiscarded,
            ])
        #expect(events.ending?.reason == .discardedByChain && story.state.deadLetter?.status == .discarded)
        #expect(story.state.chain?.end == .left)
    }

    // MARK: Escalation

    private static let ask = FallbackStep(.escalate(message: "ok?", timeout: 60_000, then: .fail))

    @Test("escalate: waits for a person until its time is over")
    func escalate() throws {
        let (story, _, events) = try mending(Self.ask)
        #expect(
            events.types.filter { $0 != .alertRaised }.suffix(2) == [.fallbackStepStarted, .taskEscalated])
        #expect(story.state.status == .waiting && story.state.nextAt == story.now + 60_000)
    }

    @Test("Nobody answers: the task fails, or the chain goes on", arguments: EscalationEnd.allCases)
    func silence(then: EscalationEnd) throws {
        let ask = FallbackStep(.escalate(message: nil, timeout: 60_000, then: then))
        var (story, facts, _) = try mending(ask, FallbackStep(.retry(), when: [.notFound]))
        let events = try story.when(.timeIsUp, facts, after: 60_000)
        #expect(
            events.chain.prefix(2) == ["task_resumed", "step 1 failed timeout"])
        #expect(
            events.chain.dropFirst(2)
                == (then == .fail
                    ? ["exhausted", "task_failed", "moved_to_dlq"] : ["began 2 retry stripe"]))
        #expect(then == .continue || events.ending?.reason == .fallbackExhausted)
        #expect(story.state == story.refolded)
    }

    @Test("A person says retry: an attempt in the same step, with whom and what they say")
    func decideRetry() throws {
        var (story, facts, _) = try mending(Self.ask, .retry)
        let verdict = Verdict(
            .retry, actor: "ada", agentID: AgentID("adyen"), input: FallbackStep.json("2"), note: "go")
        #expect(try story.when(.decide(verdict), facts).types == [.taskResumed, .inputEdited])
        #expect(story.state.target == AgentID("adyen") && story.state.input == FallbackStep.json("2"))
        try story.when(.begin(.toAgent("adyen")), facts)
        #expect(story.state.attempt?.start.step == 1)
        #expect(try story.end(.failed(.status503), facts).chain == ["step 1 failed", "began 2 retry adyen"])
        var (mended, _, _) = try mending(Self.ask)
        try mended.when(.decide(Verdict(.retry, actor: "ada")), facts)
        #expect(mended.state.target == Story.agent)
        try mended.when(.begin(.to()), facts)
        #expect(
            try mended.end(.succeeded(output: .null, httpStatus: 200), facts).chain == [
                "attempt_success", "step 1 succeeded", "mended", "task_completed",
            ])
    }

    @Test("A person gives the output")
    func decideComplete() throws {
        var (story, facts, _) = try mending(Self.ask, .retry)
        let events = try story.when(
            .decide(Verdict(.complete, actor: "ada", output: FallbackStep.json("3"))), facts)
        #expect(events.chain == ["task_resumed", "step 1 succeeded", "mended", "task_completed"])
        #expect(story.state.output == FallbackStep.json("3") && story.state == story.refolded)
    }

    @Test("A person gives up")
    func decideFail() throws {
        var (story, facts, _) = try mending(Self.ask, .retry)
        let events = try story.when(.decide(Verdict(.fail, actor: "ada")), facts)
        #expect(events.chain.prefix(4) == ["task_resumed", "step 1 failed", "task_failed", "moved_to_dlq"])
        #expect(events.ending?.reason == .decided && events.ending?.failure == .status404)
    }

    @Test("Nobody decides on a task that does not wait")
    func notWaiting() throws {
        var story = Story()
        #expect(story.refused(.decide(Verdict(.fail, actor: "ada"))) == .notWaiting(.pending))
        try story.begin()
        #expect(story.refused(.decide(Verdict(.retry, actor: "ada"))) == .notWaiting(.inProgress))
        try story.end(.failed(.status404))
        #expect(story.refused(.decide(Verdict(.retry, actor: "ada"))) == .notWaiting(.failed))
    }

    @Test("A deadline ends the wait for a person, and cancelling does")
    func waitingEnds() throws {
        let facts = Facts.chain(.of(FallbackStep(.escalate(message: nil, timeout: nil, then: .fail))))
        var late = Story(.still, deadline: 5000)
        try late.fail(.status404, facts)
        #expect(late.state.status == .waiting)
        #expect(try late.when(.timeIsUp, facts, after: 5000).ending?.reason == .deadlineExceeded)
        var cancelled = Story(.still)
        try cancelled.fail(.status404, facts)
        try cancelled.when(.cancel(reason: nil, actor: "ada"), facts)
        #expect(cancelled.state.status == .cancelled && cancelled.state.chain?.end == .left)
    }
}
