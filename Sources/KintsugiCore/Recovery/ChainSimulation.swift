package import KintsugiVocabulary

/// What a chain would have made of a failure in the past, as far as that can be known.
///
/// Some steps end in one way only: an output that is given completes the task. Of an attempt that was never made
/// nobody can say how it would have gone; so both ways are walked, for every way in which it could have failed, and
/// only what comes out the same on all of them is known.
package struct ChainSimulation {
    /// What was recorded of such a step for this very task.
    package enum Evidence: Sendable, Hashable {
        /// With a sentence that says what was recorded.
        case succeeded(String)
        case failed(ErrorType, String)
        case unknown
    }

    package enum Outcome: String, Sendable, Hashable, CaseIterable {
        case recovered, exhausted, escalated, discarded, unknown
        /// The chain would not have begun.
        case skipped
    }

    package struct Finding: Sendable, Hashable {
        package let outcome: Outcome
        /// Where it is decided, from 1; nil: at different steps, or none.
        package let step: Int?
        package let why: String
        /// Of what is unknown: how likely the task would have been mended, by what was measured; nil: not measured.
        package let estimatedRate: Double?

        package init(_ outcome: Outcome, step: Int? = nil, why: String, estimatedRate: Double? = nil) {
            self.outcome = outcome
            self.step = step
            self.why = why
            self.estimatedRate = estimatedRate
        }

        package var isKnown: Bool { outcome != .unknown }
    }

    private struct End: Hashable {
        let outcome: Outcome
        let step: Int?
        let why: String
    }

    private struct Place: Hashable {
        let step: Int
        let failure: ErrorType?
    }

    private let chain: ChainSnapshot
    private let evidence: (_ step: Int) -> Evidence
    private let rate: (Remedy) -> Double?
    private var known: [Place: Set<End>] = [:]
    private var firstUnknown: Int?

    /// - Parameters:
    ///   - evidence: what was recorded of the step with this number.
    ///   - rate: how often a remedy has worked here.
    package init(
        _ chain: ChainSnapshot, evidence: @escaping (_ step: Int) -> Evidence,
        rate: @escaping (Remedy) -> Double?
    ) {
        self.chain = chain
        self.evidence = evidence
        self.rate = rate
    }

    package mutating func finding(after failure: ErrorType) -> Finding {
        let begun = ChainRun(chain, failure: Failure(type: failure, message: ""), failedAgent: nil, at: .zero)
        let ends = ends(begun, .begun)
        let outcomes = Set(ends.map(\.outcome))
        guard outcomes.count == 1, let end = ends.first else {
            let name = firstUnknown.flatMap { chain.steps[$0 - 1].strategy.rawValue } ?? "a step"
            return Finding(
                .unknown, step: firstUnknown,
                why: "What \(name) would have done was never tried for this task.",
                estimatedRate: estimate(after: failure))
        }
        if ends.count == 1 { return Finding(end.outcome, step: end.step, why: end.why) }
        return Finding(end.outcome, why: "Whichever step it had come to, that would have been the end of it.")
    }

    // MARK: Walking

    private mutating func ends(_ run: ChainRun, _ happening: ChainDecider.Happening) -> Set<End> {
        for move in ChainDecider.moves(run, happening) {
            switch move {
            case .stepSucceeded, .stepFailed, .tryAgain: continue
            case .succeeded:
                return [
                    End(
                        outcome: .recovered, step: run.step,
                        why: "The step completes the task with its output.")
                ]
            case .discard:
                return [End(outcome: .discarded, step: run.step, why: "The step gives the task up.")]
            case .exhausted, .giveUp:
                let why = "No step would have mended it: each had failed when it was tried, or mends nothing."
                return [End(outcome: .exhausted, step: nil, why: why)]
            case .begin(let number, let skipped):
                var next = run
                next.begin(step: number, skipping: skipped.count, at: run.startedAt)
                return ends(of: next)
            }
        }
        return []
    }

    /// - Parameter run: at the beginning of a step.
    private mutating func ends(of run: ChainRun) -> Set<End> {
        let place = Place(step: run.step, failure: run.failure?.type)
        if let found = known[place] { return found }
        let found: Set<End>
        switch run.current?.way {
        case .useOutput, .compensate, .notify, .discard: found = ends(run, .done)
        case .escalate:
            let why = "A person would have been asked; what they had decided is not known."
            found = [End(outcome: .escalated, step: run.step, why: why)]
        default:
            switch evidence(run.step) {
            case .succeeded(let why): found = [End(outcome: .recovered, step: run.step, why: why)]
            case .failed(let type, _): found = ends(run, failingWith: type)
            case .unknown: found = endsOfUnknown(run)
            }
        }
        known[place] = found
        return found
    }

    private mutating func endsOfUnknown(_ run: ChainRun) -> Set<End> {
        firstUnknown = firstUnknown ?? run.step
        var found: Set<End> = [End(outcome: .recovered, step: run.step, why: "")]
        for type in Self.possible { found.formUnion(ends(run, failingWith: type)) }
        return found
    }

    private mutating func ends(_ run: ChainRun, failingWith type: ErrorType) -> Set<End> {
        let failure = Failure(type: type, message: "")
        var failed = run
        failed.stepFailed(failure)
        return ends(failed, .impossible(failure))
    }

    /// Ways in which an attempt can fail so that the chain goes on.
    private static let possible = ErrorType.allCases.filter { $0 != .cancelled && $0 != .deadlineExceeded }

    // MARK: Estimating

    /// How likely it is that the task would have been mended, if each attempt failed as the first did.
    private func estimate(after failure: ErrorType) -> Double? {
        var isLost = 1.0
        for (index, step) in chain.steps.enumerated() where step.fits(failure) {
            switch step.way {
            case .useOutput: return 1
            case .discard, .escalate: return 1 - isLost
            case .compensate, .notify: continue
            default:
                switch evidence(index + 1) {
                case .succeeded: return 1
                case .failed: continue
                case .unknown:
                    guard let rate = rate(Remedy(step.strategy, against: failure)) else { return nil }
                    isLost *= 1 - rate
                }
            }
        }
        return 1 - isLost
    }
}
