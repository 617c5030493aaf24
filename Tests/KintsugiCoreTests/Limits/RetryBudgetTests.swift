import KintsugiCore
import Testing

@Suite("Retry budget")
struct RetryBudgetTests {
    private let start = Timestamp(milliseconds: 1_769_851_800_000)

    private func drain(_ budget: inout RetryBudget, at now: Timestamp, atMost: Int = 10_000) -> Int {
        var taken = 0
        while taken < atMost, budget.takeRetry(at: now) { taken += 1 }
        return taken
    }

    @Test("The defaults are those of the contract")
    func defaults() {
        #expect(RetryBudget.Settings() == .init(ratio: 0.2, minPerSecond: 10))
    }

    @Test(
        "Given a full budget, it holds ten seconds of the minimum",
        arguments: [
            (10, 100), (25, 250), (1, 10), (0.5, 10), (0, 10), (-1, 10), (.nan, 10),
        ] as [(Double, Int)])
    func capacity(minPerSecond: Double, retries: Int) {
        var budget = RetryBudget(settings: .init(minPerSecond: minPerSecond))
        #expect(drain(&budget, at: start) == retries)
    }

    @Test("Given an empty budget, five calls pay for one retry, exactly")
    func ratio() {
        var budget = RetryBudget(settings: .init())
        _ = drain(&budget, at: start)
        for call in 1...1000 {
            budget.recordCall(at: start)
            let isPaid = budget.takeRetry(at: start)
            #expect(isPaid == (call % 5 == 0), "call \(call)")
        }
    }

    @Test("Given an empty budget, ten retries a second are free")
    func minimum() {
        var budget = RetryBudget(settings: .init())
        _ = drain(&budget, at: start)
        #expect(budget.nextRetry(at: start) == start + 100)
        #expect(drain(&budget, at: start + 1000) == 10)
    }

    @Test("Calls bring the next retry forward")
    func callsBringForward() {
        var budget = RetryBudget(settings: .init())
        _ = drain(&budget, at: start)
        budget.recordCall(at: start)
        #expect(budget.nextRetry(at: start) == start + 80)
    }

    @Test("Under full load retries stay below a fifth of calls and the minimum", arguments: 1...5)
    func fullLoad(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        var budget = RetryBudget(settings: .init())
        _ = drain(&budget, at: start)
        var (calls, retries) = (0, 0)
        for millisecond in 1...10_000 {
            let now = start + Milliseconds(millisecond)
            for _ in 0..<Int.random(in: 0...4, using: &rng) {
                budget.recordCall(at: now)
                calls += 1
            }
            if budget.takeRetry(at: now) { retries += 1 }
        }
        let allowed = Double(calls) * 0.2 + 100
        #expect(
            Double(retries) <= allowed && Double(retries) > allowed - 2,
            "seed \(seed): \(retries) of \(calls)")
    }

    @Test(
        "Even with nothing granted no task waits for ever",
        arguments: [
            (0, 0), (-1, -1), (.nan, .nan), (-.infinity, -.infinity),
        ] as [(Double, Double)])
    func alwaysSome(ratio: Double, minPerSecond: Double) {
        var budget = RetryBudget(settings: .init(ratio: ratio, minPerSecond: minPerSecond))
        _ = drain(&budget, at: start)
        for _ in 0..<100 { budget.recordCall(at: start) }
        #expect(budget.nextRetry(at: start) == start + 10_000)
        let isThere = budget.takeRetry(at: start + 10_000)
        #expect(isThere)
    }

    @Test("An endless ratio fills the budget and does not trap")
    func hugeRatio() {
        var budget = RetryBudget(settings: .init(ratio: .infinity, minPerSecond: 10))
        _ = drain(&budget, at: start)
        budget.recordCall(at: start)
        #expect(drain(&budget, at: start) == 100)
    }
}
