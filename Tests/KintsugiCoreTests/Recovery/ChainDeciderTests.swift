import KintsugiCore
import KintsugiVocabulary
import Testing

/// The decider against an interpreter that is written as naively as possible: it reads a chain from top to bottom with
/// all outcomes known beforehand, and keeps no state but its place.
@Suite("What comes next in a chain")
struct ChainDeciderTests {
    /// How the world answers the next question of a chain: whether a step can be tried, how an attempt ends, what a
    /// person says.
    enum Outcome: CaseIterable {
        case good, timeout, invalid, shut

        var failure: Failure { Failure(type: type, message: "no") }
        var type: ErrorType {
            self == .timeout ? .timeout : self == .invalid ? .validationError : .circuitOpen
        }
        var answer: EscalationAnswer {
            switch self {
            case .good: .complete
            case .timeout: .timedOut
            case .invalid: .fail
            case .shut: .retry
            }
        }
    }

    private static let catalogue: [FallbackStep] = [
        FallbackStep(.retry()), FallbackStep(.retry(maxAttempts: 2, delay: 5)),
        FallbackStep(.useOutput(.null)),
        FallbackStep(.compensate(Compensation(type: "undo"))), FallbackStep(.discard(note: nil)),
        FallbackStep(.escalate(message: nil, timeout: 9, then: .fail)),
        FallbackStep(.escalate(message: nil, timeout: 9, then: .continue), when: [.timeout, .circuitOpen]),
        FallbackStep(.switchAgent(nil), when: [.timeout]),
        FallbackStep(.notify(message: nil), when: [.validationError, .serverError]),
    ]

    // MARK: The reference

    private func reference(_ steps: [FallbackStep], _ outcomes: [Outcome]) -> [String] {
        var told: [String] = []
        var left = outcomes[...]
        var last = ErrorType.serverError
        var passed: [Int] = []
        steps: for (index, step) in steps.enumerated() {
            if !step.errorTypes.isEmpty, !step.errorTypes.contains(last) {
                passed.append(index + 1)
                continue
            }
            told.append("begin \(index + 1) past \(passed)")
            passed = []
            switch step.strategy {
            case .useOutput: return told + ["step good", "mended"]
            case .discard: return told + ["step good", "discarded"]
            case .compensate, .notify:
                told.append("step good")
                continue
            case .escalate:
                guard let said = left.popFirst() else { return told }
                if said == .good { return told + ["step good", "mended"] }
                if said == .invalid { return told + ["step bad", "given up"] }
                if said == .timeout {
                    told.append("step bad")
                    if case .escalate(_, _, .continue) = step.way { continue }
                    return told + ["used up past []"]
                }
            default:
                guard let first = left.first else { return told }
                if first == .shut {
                    left.removeFirst()
                    told.append("step bad")
                    last = .circuitOpen
                    continue
                }
            }
            var tries = 1
            if case .retry(let most, _) = step.way { tries = most }
            while true {
                guard let end = left.popFirst() else { return told }
                if end == .good { return told + ["step good", "mended"] }
                last = end.type
                tries -= 1
                if tries < 1 { break }
                told.append("again")
            }
            told.append("step bad")
        }
        return told + ["used up past \(passed)"]
    }

    // MARK: The decider, driven as a task drives it

    private func decided(_ steps: [FallbackStep], _ outcomes: [Outcome]) -> [String] {
        let start = Failure(type: .serverError, message: "503")
        var run = ChainRun(
            ChainSnapshot(id: "c", steps: steps), failure: start, failedAgent: nil, at: Timestamp.zero)
        var told: [String] = []
        var left = outcomes[...]
        var next: ChainDecider.Happening? = .begun
        while let happening = next {
            next = nil
            if case .answered(let answer) = happening { run.answered(answer, agent: nil) }
            for move in ChainDecider.moves(run, happening) {
                switch move {
                case .begin(let step, let skipped):
                    told.append("begin \(step) past \(skipped)")
                    run.begin(step: step, skipping: skipped.count, at: .zero)
                    next = asked(run, &left)
                case .tryAgain:
                    told.append("again")
                    next = attempt(&run, &left)
                case .stepSucceeded: told.append("step good")
                case .stepFailed(let failure):
                    told.append("step bad")
                    run.stepFailed(failure)
                case .succeeded: told.append("mended")
                case .exhausted(let skipped): told.append("used up past \(skipped)")
                case .discard: told.append("discarded")
                case .giveUp: told.append("given up")
                }
            }
            if next == .attemptStarting { next = attempt(&run, &left) }
        }
        return told
    }

    private func asked(_ run: ChainRun, _ left: inout ArraySlice<Outcome>) -> ChainDecider.Happening? {
        switch run.current?.strategy {
        case .useOutput, .compensate, .notify, .discard: return .done
        case .escalate: return left.popFirst().map { .answered($0.answer) }
        default:
            guard left.first == .shut else { return left.isEmpty ? nil : .attemptStarting }
            return .impossible(left.removeFirst().failure)
        }
    }

    private func attempt(_ run: inout ChainRun, _ left: inout ArraySlice<Outcome>) -> ChainDecider.Happening?
    {
        guard let end = left.popFirst() else { return nil }
        if end == .good { return .attemptSucceeded }
        run.attemptFailed(end.failure, by: nil)
        return .attemptFailed
    }

    private static func sequences(of length: Int) -> [[Outcome]] {
        guard length > 0 else { return [[]] }
        return sequences(of: length - 1).flatMap { rest in Outcome.allCases.map { rest + [$0] } }
    }

    @Test("Every chain of up to three steps goes the way the interpreter goes, whatever happens")
    func exhaustive() {
        var chains: [[FallbackStep]] = [[]]
        for step in Self.catalogue { chains.append([step]) }
        for chain in chains where chain.count == 1 {
            for step in Self.catalogue { chains.append(chain + [step]) }
        }
        for chain in chains where chain.count == 2 {
            for step in Self.catalogue { chains.append(chain + [step]) }
        }
        let (long, short) = (Self.sequences(of: 4), Self.sequences(of: 3))
        var compared = 0
        var endings: Set<String> = []
        for chain in chains {
            for outcomes in chain.count < 3 ? long : short {
                let wanted = reference(chain, outcomes)
                let told = decided(chain, outcomes)
                compared += 1
                if let end = told.last { endings.insert(end) }
                if told != wanted {
                    Issue.record("\(chain.map(\.strategy)) \(outcomes): \(told), not \(wanted)")
                    return
                }
            }
        }
        #expect(chains.count == 1 + 9 + 81 + 729 && compared > 50_000)
        #expect(endings.isSuperset(of: ["mended", "discarded", "given up", "used up past []", "again"]))
    }

    @Test("Long chains at random")
    func random() {
        var rng = SeededGenerator(seed: 11)
        var steps = 0
        for run in 0..<3000 {
            let chain = (0..<Int.random(in: 4...20, using: &rng)).map { _ in
                Self.catalogue.filter { run % 2 == 0 || !$0.strategy.endsTheTask }.randomElement(using: &rng)
                    ?? FallbackStep(.retry())
            }
            let outcomes = (0..<40).map { _ in
                [Outcome.timeout, .invalid, .shut, .timeout, .shut, .good].randomElement(using: &rng) ?? .good
            }
            let told = decided(chain, outcomes)
            steps += told.count { $0.hasPrefix("begin") }
            #expect(told == reference(chain, outcomes), "run \(run)")
        }
        #expect(steps > 8000, "the runs are vacuous")
    }
}

extension ChainDecider.Happening {
    /// An attempt comes: what a person who says retry leads to, and what a step that can be tried begins with.
    fileprivate static let attemptStarting = ChainDecider.Happening.answered(.retry)
}
