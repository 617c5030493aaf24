import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("What a chain would have done")
struct ChainSimulationTests {
    private func finding(
        _ steps: [FallbackStep], after failure: ErrorType = .timeout,
        evidence: [Int: ChainSimulation.Evidence] = [:], rates: [Strategy: Double] = [:]
    ) -> ChainSimulation.Finding {
        var simulation = ChainSimulation(
            ChainSnapshot(id: "c", steps: steps), evidence: { evidence[$0] ?? .unknown },
            rate: { rates[$0.strategy] })
        return simulation.finding(after: failure)
    }

    private let retry = FallbackStep(.retry())
    private let another = FallbackStep(.switchAgent(nil))
    private let output = FallbackStep(.useOutput(.null))
    private let notify = FallbackStep(.notify(message: nil))
    private let ask = FallbackStep(.escalate(message: nil, timeout: nil, then: .fail))
    private let discard = FallbackStep(.discard(note: nil))

    @Test("Steps that can end in one way only are known")
    func certain() {
        #expect(finding([output]).outcome == .recovered && finding([output]).step == 1)
        #expect(finding([notify, output]).step == 2)
        #expect(finding([discard]).outcome == .discarded)
        #expect(finding([notify, ask, output]).outcome == .escalated && finding([notify, ask]).step == 2)
        #expect(finding([notify]).outcome == .exhausted && finding([notify]).isKnown)
        #expect(finding([FallbackStep(.useOutput(.null), when: [.notFound])]).outcome == .exhausted)
    }

    @Test("What was never tried is not known, and is estimated only by what was measured")
    func unknown() {
        let unmeasured = finding([notify, retry])
        #expect(unmeasured.outcome == .unknown && !unmeasured.isKnown && unmeasured.step == 2)
        #expect(unmeasured.estimatedRate == nil)
        #expect(finding([retry], rates: [.retry: 0.25]).estimatedRate == 0.25)
        #expect(finding([retry, another], rates: [.retry: 0.5, .switchAgent: 0.5]).estimatedRate == 0.75)
        #expect(finding([retry, another], rates: [.retry: 0.5]).estimatedRate == nil)
        #expect(finding([retry, discard], rates: [.retry: 0.5]).estimatedRate == 0.5)
        let skipped = FallbackStep(.retry(), when: [.notFound])
        #expect(finding([skipped, another], rates: [.switchAgent: 0.5]).estimatedRate == 0.5)
    }

    @Test("Where every way leads to the same end, that end is known")
    func either() {
        let both = finding([retry, output])
        #expect(both.outcome == .recovered && both.isKnown && both.step == nil)
        // How the retry would have failed decides whether the output would have been used.
        let narrow = FallbackStep(.useOutput(.null), when: [.timeout])
        #expect(finding([retry, narrow]).outcome == .unknown)
        #expect(finding([retry, narrow, output]).outcome == .recovered)
        #expect(finding([retry, ask]).outcome == .unknown)
    }

    @Test("What was recorded of a step decides it")
    func recorded() {
        let healed = finding(
            [retry, another], evidence: [2: .succeeded("It did."), 1: .failed(.notFound, "No.")])
        #expect(healed.outcome == .recovered && healed.step == 2 && healed.why == "It did.")
        #expect(finding([retry], evidence: [1: .failed(.timeout, "No.")]).outcome == .exhausted)
        let onlyTimeouts = FallbackStep(.switchAgent(nil), when: [.timeout])
        let passed = finding(
            [retry, onlyTimeouts, discard],
            evidence: [1: .failed(.notFound, "No."), 2: .succeeded("It did.")])
        #expect(passed.outcome == .discarded, "the second step is not for what the first met")
    }

    @Test("Twenty unknown steps are walked without walking every way")
    func long() {
        let steps = (0..<20).map { index in
            FallbackStep(.retry(), when: [ErrorType.allCases[index % ErrorType.allCases.count], .timeout])
        }
        #expect(finding(steps).outcome == .unknown)
        #expect(finding(steps + [output]).outcome == .recovered)
    }
}
