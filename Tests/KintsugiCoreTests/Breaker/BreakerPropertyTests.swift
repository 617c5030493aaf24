import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Circuit breaker: what always holds")
struct BreakerPropertyTests {
    /// A breaker in the hands of a careless owner: any order of calls, outcomes, people and clocks.
    private struct Run {
        var rng: SeededGenerator
        var breaker: CircuitBreaker
        var now = Timestamp(milliseconds: 1_769_851_800_000)
        var permits: [CircuitBreaker.Permit] = []

        init(seed: UInt64) {
            rng = SeededGenerator(seed: seed)
            breaker = CircuitBreaker(
                settings: BreakerSettings(
                    windowCalls: .random(in: 1...20, using: &rng), minCalls: .random(in: 1...10, using: &rng),
                    probes: .random(in: 1...4, using: &rng)))
        }

        mutating func step() -> CircuitBreaker.Change? {
            now = now + .random(in: -100...5000, using: &rng)
            switch Int.random(in: 0..<20, using: &rng) {
            case 0..<8:
                if let permit = breaker.permit(at: now) { permits.append(permit) }
                return nil
            case 8..<15:
                guard let permit = takePermit() else { return nil }
                let waiting = Int.random(in: 0...5, using: &rng)
                return breaker.record(success: rng.unit() < 0.5, permit: permit, waiting: waiting, at: now)
            case 15:
                if let permit = takePermit() { breaker.release(permit) }
                return nil
            case 16 where rng.unit() < 0.1:
                return breaker.forceOpen(until: Bool.random(using: &rng) ? now + 5000 : nil, at: now)
            case 17 where rng.unit() < 0.3:
                return breaker.forceClose(at: now)
            default:
                return breaker.tick(at: now)
            }
        }

        mutating func takePermit() -> CircuitBreaker.Permit? {
            permits.isEmpty ? nil : permits.remove(at: .random(in: permits.indices, using: &rng))
        }
    }

    @Test("State, times and places agree after every step", arguments: 1...40)
    func invariants(seed: UInt64) {
        var run = Run(seed: seed)
        var seen: Set<BreakerState> = []
        for step in 0..<1000 {
            let before = run.breaker
            let change = run.step()
            let after = run.breaker
            let story: Comment = "seed \(seed), step \(step)"
            seen.insert(after.state)
            switch change {
            case nil: #expect(before.state == after.state, story)
            case .closed: #expect(before.state != .closed && after.state == .closed, story)
            case .halfOpened: #expect(before.state == .open && after.state == .halfOpen, story)
            case .opened(let until, let rate):
                #expect(after.state == .open && until == after.probeAt ?? .distantFuture, story)
                #expect((0...1).contains(rate), story)
            }
            #expect((after.state == .closed) == (after.openedAt == nil), story)
            #expect(!after.forced || after.state == .open, story)
            #expect(after.state == .closed || after.forced || after.probeAt != nil, story)
            #expect(after.forced || (after.probeAt ?? run.now) - run.now <= 300_100, story)
            let probes = run.permits.count { $0 == .probe }
            #expect(probes <= after.settings.probes, story)
            #expect(after.calls(at: run.now) <= after.settings.windowCalls, story)
            #expect(after.calls(at: run.now) == after.recent(at: run.now).count, story)
        }
        #expect(seen == Set(BreakerState.allCases), "seed \(seed) saw only \(seen): a vacuous run")
    }

    @Test("Once all permits are back and the provider is well, it closes", arguments: 1...40)
    func liveness(seed: UInt64) {
        var run = Run(seed: seed)
        for _ in 0..<500 { _ = run.step() }
        while let permit = run.takePermit() { run.breaker.release(permit) }
        if run.breaker.forced { _ = run.breaker.forceClose(at: run.now) }
        for _ in 0..<20 where run.breaker.state != .closed {
            run.now = run.now + 300_000
            _ = run.breaker.tick(at: run.now)
            let permit = run.breaker.permit(at: run.now)
            #expect(permit == .probe, "seed \(seed)")
            _ = run.breaker.record(success: true, permit: permit ?? .probe, waiting: 9, at: run.now)
        }
        #expect(run.breaker.state == .closed, "seed \(seed)")
    }
}
