import Kintsugi
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

/// What people read about a task on its way through a chain.
@Suite("Chains in plain sentences")
struct ChainMappingTests {
    private static let snapshot = ChainSnapshot(
        id: "c", name: "to backup", version: 2,
        steps: [
            FallbackStep(.waitAndRetry(delay: 5000)), FallbackStep(.switchAgent(nil)),
            FallbackStep(.escalate(message: "Is the account open?", timeout: 60_000, then: .fail)),
        ])

    private static func told(
        _ type: EventType, _ step: Int = 0, agent: String? = nil, due: Timestamp? = nil,
        failure: Failure? = nil
    ) -> TaskEvent {
        .fallback(
            FallbackEvent(
                type: type, chainID: "c", step: step,
                strategy: step == 0 ? nil : snapshot.steps[step - 1].strategy.rawValue,
                chain: type == .fallbackStarted ? snapshot : nil,
                trigger: type == .fallbackStarted ? .attemptFailed : nil, failure: failure,
                agentID: agent.map { AgentID($0) }, due: due))
    }

    private static func ofStep(_ number: Int, _ step: Int, _ agent: String) -> TaskEvent {
        .attemptStarted(
            AttemptStart(
                number: number, agentID: AgentID(agent), provider: ProviderID(agent), node: "n",
                counted: false,
                timeout: 30_000, step: step))
    }

    private func messages(_ story: Story) -> [String] {
        var fold = TimelineFold(of: story.id)
        return story.events.map { fold.row($0).message }
    }

    private func explained(_ story: Story) throws -> String {
        Explanation.sentence(for: try story.state, Outlook(now: story.end))
    }

    private var waiting: Story {
        var story = Story(
            .taskStarted(round: 1), Story.start(1), Story.failure(1), Self.told(.fallbackStarted))
        story.add(Self.told(.fallbackStepStarted, 1, agent: "a", due: story.end + 6000))
        return story
    }

    private var switched: Story {
        var story = waiting
        for event in [
            Self.ofStep(2, 1, "a"), Story.failure(2, 422, .validationError),
            Self.told(.fallbackStepFailed, 1),
            Self.told(.fallbackStepStarted, 2, agent: "b"), Self.ofStep(3, 2, "b"),
        ] { story.add(event) }
        return story
    }

    @Test("Each step says which it is, what it does and why")
    func steps() {
        var story = switched
        let shut = Failure.circuitOpen(ProviderID("b"))
        for event in [
            Story.failure(3), Self.told(.fallbackStepFailed, 2, failure: shut),
            Self.told(.fallbackStepStarted, 3),
            Self.told(.fallbackExhausted),
        ] { story.add(event) }
        let told = messages(story).filter { $0.hasPrefix("Step") || $0.contains("allback") }
        #expect(
            told == [
                "Fallback chain to backup began because a answered 503.",
                "Step 1 of 3 (wait and retry): trying a again in 5 s because a answered 503.",
                "Attempt 2 went to agent a, for step 1 of 3 of its fallback chain.",
                "Step 1 of 3 (wait and retry) failed because a answered 422.",
                "Step 2 of 3 (switch agent): trying b because a answered 422.",
                "Attempt 3 went to agent b, for step 2 of 3 of its fallback chain.",
                "Step 2 of 3 (switch agent) failed because the circuit breaker is open.",
                "Step 3 of 3 (escalate): asking a person because the circuit breaker is open.",
                "Fallback chain to backup is used up: no step of 3 tried mended the task.",
            ])
    }

    @Test("A task in a chain says what it waits for and what runs")
    func explanations() throws {
        #expect(
            try explained(waiting)
                == "Waiting 5 s before step 1 of 3 of its fallback chain (wait and retry) because a answered 503."
        )
        #expect(
            try explained(switched)
                == "Agent b is running step 2 of 3 of its fallback chain (switch agent).")
        var mended = switched
        for event in [
            TaskEvent.attemptSuccess(AttemptSuccess(number: 3, duration: 1)),
            Self.told(.fallbackStepSucceeded, 2),
            Self.told(.fallbackSucceeded), .taskCompleted(output: nil),
        ] { mended.add(event) }
        #expect(
            try explained(mended)
                == "Completed by step 2 of 3 of its fallback chain (switch agent) after 3 attempts.")
        let resource = TaskResource(try mended.state, Outlook(now: mended.end))
        #expect(resource.statusReason == .completedByFallback && resource.agentID == "b")
        #expect(resource.fallback?.step == 2 && resource.fallback?.of == 3 && resource.fallback?.version == 2)
    }

    @Test("A person is told what is asked, until when, and what was decided")
    func people() throws {
        var story = switched
        for event in [
            Story.failure(3), Self.told(.fallbackStepFailed, 2), Self.told(.fallbackStepStarted, 3),
            .taskEscalated(
                until: Timestamp(milliseconds: 1_769_855_400_000), message: "Is the account open?"),
        ] { story.add(event) }
        #expect(
            try explained(story)
                == "Waiting for a person until 2026-01-31T10:30:00.000Z: Is the account open?")
        story.add(
            .taskResumed(
                Resumption(.retry, actor: "user:ann", note: "it is", agentID: AgentID("c"))))
        #expect(messages(story).last == "Decided by user ann: try again with agent c: it is")
        #expect(
            try explained(story)
                == "Waiting for its turn to begin step 3 of 3 of its fallback chain (escalate).")
    }
}
