import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("The order of a chain's steps")
struct ChainCheckTests {
    private func places(_ steps: [FallbackStep?]) -> [String] {
        ChainCheck.faults(of: steps).map { "\($0.step)/\($0.member)" }
    }

    @Test("Nothing can come after a step that always ends the task")
    func ends() {
        let ends: [FallbackStep] = [FallbackStep(.discard(note: nil)), FallbackStep(.useOutput(.null))]
        for end in ends {
            #expect(places([FallbackStep(.retry()), end]).isEmpty)
            #expect(places([end, FallbackStep(.retry())]) == ["0/strategy"])
            #expect(places([end, end, nil]) == ["0/strategy", "1/strategy"])
            #expect(places([FallbackStep(end.way, when: [.timeout]), FallbackStep(.retry())]).isEmpty)
        }
    }

    @Test("An escalation cannot go on to a step that is not there")
    func escalation() {
        let goesOn = FallbackStep(.escalate(message: nil, timeout: 1, then: .continue))
        #expect(places([goesOn]) == ["0/then"])
        #expect(places([goesOn, FallbackStep(.retry())]).isEmpty)
        #expect(places([goesOn, nil]).isEmpty)
        #expect(places([FallbackStep(.escalate(message: nil, timeout: 1, then: .fail))]).isEmpty)
    }

    @Test("Every strategy's parameters have names of their own, and a required one has no default")
    func parameters() {
        for strategy in Strategy.allCases {
            let names = strategy.parameters.map(\.name)
            #expect(Set(names).count == names.count)
            for parameter in strategy.parameters {
                #expect(!(parameter.isRequired && parameter.standard != nil))
                #expect(strategy.parameter(parameter.name) == parameter)
                #expect(parameter.about.hasSuffix("."))
            }
        }
    }
}
