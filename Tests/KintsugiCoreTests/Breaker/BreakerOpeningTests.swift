import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Circuit breaker: closed, and when it opens")
struct BreakerOpeningTests {
    private let start = Timestamp(milliseconds: 1_769_851_800_000)

    /// Outcomes as a text, `+` a success and `-` a failure, one each `step` ms; gives the last change.
    private func feed(
        _ outcomes: String, to breaker: inout CircuitBreaker, from first: Timestamp, step: Milliseconds = 1
    ) -> [CircuitBreaker.Change?] {
        var now = first
        return outcomes.map { outcome in
            defer { now = now + step }
            return breaker.record(success: outcome == "+", permit: .normal, waiting: 0, at: now)
        }
    }

    @Test("The defaults are those of the contract")
    func defaults() {
        let settings = BreakerSettings()
        #expect(settings.windowCalls == 50)
        #expect(settings.window == 60_000)
        #expect(settings.failureRate == 0.5)
        #expect(settings.minCalls == 10)
        #expect(settings.consecutiveFailures == 5)
        #expect(settings.open == 30_000)
        #expect(settings.maxOpen == 300_000)
        #expect(settings.probes == 3)
    }

    @Test("A new breaker is closed and lets everything through")
    func new() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        #expect(breaker.state == .closed)
        #expect(
            breaker.openedAt == nil && breaker.probeAt == nil && !breaker.forced && breaker.openCount == 0)
        #expect(breaker.failureRate(at: start) == 0)
        #expect(breaker.calls(at: start) == 0)
        #expect(breaker.recent(at: start).isEmpty)
        for _ in 0..<1000 {
            let permit = breaker.permit(at: start)
            #expect(permit == .normal)
        }
        let change = breaker.tick(at: .distantFuture)
        #expect(change == nil)
    }

    @Test("Given four failures in a row, when the fifth comes, then it opens for 30 s")
    func fiveInARow() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let changes = feed("-----", to: &breaker, from: start)
        #expect(changes == [nil, nil, nil, nil, .opened(until: start + 30_004, failureRate: 1)])
        #expect(breaker.state == .open)
        #expect(breaker.openedAt == start + 4)
        #expect(breaker.probeAt == start + 30_004)
        #expect(breaker.openCount == 1)
        #expect(breaker.recent(at: start + 4) == [false, false, false, false, false])
        let permit = breaker.permit(at: start + 5)
        #expect(permit == nil)
    }

    @Test("A success between them begins the count anew")
    func successResetsTheRow() {
        var breaker = CircuitBreaker(settings: BreakerSettings(minCalls: 100))
        let changes = feed("----+----+----", to: &breaker, from: start)
        #expect(changes.allSatisfy { $0 == nil })
        let last = feed("-", to: &breaker, from: start + 20)
        #expect(last.last??.isOpened == true)
    }

    @Test("Failures in a row count however far apart they are")
    func slowRow() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let changes = feed("-----", to: &breaker, from: start, step: 3_600_000)
        #expect(changes.last??.isOpened == true)
    }

    @Test(
        "It opens at the rate, not below it, and only with enough calls",
        arguments: [
            // Nine calls, more than half failed: too few.
            ("-+-+-+-+-", nil),
            // The tenth is a failure: 6 of 10.
            ("-+-+-+-+--", 10),
            // The tenth is a success: 5 of 10, but only a failure opens it; the eleventh does.
            ("-+-+-+-+-+-", 11),
            // 5 of 11, then 6 of 12.
            ("++-+-+-+-+--", 12),
            // 4 of 10.
            ("+++++++----+", nil),
            // 4 failures of 12 and never more.
            ("++-++-++-++-", nil),
        ] as [(String, Int?)])
    func rate(outcomes: String, opensAt: Int?) {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let changes = feed(outcomes, to: &breaker, from: start)
        let opened = changes.firstIndex { $0 != nil }.map { $0 + 1 }
        #expect(opened == opensAt)
    }

    @Test("The window forgets calls beyond its number")
    func windowByCalls() {
        let settings = BreakerSettings(windowCalls: 10, consecutiveFailures: 100)
        var breaker = CircuitBreaker(settings: settings)
        // Given 100 successes, when 5 of the last 10 fail, then it opens.
        _ = feed(String(repeating: "+", count: 100), to: &breaker, from: start)
        #expect(breaker.calls(at: start + 100) == 10)
        let changes = feed("-----", to: &breaker, from: start + 100)
        #expect(changes == [nil, nil, nil, nil, .opened(until: start + 30_104, failureRate: 0.5)])
    }

    @Test(
        "An outcome is in the window until it is as old as the window",
        arguments: [
            (0, 1), (1, 1), (59_999, 1), (60_000, 0), (60_001, 0), (.max, 0), (-59_999, 1), (-60_000, 0),
            (.min, 0),
        ] as [(Milliseconds, Int)])
    func windowByAge(age: Milliseconds, calls: Int) {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        _ = feed("-", to: &breaker, from: start)
        #expect(breaker.calls(at: start + age) == calls)
        #expect(breaker.recent(at: start + age).count == calls)
        #expect(breaker.failureRate(at: start + age) == Double(calls))
    }

    @Test("Old successes leave the window and do not hide new failures")
    func oldSuccesses() {
        var breaker = CircuitBreaker(settings: BreakerSettings(consecutiveFailures: 100))
        _ = feed(String(repeating: "+", count: 40), to: &breaker, from: start)
        let early = feed("---------", to: &breaker, from: start + 50_000)
        #expect(early.allSatisfy { $0 == nil })
        #expect(breaker.calls(at: start + 50_100) == 49)
        let late = feed("-", to: &breaker, from: start + 60_040)
        #expect(late == [.opened(until: start + 90_040, failureRate: 1)])
    }

    @Test("When the clock goes back a little, earlier outcomes still count")
    func clockBack() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let changes = feed("-----", to: &breaker, from: start, step: -500)
        #expect(changes.last == .opened(until: start + 28_000, failureRate: 1))
    }

    @Test("Given new settings, the window is kept and measured by them")
    func newSettings() {
        var breaker = CircuitBreaker(settings: BreakerSettings(consecutiveFailures: 100))
        _ = feed("-+-+-+-+", to: &breaker, from: start)
        breaker.settings.windowCalls = 3
        #expect(breaker.recent(at: start + 10) == [true, false, true])
        breaker.settings.windowCalls = 50
        #expect(breaker.calls(at: start + 10) == 8)
        breaker.settings.minCalls = 9
        let changes = feed("-", to: &breaker, from: start + 10)
        #expect(changes.last??.isOpened == true)
    }

    @Test("Senseless settings neither trap nor keep everything", arguments: [Int.min, -1, 0, .max])
    func senselessSettings(number: Int) {
        let span = Milliseconds(number)
        let settings = BreakerSettings(
            windowCalls: number, window: span, failureRate: .nan, minCalls: number,
            consecutiveFailures: number,
            open: span, maxOpen: span, probes: number)
        var breaker = CircuitBreaker(settings: settings)
        for index in 0..<5000 {
            let now = start + Milliseconds(index)
            _ = breaker.tick(at: now)
            if let permit = breaker.permit(at: now) {
                _ = breaker.record(success: index % 3 == 0, permit: permit, waiting: number, at: now)
            }
        }
        #expect(breaker.calls(at: start + 5000) <= CircuitBreaker.largestWindow)
    }

    @Test("It opens exactly when the rule says so, in any history", arguments: 1...30)
    func oracle(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let settings = BreakerSettings(
            windowCalls: .random(in: 1...30, using: &rng), window: .random(in: 1...3000, using: &rng),
            failureRate: .random(in: 0.2...0.9, using: &rng), minCalls: .random(in: 1...15, using: &rng),
            consecutiveFailures: .random(in: 2...12, using: &rng))
        for round in 0..<10 {
            var breaker = CircuitBreaker(settings: settings)
            var history: [(at: Timestamp, ok: Bool)] = []
            var now = start
            while breaker.state == .closed, history.count < 300 {
                now = now + .random(in: 0...200, using: &rng)
                let isOK = rng.unit() < 0.7
                history.append((now, isOK))
                let change = breaker.record(success: isOK, permit: .normal, waiting: 0, at: now)
                let counted = history.suffix(settings.windowCalls).filter { now - $0.at < settings.window }
                let share = Double(counted.count { !$0.ok }) / Double(counted.count)
                let row = history.reversed().prefix { !$0.ok }.count
                let opens =
                    !isOK
                    && (row >= settings.consecutiveFailures
                        || counted.count >= settings.minCalls && share >= settings.failureRate)
                let story: Comment = "seed \(seed), round \(round), call \(history.count)"
                #expect((change != nil) == opens, story)
                #expect(breaker.recent(at: now) == counted.map(\.ok), story)
                #expect(breaker.failureRate(at: now) == share, story)
            }
        }
    }
}

extension CircuitBreaker.Change {
    var isOpened: Bool {
        if case .opened = self { true } else { false }
    }
}
