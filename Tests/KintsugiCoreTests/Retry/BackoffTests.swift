import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Backoff")
struct BackoffTests {
    @Test("The standard policy is the one of the contract")
    func standardPolicy() {
        let policy = RetryPolicy.standard
        #expect(policy == RetryPolicy())
        #expect(policy.maxAttempts == 6)
        #expect(policy.baseDelay == 1000)
        #expect(policy.maxDelay == 30_000)
        #expect(policy.jitter == 0.25)
        #expect(policy.maxElapsed == nil)
        #expect(policy.onOpenBreaker == .hold)
        #expect(policy.hold == 600_000)
    }

    @Test(
        "Without jitter the delay doubles from the base up to the cap",
        arguments: [
            (1, 1000), (2, 2000), (3, 4000), (4, 8000), (5, 16_000), (6, 30_000), (7, 30_000), (63, 30_000),
            (64, 30_000), (65, 30_000), (101, 30_000), (Int.max, 30_000), (0, 1000), (-5, 1000),
            (Int.min, 1000),
        ] as [(Int, Milliseconds)])
    func doubling(failure: Int, delay: Milliseconds) {
        var rng = SeededGenerator(seed: 1)
        let policy = RetryPolicy(jitter: 0)
        #expect(Backoff.delay(afterFailure: failure, policy: policy, retryAfter: nil, using: &rng) == delay)
    }

    @Test(
        "Huge, tiny and senseless settings give a delay within the cap",
        arguments: [
            (Milliseconds.max, .max, .max), (.max, 30_000, 30_000), (1, .max, .max), (3, 5, 5), (10, 3, 3),
            (0, 30_000, 0), (-1, 30_000, 0), (.min, 30_000, 0), (1000, 0, 0), (1000, -1, 0), (.min, .min, 0),
        ] as [(Milliseconds, Milliseconds, Milliseconds)])
    func extremes(base: Milliseconds, cap: Milliseconds, delay: Milliseconds) {
        var rng = SeededGenerator(seed: 1)
        let policy = RetryPolicy(baseDelay: base, maxDelay: cap, jitter: 0)
        #expect(Backoff.delay(afterFailure: .max, policy: policy, retryAfter: nil, using: &rng) == delay)
    }

    @Test("Jitter moves the delay both ways by at most its share, and evenly", arguments: 1...5)
    func jitterBand(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let delays = (0..<4000).map { _ in
            Backoff.delay(afterFailure: 3, policy: .standard, retryAfter: nil, using: &rng)
        }
        #expect(delays.allSatisfy { (3000...5000).contains($0) }, "seed \(seed)")
        let mean = Double(delays.reduce(0, +)) / 4000
        #expect(abs(mean - 4000) < 50, "seed \(seed): mean \(mean)")
        #expect(delays.contains { $0 < 3050 } && delays.contains { $0 > 4950 }, "seed \(seed)")
    }

    @Test("The cap holds after the jitter", arguments: 1...5)
    func capAfterJitter(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let delays = (0..<1000).map { _ in
            Backoff.delay(afterFailure: 9, policy: .standard, retryAfter: nil, using: &rng)
        }
        #expect(delays.allSatisfy { (22_500...30_000).contains($0) }, "seed \(seed)")
        #expect(delays.contains(30_000) && delays.contains { $0 < 23_000 }, "seed \(seed)")
    }

    @Test("Full jitter never makes a delay of nothing", arguments: 1...5)
    func fullJitter(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let policy = RetryPolicy(baseDelay: 1, maxDelay: 4, jitter: 1)
        for failure in 1...500 {
            let delay = Backoff.delay(afterFailure: failure, policy: policy, retryAfter: nil, using: &rng)
            #expect((1...4).contains(delay), "seed \(seed), failure \(failure)")
        }
    }

    @Test(
        "A jitter outside 0 to 1 counts as the nearest share, not a number as none",
        arguments: [
            (-0.5, 1000...1000), (.nan, 1000...1000), (-.infinity, 1000...1000), (2, 1...2000),
            (.infinity, 1...2000),
        ] as [(Double, ClosedRange<Milliseconds>)])
    func senselessJitter(jitter: Double, range: ClosedRange<Milliseconds>) {
        var rng = SeededGenerator(seed: 7)
        let policy = RetryPolicy(jitter: jitter)
        for _ in 0..<200 {
            let delay = Backoff.delay(afterFailure: 1, policy: policy, retryAfter: nil, using: &rng)
            #expect(range.contains(delay))
        }
    }

    @Test("Retry-After is a floor even above the cap, with the jitter above it", arguments: 1...5)
    func retryAfterFloor(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let delays = (0..<1000).map { _ in
            Backoff.delay(afterFailure: 1, policy: .standard, retryAfter: 60_000, using: &rng)
        }
        #expect(delays.allSatisfy { (60_000...75_000).contains($0) }, "seed \(seed)")
        #expect(delays.contains { $0 < 60_500 } && delays.contains { $0 > 74_500 }, "seed \(seed)")
    }

    @Test("A Retry-After shorter than the backoff changes nothing but its lower end", arguments: 1...5)
    func shortRetryAfter(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let delay = Backoff.delay(afterFailure: 4, policy: .standard, retryAfter: 7000, using: &rng)
            #expect((7000...10_000).contains(delay), "seed \(seed)")
        }
    }

    @Test(
        "Retry-After is granted up to its own cap, without jitter exactly",
        arguments: [
            (0, 600_000, 1000), (-1, 600_000, 1000), (.min, 600_000, 1000), (600_000, 600_000, 600_000),
            (600_001, 600_000, 600_000), (.max, 600_000, 600_000), (.max, .max, .max), (90_000, 0, 1000),
            (90_000, -1, 1000), (90_000, 5000, 5000),
        ] as [(Milliseconds, Milliseconds, Milliseconds)])
    func retryAfterCap(asked: Milliseconds, cap: Milliseconds, delay: Milliseconds) {
        var rng = SeededGenerator(seed: 1)
        let policy = RetryPolicy(jitter: 0)
        let result = Backoff.delay(
            afterFailure: 1, policy: policy, retryAfter: asked, retryAfterCap: cap, using: &rng)
        #expect(result == delay)
    }

    @Test("The same seed gives the same delays")
    func repeatable() {
        func delays(_ seed: UInt64) -> [Milliseconds] {
            var rng = SeededGenerator(seed: seed)
            return (1...50).map {
                Backoff.delay(afterFailure: $0, policy: .standard, retryAfter: nil, using: &rng)
            }
        }
        #expect(delays(3) == delays(3))
        #expect(delays(3) != delays(4))
    }

    @Test("Whatever the settings, the delay is between the floor and the cap", arguments: 1...20)
    func anySettings(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        let spans: [Milliseconds] = [.min, -1, 0, 1, 2, 999, 1000, 30_000, .max / 2, .max - 1, .max]
        for _ in 0..<300 {
            let base = spans.randomElement(using: &rng) ?? 0
            let cap = spans.randomElement(using: &rng) ?? 0
            let asked = Bool.random(using: &rng) ? spans.randomElement(using: &rng) : nil
            let policy = RetryPolicy(baseDelay: base, maxDelay: cap, jitter: .random(in: 0...1, using: &rng))
            let failure = Int.random(in: 1...80, using: &rng)
            let delay = Backoff.delay(afterFailure: failure, policy: policy, retryAfter: asked, using: &rng)
            let story: Comment =
                "seed \(seed): base \(base), cap \(cap), asked \(String(describing: asked)): \(delay)"
            #expect(delay >= (base > 0 && cap > 0 ? 1 : 0), story)
            #expect(delay >= min(max(asked ?? 0, 0), 600_000), story)
            #expect(delay <= max(cap, asked == nil ? 0 : 1_200_000), story)
        }
    }
}
