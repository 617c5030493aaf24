import KintsugiCore
import Testing

@Suite("Rate limit")
struct RateLimitTests {
    private let start = Timestamp(milliseconds: 1_769_851_800_000)

    /// Takes until there is nothing left, at most `limit` times, and says how often it could.
    private func drain(_ limit: inout RateLimit, at now: Timestamp, atMost: Int = 100_000) -> Int {
        var taken = 0
        while taken < atMost, limit.take(at: now) { taken += 1 }
        return taken
    }

    @Test("Given a full burst, when it is used up, then the next call waits for its token")
    func burstThenRate() {
        var limit = RateLimit(settings: .init(perSecond: 10, burst: 5))
        #expect(limit.nextToken(at: start) == start)
        #expect(drain(&limit, at: start) == 5)
        #expect(limit.nextToken(at: start) == start + 100)
        let early = limit.take(at: start + 99)
        #expect(!early)
        #expect(limit.nextToken(at: start + 99) == start + 100)
        let due = limit.take(at: start + 100)
        #expect(due)
    }

    @Test("After a long pause there is one burst, not more", arguments: [60_000, .max] as [Milliseconds])
    func capacity(pause: Milliseconds) {
        var limit = RateLimit(settings: .init(perSecond: 10, burst: 5))
        _ = drain(&limit, at: start)
        #expect(drain(&limit, at: start + pause) == 5)
    }

    @Test(
        "In the long run it is the rate, however often it is asked",
        arguments: [1, 3, 7, 99, 1000] as [Milliseconds])
    func longRun(step: Milliseconds) {
        var limit = RateLimit(settings: .init(perSecond: 7, burst: 7))
        _ = drain(&limit, at: start)
        var taken = 0
        var now = start
        while now < start + 60_000 {
            now = now + step
            taken += drain(&limit, at: now)
        }
        #expect((419...421 + Int(step / 100)).contains(taken), "\(taken)")
    }

    @Test(
        "A slow rate waits as long as it says",
        arguments: [
            (0.001, 1_000_000), (0.5, 2000), (1, 1000), (3, 334), (1000, 1), (1_000_000, 1), (.infinity, 1),
        ] as [(Double, Milliseconds)])
    func slowRates(perSecond: Double, wait: Milliseconds) {
        var limit = RateLimit(settings: .init(perSecond: perSecond, burst: 1))
        #expect(drain(&limit, at: start) == 1)
        #expect(limit.nextToken(at: start) == start + wait)
    }

    @Test(
        "A rate of nothing lets the burst through and then no call ever",
        arguments: [0, -1, -.infinity, .nan] as [Double])
    func noRate(perSecond: Double) {
        var limit = RateLimit(settings: .init(perSecond: perSecond, burst: 2))
        #expect(drain(&limit, at: start) == 2)
        #expect(limit.nextToken(at: start) == .distantFuture)
        #expect(drain(&limit, at: .distantFuture) == 0)
    }

    @Test(
        "A burst below one is one, and a huge one does not trap",
        arguments: [(0, 1), (-5, 1), (Int.min, 1), (.max, 1000)])
    func senselessBurst(burst: Int, calls: Int) {
        var limit = RateLimit(settings: .init(perSecond: 1, burst: burst))
        #expect(drain(&limit, at: start, atMost: 1000) == calls)
    }

    @Test("When the clock goes back a little, no token is made twice")
    func outOfOrder() {
        var limit = RateLimit(settings: .init(perSecond: 10, burst: 1))
        _ = drain(&limit, at: start)
        var taken = 0
        for _ in 0..<100 {
            taken += drain(&limit, at: start + 100)
            taken += drain(&limit, at: start)
        }
        #expect(taken == 1)
        #expect(limit.nextToken(at: start) == start + 200)
    }

    @Test("When the clock is set back by a day, the limit goes on from there and not a day later")
    func clockSetBack() {
        var limit = RateLimit(settings: .init(perSecond: 10, burst: 5))
        _ = drain(&limit, at: start + 86_400_000)
        #expect(limit.nextToken(at: start) == start + 100)
        #expect(drain(&limit, at: start) == 0)
        #expect(drain(&limit, at: start + 200) == 2)
    }

    @Test("A token is there when it was promised and not before, on any clock", arguments: 1...20)
    func promise(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        var limit = RateLimit(
            settings: .init(perSecond: rng.unit() * 200 + 0.01, burst: .random(in: 1...20, using: &rng)))
        var now = start
        for _ in 0..<200 {
            now = now + .random(in: -2000...2000, using: &rng)
            _ = drain(&limit, at: now, atMost: .random(in: 1...25, using: &rng))
            let promised = limit.nextToken(at: now)
            #expect(promised >= now, "seed \(seed)")
            var (before, then) = (limit, limit)
            let isEarly = promised > now && before.take(at: promised + -1)
            let isThere = then.take(at: promised)
            #expect(!isEarly && isThere, "seed \(seed): \(promised - now) ms")
        }
    }
}
