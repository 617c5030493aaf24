import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("What a chain would have done")
struct ChainSimulationTests {
    private func verdict(
        _ steps: [FallbackStep], after failure: ErrorType = .timeout,
        evidence: [Int: ChainSimulation.Evidence] = [:], rates: [Strategy: Double] = [:]
    ) -> ChainSimulation.Verdict {
        var simulation = ChainSimulation(
            ChainSnapshot(id: "c", steps: steps), evidence: { evidence[$0] ?? .unknown },
            rate: { rates[$0.strategy] })
        return simulation.verdict(after: failure)
    }

    private let retry = FallbackStep(.retry())
    private let another = FallbackStep(.switchAgent(nil))
    private let output = FallbackStep(.useOutput(.null))
    private let notify = FallbackStep(.notify(message: nil))
    private let ask = FallbackStep(.escalate(message: nil, timeout: nil, then: .fail))
    private let discard = FallbackStep(.discard(note: nil))

    @Test("Steps that can end in one way only are known")
    func certain() {
        #expect(verdict([output]).outcome == .recovered && verdict([output]).step == 1)
        #expect(verdict([notify, output]).step == 2)
        #expect(verdict([discard]).outcome == .discarded)
        #expect(verdict([notify, ask, output]).outcome == .escalated && verdict([notify, ask]).step == 2)
        #expect(verdict([notify]).outcome == .exhausted && verdict([notify]).isKnown)
        #expect(verdict([FallbackStep(.useOutput(.null), when: [.notFound])]).outcome == .exhausted)
    }

    @Test("What was never tried is not known, and is estimated only by what was measured")
    func unknown() {
        let unmeasured = verdict([notify, retry])
        #expect(unmeasured.outcome == .unknown && !unmeasured.isKnown && unmeasured.step == 2)
        #expect(unmeasured.estimatedRate == nil)
        #expect(verdict([retry], rates: [.retry: 0.25]).estimatedRate == 0.25)
        #expect(verdict([retry, another], rates: [.retry: 0.5, .switchAgent: 0.5]).estimatedRate == 0.75)
        #expect(verdict([retry, another], rates: [.retry: 0.5]).estimatedRate == nil)
        #expect(verdict([retry, discard], rates: [.retry: 0.5]).estimatedRate == 0.5)
        let skipped = FallbackStep(.retry(), when: [.notFound])
        #expect(verdict([skipped, another], rates: [.switchAgent: 0.5]).estimatedRate == 0.5)
    }

    @Test("Where every way leads to the same end, that end is known")
    func either() {
        let both = verdict([retry, output])
        #expect(both.outcome == .recovered && both.isKnown && both.step == nil)
        // How the retry would have failed decides whether the output would have been used.
        let narrow = FallbackStep(.useOutput(.null), when: [.timeout])
        #expect(verdict([retry, narrow]).outcome == .unknown)
        #expect(verdict([retry, narrow, output]).outcome == .recovered)
        #expect(verdict([retry, ask]).outcome == .unknown)
    }

    @Test("What was recorded of a step decides it")
    func recorded() {
        let healed = verdict(
            [retry, another], evidence: [2: .succeeded("It did."), 1: .failed(.notFound, "No.")])
        #expect(healed.outcome == .recovered && healed.step == 2 && healed.why == "It did.")
        #expect(verdict([retry], evidence: [1: .failed(.timeout, "No.")]).outcome == .exhausted)
        let onlyTimeouts = FallbackStep(.switchAgent(nil), when: [.timeout])
        let passed = verdict(
            [retry, onlyTimeouts, discard],
            evidence: [1: .failed(.notFound, "No."), 2: .succeeded("It did.")])
        #expect(passed.outcome == .discarded, "the second step is not for what the first met")
    }

    @Test("Twenty unknown steps are walked without walking every way")
    func long() {
        let steps = (0..<20).map { index in
            FallbackStep(.retry(), when: [ErrorType.allCases[index % ErrorType.allCases.count], .timeout])
        }
        #expect(verdict(steps).outcome == .unknown)
        #expect(verdict(steps + [output]).outcome == .recovered)
    }
}
