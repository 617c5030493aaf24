import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("The catalogue of strategies")
struct StrategyCatalogueTests {
    @Test(
        "Every error type has what it means and strategies that fit, each once", arguments: ErrorType.allCases
    )
    func complete(_ type: ErrorType) {
        let entries = StrategyCatalogue.entries(for: type)
        #expect(entries.count >= 4)
        #expect(Set(entries.map(\.strategy)).count == entries.count)
        #expect(entries.contains { $0.strategy == .retry }, "it is what people do, and it is measured")
        #expect(StrategyCatalogue.about(type).hasSuffix("."))
        for entry in entries {
            #expect(entry.about.hasSuffix("."))
            #expect(!(entry.isAutomatic && entry.strategy == .escalate))
        }
    }

    @Test("Every strategy fits something, and every type is listed once, the common ones first")
    func all() {
        let used = Set(ErrorType.allCases.flatMap { StrategyCatalogue.entries(for: $0).map(\.strategy) })
        #expect(used == Set(Strategy.allCases))
        #expect(Set(StrategyCatalogue.errorTypes) == Set(ErrorType.allCases))
        #expect(StrategyCatalogue.errorTypes.count == ErrorType.allCases.count)
        #expect(
            StrategyCatalogue.errorTypes.prefix(5) == [
                .timeout, .authFailure, .rateLimit, .networkError, .validationError,
            ])
        #expect(StrategyCatalogue.entries(for: .authFailure)[0].strategy == .refreshCredentials)
        #expect(StrategyCatalogue.entries(for: .validationError)[0].strategy == .modifyInput)
        #expect(StrategyCatalogue.entries(for: .rateLimit)[0].strategy == .waitAndRetry)
    }

    private func order(_ figures: [(Strategy, Int, Int)], for type: ErrorType = .serverError) -> [Strategy] {
        var measured: [Remedy: RemedyFigures] = [:]
        for (strategy, tried, recovered) in figures {
            measured[Remedy(strategy, against: type)] = RemedyFigures(tried: tried, recovered: recovered)
        }
        return StrategyRanking(measured).places(for: type).map(\.entry.strategy)
    }

    @Test("What has worked here goes first, what never worked last, few tries change nothing")
    func ranking() {
        let catalogue = order([])
        #expect(catalogue.prefix(3) == [.waitAndRetry, .switchAgent, .retry])
        #expect(order([(.retry, 4, 4)]) == catalogue, "four tries say nothing")
        #expect(order([(.retry, 5, 5)]).first == .retry)
        #expect(order([(.retry, 5, 3), (.useOutput, 1000, 900)]).prefix(2) == [.useOutput, .retry])
        #expect(order([(.waitAndRetry, 5, 0)]).last == .waitAndRetry)
        #expect(order([(.waitAndRetry, 4, 0)]) == catalogue)
        #expect(
            order([(.modifyInput, 5, 5)], for: .timeout).first == .waitAndRetry,
            "what does not fit is not listed")
    }

    @Test("The lower bound is Wilson's")
    func wilson() {
        // Values of statsmodels' proportion_confint(method: "wilson").
        #expect(abs(RemedyFigures(tried: 10, recovered: 9).lowerBound - 0.5958) < 0.0005)
        #expect(abs(RemedyFigures(tried: 1000, recovered: 900).lowerBound - 0.8799) < 0.0005)
        #expect(abs(RemedyFigures(tried: 5, recovered: 5).lowerBound - 0.5655) < 0.0005)
        #expect(RemedyFigures(tried: 5, recovered: 0).lowerBound < 1e-9)
        #expect(RemedyFigures().lowerBound == 0)
        #expect(RemedyFigures(tried: 4, recovered: 4).successRate == nil)
        #expect(RemedyFigures(tried: 8, recovered: 2).successRate == 0.25)
    }

    @Test("A remedy's name reads back")
    func names() {
        for error in ErrorType.allCases {
            for strategy in Strategy.allCases {
                let remedy = Remedy(strategy, against: error)
                #expect(Remedy(name: remedy.name) == remedy)
            }
        }
        for name in ["", "timeout", "timeout/", "timeout/retry/x", "x/retry"] {
            #expect(Remedy(name: name) == nil)
        }
    }
}
