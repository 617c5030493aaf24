import KintsugiCore
import KintsugiVocabulary
import Testing

/// Random commands at random times; a failure names its seed, which alone repeats it.
@Suite("A task's life: random commands")
struct LifePropertyTests {
    private struct Walk {
        var rng: SeededGenerator
        var story: Story
        var monitor: LifeMonitor
        let policy: RetryPolicy
        let chains: ChainBook

        init(seed: UInt64) {
            var rng = SeededGenerator(seed: seed)
            policy = RetryPolicy(
                maxAttempts: Int.random(in: 1...4, using: &rng), jitter: rng.unit(),
                maxElapsed: Bool.random(using: &rng) ? nil : .random(in: 1000...100_000, using: &rng),
                onOpenBreaker: Int.random(in: 0..<4, using: &rng) == 0 ? .skip : .hold,
                hold: .random(in: 0...60_000, using: &rng))
            let deadline: Milliseconds? =
                Bool.random(using: &rng) ? nil : .random(in: 0...200_000, using: &rng)
            story = Story(policy, timeout: .random(in: 1...60_000, using: &rng), deadline: deadline)
            monitor = LifeMonitor(policy)
            chains = Bool.random(using: &rng) ? ChainBook() : ChainBook([Self.chain(using: &rng)])
            self.rng = rng
        }

        private static func chain(using rng: inout SeededGenerator) -> FallbackChain {
            let ways: [FallbackStep.Way] = [
                .retry(maxAttempts: 2, delay: 300), .waitAndRetry(delay: nil), .switchAgent(nil),
                .switchAgent(AgentID("nobody")), .increaseTimeout(max: nil), .refreshCredentials,
                .modifyInput(patch: FallbackStep.json(#"{"a":1}"#)), .useOutput(.null),
                .compensate(Compensation(type: "undo")), .notify(message: nil),
                .escalate(message: nil, timeout: 2000, then: .continue),
                .escalate(message: nil, timeout: nil, then: .fail), .discard(note: nil),
            ]
            var chain = FallbackChain.of()
            chain.steps = (0..<Int.random(in: 1...6, using: &rng)).map { _ in
                let when: [ErrorType] = Int.random(in: 0..<3, using: &rng) == 0 ? [.timeout, .notFound] : []
                return FallbackStep(ways.randomElement(using: &rng) ?? .refreshCredentials, when: when)
            }
            return chain
        }

        mutating func verdict() -> Verdict {
            let answer = [EscalationAnswer.retry, .complete, .fail].randomElement(using: &rng) ?? .retry
            return Verdict(answer, actor: "ada", output: .null)
        }

        mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &rng) == 0 }

        mutating func attempt() -> Int {
            chance(4) ? Int.random(in: 0...max(1, story.state.attempts), using: &rng) : story.state.attempts
        }

        mutating func failure() -> Failure {
            chance(5)
                ? .status404
                : chance(5)
                    ? Failure(type: .timeout, message: "slow") : .busy(retryAfter: chance(2) ? 0 : 5000)
        }

        mutating func outcome() -> AttemptOutcome {
            switch Int.random(in: 0..<6, using: &rng) {
            case 0: .succeeded(output: chance(2) ? nil : .null, httpStatus: 200)
            case 1: .accepted
            case 2: .interrupted
            case 3: .cancelled
            default: .failed(failure())
            }
        }

        mutating func command() -> TaskCommand {
            switch Int.random(in: 0..<17, using: &rng) {
            case 16: return .decide(verdict())
            case 0...3: return .begin(.to(probe: chance(5), timeout: 5000))
            case 4...6:
                let open = monitor.openCalls.numbers
                guard let number = open.randomElement(using: &rng) else { return .timeIsUp }
                return .attemptEnded(number: number, outcome())
            case 7: return .report(attempt: attempt(), .percent(Double.random(in: 0...100, using: &rng)))
            case 8: return .report(attempt: attempt(), .done("\(Int.random(in: 0..<3, using: &rng))"))
            case 9: return .report(attempt: attempt(), .failed("no", chance(4) ? .permanent : .retryable))
            case 10: return .hold(provider: Story.provider)
            case 11, 12: return .timeIsUp
            case 13: return chance(4) ? .cancel(reason: nil, actor: "ada") : .abandon(poisonous: chance(2))
            case 14: return chance(6) ? .refuse(.status404) : .resolveDeadLetter(note: nil, actor: "ada")
            default: return .retry(Retry(actor: "ada", delay: chance(2) ? 0 : 500))
            }
        }

        mutating func step() -> [String] {
            let isOpen = chance(3)
            let facts = Facts(
                breaker: isOpen ? .open : .closed, chains: chains,
                agents: isOpen ? .two(open: "stripe") : .two())
            let command = command()
            let before = story.state
            if chance(2), let next = before.nextAt(after: story.now) {
                story.now = max(story.now, next)
            } else {
                story.now = story.now + .random(in: -50...2000, using: &rng)
            }
            var events: [TaskEvent] = []
            do {
                events = try story.when(command, facts)
            } catch .notCurrent(_, let late?) {
                events = [.lateResult(late)]
                story.record(events)
            } catch {
                if story.state != before { return ["a refused command changed the task"] }
            }
            if case .attemptEnded(let number, _) = command { monitor.callEnded(number) }
            return monitor.saw(events, before: before, after: story.state).map { "\($0), by \(command)" }
        }
    }

    @Test("No sequence of commands breaks a promise, and the fold of the events is the state")
    func randomWalks() {
        var (attempts, rounds, late) = (0, 0, 0)
        var chained: [EventType: Int] = [:]
        for seed in UInt64(0)..<1000 {
            var walk = Walk(seed: seed)
            for step in 0..<120 where walk.story.state.attempts < 60 {
                let faults = walk.step()
                #expect(faults.isEmpty, "seed \(seed), step \(step)")
                if !faults.isEmpty { break }
            }
            #expect(walk.story.state == walk.story.refolded, "seed \(seed)")
            attempts += walk.story.state.attempts
            rounds += walk.story.state.round
            late += walk.story.state.lateResults.count
            for type in walk.story.types where type.rawValue.hasPrefix("fallback") {
                chained[type, default: 0] += 1
            }
        }
        print("random lives, seeds 0 to 999: \(attempts) attempts in \(rounds) rounds, \(late) late results")
        #expect(chained.count == 6 && chained.values.allSatisfy { $0 > 50 }, "chains are vacuous: \(chained)")
        #expect(attempts > 2500 && rounds > 2000 && late > 300, "the walks are vacuous")
    }
}
