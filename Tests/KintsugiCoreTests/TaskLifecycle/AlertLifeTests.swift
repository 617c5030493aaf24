import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: its alert")
struct AlertLifeTests {
    private static func spec(
        _ type: String = "report.send", _ amount: String? = nil, origin: TaskOrigin = .user
    ) -> TaskSpec {
        var spec = TaskSpec(
            type: type, userID: UserID("ada"), agentID: Story.agent, retryPolicy: .still(max: 1),
            origin: origin)
        spec.payment = amount.flatMap { Money($0, "USD") }.map { Payment($0, kind: "invoice") }
        return spec
    }

    @Test("It is raised in the append of the ending, right after the dead letter")
    func order() throws {
        var story = Story(Self.spec())
        let events = try story.fail()
        #expect(events.map(\.type).suffix(4) == [.attemptFailed, .taskFailed, .movedToDLQ, .alertRaised])
        #expect(events.alerts == ["medium"])
        #expect(story.state.alert?.cause == story.state.signature?.fingerprint)
        #expect(story.state == story.refolded)
    }

    @Test(
        "Its severity is by the money at stake, then by the kind",
        arguments: [
            ("report.send", "99.99", "medium"), ("report.send", "100", "critical"),
            ("report.send", "100.00", "critical"), ("payment.capture", nil, "high"),
            ("payment.capture", "100", "critical"), ("report.send", nil, "medium"),
        ])
    func severity(type: String, amount: String?, severity: String) throws {
        var story = Story(Self.spec(type, amount))
        #expect(try story.fail().alerts == [severity])
        var cheap = Facts()
        cheap.thresholds = AlertThresholds(critical: ["USD": "1000"], defaultCritical: "1")
        var other = Story(Self.spec(type, amount))
        #expect(
            try other.fail(.status503, cheap).alerts
                == [severity == "critical" ? "medium" : severity].map {
                    $0 == "medium" && type.hasPrefix("payment") ? "high" : $0
                })
    }

    @Test(
        "Whatever ends a round raises one: a deadline, a hold that ran out, nobody to run it, nobody who decided"
    )
    func everyEnding() throws {
        var late = Story(deadline: 1000)
        #expect(try late.when(.timeIsUp, after: 1000).alerts == ["high"])
        var held = Story(.still(open: .skip))
        #expect(try held.when(.hold(provider: Story.provider)).alerts == ["high"])
        var alone = Story()
        #expect(try alone.when(.refuse(.status404)).alerts == ["high"])
        var waiting = Story()
        waiting.record([.taskEscalated(until: Story.start + 10, message: nil)])
        #expect(try waiting.when(.timeIsUp, after: 10).alerts == ["high"])
    }

    @Test("Work of our own never raises one; a compensation does")
    func origins() throws {
        var ours = Story(Self.spec(origin: .internal))
        #expect(try ours.fail().alerts.isEmpty)
        #expect(ours.state.deadLetter?.status == .pending && ours.state.alert == nil)
        var compensation = Story(Self.spec(origin: .compensation))
        #expect(try compensation.fail().alerts == ["medium"])
    }

    @Test("A retry alone does not resolve it; its success does, in the same append")
    func success() throws {
        var story = Story(Self.spec())
        try story.fail()
        let raised = story.state.alert
        #expect(try story.when(.retry(Retry(actor: "ada"))).alerts.isEmpty)
        #expect(story.state.alert == raised)
        try story.begin()
        let events = try story.end(.succeeded(output: nil, httpStatus: 204))
        #expect(events.map(\.type) == [.attemptSuccess, .taskCompleted, .alertResolved])
        #expect(events.last == raised.map { .alertResolved(id: $0.id) })
        #expect(story.state.alert == nil && story.state == story.refolded)
    }

    @Test("Closing the dead letter, or cancelling the next round, resolves it")
    func closing() throws {
        for command in [
            TaskCommand.resolveDeadLetter(note: nil, actor: "ada"),
            .discardDeadLetter(note: nil, actor: "ada"),
        ] {
            var story = Story(Self.spec())
            try story.fail()
            #expect(try story.when(command).alerts == ["resolved"])
            #expect(story.state.alert == nil)
        }
        var story = Story(Self.spec())
        try story.fail()
        try story.when(.retry(Retry(actor: "ada")))
        #expect(try story.when(.cancel(reason: nil, actor: "ada")).alerts == ["resolved"])
    }

    @Test("What never raised one resolves none")
    func quiet() throws {
        var story = Story(Self.spec())
        try story.begin()
        #expect(try story.end(.succeeded(output: nil, httpStatus: 204)).alerts.isEmpty)
        var cancelled = Story(Self.spec())
        #expect(try cancelled.when(.cancel(reason: nil, actor: "ada")).alerts.isEmpty)
        #expect(try cancelled.when(.retry(Retry(actor: "ada"))).alerts.isEmpty)
    }

    @Test("The same cause again is the same alert; another cause is another alert, and the old one is over")
    func again() throws {
        var story = Story(Self.spec())
        try story.fail()
        let first = try #require(story.state.alert)
        try story.when(.retry(Retry(actor: "ada")))
        #expect(try story.fail().alerts == ["medium"])
        #expect(story.state.alert == first)
        try story.when(.retry(Retry(actor: "ada")))
        let events = try story.fail(.status404)
        #expect(events.map(\.type).suffix(3) == [.movedToDLQ, .alertResolved, .alertRaised])
        #expect(events.contains(.alertResolved(id: first.id)))
        let second = try #require(story.state.alert)
        #expect(second.id != first.id && second.cause != first.cause)
        #expect(story.state == story.refolded)
    }

    @Test("In random lives a task has one alert at most, and it ends exactly when the task is cured")
    func randomLives() throws {
        var (raised, resolved, replaced) = (0, 0, 0)
        for seed in UInt64(0)..<400 {
            var rng = SeededGenerator(seed: seed)
            var story = Story(Self.spec())
            for _ in 0..<40 {
                let before = story.state
                let events = (try? step(&story, &rng)) ?? []
                var open = before.alert?.id
                for event in events {
                    switch event {
                    case .alertRaised(let mark):
                        raised += 1
                        #expect(open == nil || open == mark.id, "seed \(seed): two alerts at once")
                        open = mark.id
                    case .alertResolved(let id):
                        resolved += 1
                        #expect(open == id, "seed \(seed): resolved what was not open")
                        open = nil
                    case .movedToDLQ(_, let reason) where reason != .cancelled:
                        #expect(
                            events.alerts.contains("medium"), "seed \(seed): a dead letter without an alert")
                    default: break
                    }
                }
                if events.alerts == ["resolved", "medium"] { replaced += 1 }
                let state = story.state
                #expect(state.alert?.id == open, "seed \(seed)")
                let isCured =
                    switch state.phase {
                    case .completed, .cancelled: true
                    case .failed: state.deadLetter?.status != .pending
                    default: state.alert == nil
                    }
                #expect(isCured == (state.alert == nil), "seed \(seed): \(state.phase)")
            }
            #expect(story.state == story.refolded, "seed \(seed)")
        }
        #expect(raised > 500 && resolved > 300 && replaced > 30, "\(raised) \(resolved) \(replaced)")
    }

    private func step(_ story: inout Story, _ rng: inout SeededGenerator) throws -> [TaskEvent] {
        let failure = Bool.random(using: &rng) ? Failure.status503 : .status404
        switch story.state.phase {
        case .pending, .held:
            switch Int.random(in: 0..<6, using: &rng) {
            case 0: return try story.when(.cancel(reason: nil, actor: "ada"))
            case 1: return try story.when(.refuse(failure))
            default: return try story.begin()
            }
        case .running, .accepted:
            return try story.end(
                Int.random(in: 0..<3, using: &rng) == 0
                    ? .succeeded(output: nil, httpStatus: 204) : .failed(failure))
        default:
            switch Int.random(in: 0..<4, using: &rng) {
            case 0: return try story.when(.resolveDeadLetter(note: nil, actor: "ada"))
            case 1: return try story.when(.discardDeadLetter(note: nil, actor: "ada"))
            default: return try story.when(.retry(Retry(actor: "ada")))
            }
        }
    }
}
