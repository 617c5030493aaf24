package import KintsugiVocabulary

/// Says what comes next in a chain. Pure: it knows a run and what happened, and neither task nor event.
///
/// ```
/// begun ──▶ begin(step) ─┬─▶ stepSucceeded ─┬─▶ succeeded                 an attempt worked, or there is an output
///               ▲        │                  ├─▶ begin(next) or exhausted  compensate and notify mend nothing
///               │        │                  └─▶ discard
///               │        └─▶ stepFailed ────┬─▶ begin(next) or exhausted
///               └─ tryAgain, of `retry`     └─▶ giveUp                    a person said so
/// ```
package enum ChainDecider {
    package enum Happening: Sendable, Hashable {
        /// The chain begins.
        case begun
        /// The step did what it does without an attempt.
        case done
        case attemptSucceeded
        /// An attempt of the step failed; the run has counted it.
        case attemptFailed
        /// The step cannot be tried: an open breaker, no agent.
        case impossible(Failure)
        /// A person answered its escalation, or nobody did in time.
        case answered(EscalationAnswer)
    }

    package enum Move: Sendable, Hashable {
        /// Try this step, from 1, after passing over those whose `when` does not fit.
        case begin(step: Int, skipping: [Int])
        /// Another attempt within the step, so much later.
        case tryAgain(after: Milliseconds)
        case stepSucceeded
        /// Why; nil: for what the run knows already.
        case stepFailed(Failure?)
        /// The task is mended.
        case succeeded
        case exhausted(skipping: [Int])
        /// The task is given up at once: `discard`.
        case discard
        /// The task fails at once, since a person said so.
        case giveUp
    }

    /// What follows, in order.
    package static func moves(_ run: ChainRun, _ happening: Happening) -> [Move] {
        switch happening {
        case .begun: return [next(run, after: run.failure?.type)]
        case .done: return done(run)
        case .attemptSucceeded: return [.stepSucceeded, .succeeded]
        case .attemptFailed:
            if case .retry(let attempts, let delay)? = run.current?.way, run.failures < attempts {
                return [.tryAgain(after: delay)]
            }
            return [.stepFailed(nil), next(run, after: run.failure?.type)]
        case .impossible(let failure): return [.stepFailed(failure), next(run, after: failure.type)]
        case .answered(let answer): return answered(run, answer)
        }
    }

    /// Whether the chain has anything to try after such a failure.
    package static func fits(_ chain: FallbackChain, after type: ErrorType) -> Bool {
        chain.steps.contains { $0.fits(type) }
    }

    private static func done(_ run: ChainRun) -> [Move] {
        switch run.current?.way {
        case .compensate, .notify: [.stepSucceeded, next(run, after: run.failure?.type)]
        case .discard: [.stepSucceeded, .discard]
        default: [.stepSucceeded, .succeeded]
        }
    }

    private static func answered(_ run: ChainRun, _ answer: EscalationAnswer) -> [Move] {
        switch answer {
        // The step goes on with an attempt.
        case .retry: return []
        case .complete: return [.stepSucceeded, .succeeded]
        case .fail: return [.stepFailed(nil), .giveUp]
        case .timedOut:
            let silence = Failure(type: .timeout, message: "Nobody decided in time.", sent: .no)
            guard case .escalate(_, _, .continue)? = run.current?.way else {
                return [.stepFailed(silence), .exhausted(skipping: [])]
            }
            return [.stepFailed(silence), next(run, after: run.failure?.type)]
        }
    }

    private static func next(_ run: ChainRun, after type: ErrorType?) -> Move {
        var skipped: [Int] = []
        for number in stride(from: run.step + 1, through: run.chain.steps.count, by: 1) {
            if run.step(number)?.fits(type) ?? false { return .begin(step: number, skipping: skipped) }
            skipped.append(number)
        }
        return .exhausted(skipping: skipped)
    }
}

extension FallbackStep {
    /// Whether it is for failures of this type.
    package func fits(_ type: ErrorType?) -> Bool {
        errorTypes.isEmpty || type.map(errorTypes.contains) ?? false
    }
}
