import KintsugiCore
import KintsugiVocabulary
import Testing

/// Walks every interleaving of a small world: two attempts a round, two rounds, agents that answer and report
/// at any time in any order, a person who cancels and retries, breakers that open, nodes that die.
@Suite("A task's life: every interleaving of a small world")
struct ModelCheckTests {
    private static let policy = RetryPolicy(maxAttempts: 2, jitter: 0, hold: 10_000)
    private static let mostLateResults = 1

    /// What can happen; more attempts with less variety, so that each world can be walked to its end.
    enum World: CaseIterable {
        case everythingTwice, everythingTwiceWithDeadline, threeAttempts, chain

        var attempts: Int { self == .threeAttempts ? 3 : 2 }
        var hasDeadline: Bool { self == .everythingTwiceWithDeadline }
        var hasEverything: Bool { self == .everythingTwice || hasDeadline }

        /// Steps that try, that make something, and that ask a person.
        var chains: ChainBook {
            guard self == .chain else { return ChainBook() }
            let ask = FallbackStep(.escalate(message: nil, timeout: 3000, then: .continue))
            return ChainBook([
                .of(
                    FallbackStep(.waitAndRetry(delay: 500)), FallbackStep(.notify(message: nil)), ask,
                    FallbackStep(.switchAgent(nil), when: [.serverError]))
            ])
        }
    }

    private struct Node {
        var state: TaskState
        /// What somebody may still hold in hands who read before the last append.
        var stale: TaskState
        var monitor: LifeMonitor
        var now: Timestamp
        /// How it was come by: the node before and the input.
        var parent: Int
        var step: String
    }

    /// A node without ids and times: two that agree in this behave alike.
    private struct Key: Hashable {
        var phase: Int
        var attempts: Int
        var abandonedInARow: Int
        var attemptEnded: Int
        var chain: [Int]
        var deadLetter: TaskState.DeadLetterEntry?
        var late: Int
        var reports: AttemptSet
        var monitor: LifeMonitor
        var flags: [Bool]
    }

    private func key(_ node: Node) -> Key {
        let state = node.state
        let phase: Int =
            switch state.phase {
            case .pending: 0
            case .held: 1
            case .running: 2
            case .accepted: 3
            case .waiting: 4
            case .completed: 5
            case .failed: 6
            case .cancelled: 7
            }
        var reports = AttemptSet()
        for report in state.reports { _ = reports.insert(report.attempt) }
        var late = 0
        for result in state.lateResults { late += result.attempt * 16 + (result.kind == .complete ? 1 : 2) }
        var deadLetter = state.deadLetter
        deadLetter?.at = .zero
        deadLetter?.id = DeadLetterID(UUID7(high: 0, low: 0))
        let ended: Int =
            switch state.attempt?.ended {
            case nil: 0
            case .reported(let mark)?: mark == nil ? 1 : 2
            case .withdrawn?: 3
            }
        return Key(
            phase: phase, attempts: state.attempts, abandonedInARow: state.abandonedInARow,
            attemptEnded: ended,
            chain: chain(state),
            deadLetter: deadLetter, late: late, reports: reports, monitor: node.monitor.withoutCount,
            flags: [
                state.attempt?.start.probe ?? false, state.firstHeldAt != nil, state.roundStartedAt != nil,
                state.round == 2, (state.deadline ?? .distantFuture) <= node.now, state.deadline == nil,
            ])
    }

    private func chain(_ state: TaskState) -> [Int] {
        guard let run = state.chain else { return [] }
        return [
            run.step, run.failures, run.failedAgents.count, run.isOver ? 1 : 0,
            run.failure?.type == .serverError ? 1 : 0, run.answer == nil ? 0 : 1,
            run.agentID == Story.agent ? 1 : 0,
        ]
    }

    private struct Input {
        var name: String
        var command: TaskCommand
        var facts = Facts()
        var advance: Milliseconds = 0
        /// The call whose end this is.
        var endsCall: Int?
    }

    private func inputs(_ node: Node, _ world: World) -> [Input] {
        let state = node.state
        var inputs: [Input] = []
        func add(_ name: String, _ command: TaskCommand, _ facts: Facts = Facts()) {
            inputs.append(Input(name: name, command: command, facts: facts))
        }
        if state.attempts < world.attempts {
            add("begin", .begin(.to()))
            if world.hasEverything { add("begin probe", .begin(.to(probe: true))) }
        }
        if world == .chain {
            add("hold", .hold(provider: Story.provider))
            add("abandon", .abandon(poisonous: true))
            for answer in [EscalationAnswer.retry, .complete, .fail] {
                add("decide \(answer)", .decide(Verdict(answer, actor: "ada", output: .null)))
            }
        }
        if world.hasEverything {
            add("hold", .hold(provider: Story.provider))
            add("abandon", .abandon(poisonous: true))
            add("resolve", .resolveDeadLetter(note: nil, actor: "ada"))
        }
        add("cancel", .cancel(reason: nil, actor: "ada"))
        if state.round < 2 { add("retry", .retry(Retry(actor: "ada"))) }
        if let next = state.nextAt(after: node.now) {
            inputs.append(Input(name: "time", command: .timeIsUp, advance: max(0, next - node.now)))
        }
        let output = JSONText(valid: Array("1".utf8))
        let outcomes: [(String, AttemptOutcome)] = [
            ("200", .succeeded(output: output, httpStatus: 200)), ("202", .accepted),
            ("503", .failed(.status503)),
            ("404", .failed(.status404)), ("interrupted", .interrupted), ("cancelled", .cancelled),
        ]
        for attempt in node.monitor.openCalls.numbers {
            for (name, outcome) in outcomes {
                // A call is withdrawn only when its attempt is no longer current.
                if outcome == .cancelled, state.currentAttempt == attempt { continue }
                for facts in name == "503" && world.hasEverything ? [Facts(), .open] : [Facts()] {
                    inputs.append(
                        Input(
                            name: "\(name) of \(attempt), breaker \(facts.breaker)",
                            command: .attemptEnded(number: attempt, outcome), facts: facts, endsCall: attempt)
                    )
                }
            }
        }
        for attempt in stride(from: 1, through: state.attempts, by: 1) {
            add("complete \(attempt)", .report(attempt: attempt, .done()))
            add("fail \(attempt)", .report(attempt: attempt, .failed()))
            add("fail \(attempt) for good", .report(attempt: attempt, .failed("never", .permanent)))
        }
        for index in inputs.indices {
            inputs[index].facts.chains = world.chains
            inputs[index].facts.agents = .two()
        }
        return inputs
    }

    /// Decides on what was read, and appends at the version it was decided on; refused, reads and decides again.
    private func perform(_ input: Input, on read: TaskState, _ node: inout Node, _ tally: inout Tally)
        -> [String]
    {
        var rng = SeededGenerator(seed: 1)
        var read = read
        while true {
            let events: [TaskEvent]
            do {
                events = try TaskRules.decide(input.command, read, input.facts, at: node.now, using: &rng)
            } catch .notCurrent(_, let keep?) {
                events = [.lateResult(keep)]
            } catch {
                events = []
            }
            if !events.isEmpty, read.version != node.state.version {
                tally.refused += 1
                read = node.state
                continue
            }
            if events.isEmpty, read.version != node.state.version {
                // Nothing to append on an old copy: only a current one can say that nothing is to be done.
                read = node.state
                continue
            }
            let before = node.state
            node.stale = before
            for event in events { node.state.evolve(event, at: node.now) }
            if let attempt = input.endsCall { node.monitor.callEnded(attempt) }
            var faults = node.monitor.saw(events, before: before, after: node.state)
            if !isKept(input.command, events, node.state) {
                faults.append("the result of \(input.name) is lost")
            }
            return faults
        }
    }

    /// Whether a success that an agent told is in the record: as the outcome, as a late result, or known already.
    private func isKept(_ command: TaskCommand, _ events: [TaskEvent], _ state: TaskState) -> Bool {
        let number: Int
        switch command {
        case .attemptEnded(let attempt, .succeeded): number = attempt
        case .report(let attempt, .complete): number = attempt
        default: return true
        }
        if events.contains(where: { $0.type == .attemptSuccess }) { return true }
        if state.lateResults.contains(where: { $0.attempt == number && $0.kind == .complete }) { return true }
        // The same report was taken before, or the callback answers after its report.
        return state.reports.contains { $0.attempt == number }
    }

    private func path(to index: Int, in queue: [Node]) -> [String] {
        var steps: [String] = []
        var index = index
        while index >= 0 {
            steps.append(queue[index].step)
            index = queue[index].parent
        }
        return steps.reversed()
    }

    private struct Tally {
        var transitions = 0
        var refused = 0
        var completed = 0
        var failed = 0
    }

    @Test("Nothing is lost, doubled or revived on any path", arguments: World.allCases)
    func everyInterleaving(world: World) {
        var spec = TaskSpec(type: "t", userID: UserID("ada"), retryPolicy: Self.policy)
        if world.hasDeadline { spec.deadline = Story.start + 5000 }
        let state = TaskState(id: TaskID(UUID7(high: 1, low: 2)), spec: spec, at: Story.start)
        let first = Node(
            state: state, stale: state, monitor: LifeMonitor(Self.policy), now: Story.start, parent: -1,
            step: "created")
        var seen: Set<Key> = [key(first)]
        var queue = [first]
        var next = 0
        var tally = Tally()
        var faults = 0
        while next < queue.count, faults < 5 {
            let node = queue[next]
            defer { next += 1 }
            for input in inputs(node, world) {
                var results: [Key] = []
                for read in [node.state, node.stale] {
                    var after = node
                    after.now = node.now + input.advance
                    tally.transitions += 1
                    let wrong = perform(input, on: read, &after, &tally)
                    results.append(key(after))
                    if !wrong.isEmpty {
                        faults += 1
                        Issue.record("\(wrong) by \(path(to: next, in: queue) + [input.name])")
                    }
                    guard after.state.lateResults.count <= Self.mostLateResults,
                        seen.insert(key(after)).inserted
                    else { continue }
                    (after.parent, after.step) = (next, input.name)
                    queue.append(after)
                }
                #expect(
                    results[0] == results[1], "deciding on a stale copy came to another end: \(input.name)")
            }
        }
        for node in queue {
            if node.state.status == .completed { tally.completed += 1 }
            if node.state.status == .failed { tally.failed += 1 }
        }
        print(
            "model check (\(world)): \(seen.count) states, \(tally.transitions) transitions,",
            "\(tally.refused) refused as stale, \(tally.completed) completed, \(tally.failed) failed")
        #expect(
            seen.count > 5000 && tally.transitions > 100_000 && tally.refused > 10_000, "the check is vacuous"
        )
        #expect(tally.completed > 100 && tally.failed > 100, "the check is vacuous")
    }
}
