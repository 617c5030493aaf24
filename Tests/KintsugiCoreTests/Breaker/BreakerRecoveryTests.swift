import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Circuit breaker: open, half-open and back")
struct BreakerRecoveryTests {
    private let start = Timestamp(milliseconds: 1_769_851_800_000)

    /// A breaker that opened at `start` and is due 30 s later.
    private func opened(_ settings: BreakerSettings = BreakerSettings()) -> CircuitBreaker {
        var breaker = CircuitBreaker(settings: settings)
        while breaker.state == .closed {
            _ = breaker.record(success: false, permit: .normal, waiting: 0, at: start)
        }
        return breaker
    }

    /// A breaker that opened at `start` and became half-open 30 s later.
    private func halfOpened(_ settings: BreakerSettings = BreakerSettings()) -> CircuitBreaker {
        var breaker = opened(settings)
        _ = breaker.tick(at: start + 30_000)
        return breaker
    }

    @Test("It half-opens when its time has come, and tells it once")
    func halfOpens() {
        var breaker = opened()
        let early = breaker.tick(at: start + 29_999)
        #expect(early == nil)
        let permit = breaker.permit(at: start + 40_000)
        #expect(permit == nil, "asking for a permit does not move it")
        let due = breaker.tick(at: start + 30_000)
        #expect(due == .halfOpened)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.probeAt == start + 30_000)
        let again = breaker.tick(at: start + 60_000)
        #expect(again == nil)
    }

    @Test("Half-open lets three probes through at once; a returned permit is free again")
    func threeProbes() {
        var breaker = halfOpened()
        let permits = (0..<5).map { _ in breaker.permit(at: start + 30_000) }
        #expect(permits == [.probe, .probe, .probe, nil, nil])
        breaker.release(.normal)
        let stillFull = breaker.permit(at: start + 30_000)
        #expect(stillFull == nil)
        breaker.release(.probe)
        let free = breaker.permit(at: start + 30_000)
        #expect(free == .probe)
        let change = breaker.record(success: true, permit: .probe, waiting: 9, at: start + 30_001)
        #expect(change == nil)
        let next = breaker.permit(at: start + 30_001)
        #expect(next == .probe)
    }

    @Test(
        "It closes on as many successes as there are probes or waiting tasks, whichever is fewer",
        arguments: [
            (-1, 1), (0, 1), (1, 1), (2, 2), (3, 3), (4, 3), (Int.max, 3), (Int.min, 1),
        ])
    func closes(waiting: Int, successes: Int) {
        var breaker = halfOpened()
        for success in 1...successes {
            #expect(breaker.state == .halfOpen)
            let permit = breaker.permit(at: start + 30_000)
            #expect(permit == .probe)
            let change = breaker.record(success: true, permit: .probe, waiting: waiting, at: start + 30_001)
            #expect(change == (success == successes ? .closed : nil))
        }
        #expect(breaker.state == .closed)
        #expect(breaker.openedAt == nil && breaker.probeAt == nil && breaker.openCount == 0)
        #expect(breaker.calls(at: start + 30_001) == 0, "closing clears the window")
    }

    @Test("Each failed probe doubles the open time, up to five minutes")
    func doubling() {
        var breaker = opened()
        var now = start
        for (count, open) in [60_000, 120_000, 240_000, 300_000, 300_000].enumerated() {
            now = breaker.probeAt ?? now
            _ = breaker.tick(at: now)
            _ = breaker.permit(at: now)
            let change = breaker.record(success: false, permit: .probe, waiting: 1, at: now)
            #expect(change?.isOpened == true)
            #expect(breaker.probeAt == now + Milliseconds(open))
            #expect(breaker.openedAt == now)
            #expect(breaker.openCount == count + 2)
        }
    }

    @Test("Successes of an earlier half-open phase do not count in the next")
    func successesBeginAnew() {
        var breaker = halfOpened()
        for success in [true, true, false] {
            _ = breaker.permit(at: start + 30_000)
            _ = breaker.record(success: success, permit: .probe, waiting: 9, at: start + 30_000)
        }
        _ = breaker.tick(at: start + 90_000)
        for success in 1...3 {
            _ = breaker.permit(at: start + 90_000)
            let change = breaker.record(success: true, permit: .probe, waiting: 9, at: start + 90_000)
            #expect(change == (success == 3 ? .closed : nil), "success \(success)")
        }
    }

    @Test("Closing ends the doubling")
    func closingEndsDoubling() {
        var breaker = halfOpened()
        _ = breaker.permit(at: start + 30_000)
        _ = breaker.record(success: false, permit: .probe, waiting: 1, at: start + 30_000)
        _ = breaker.tick(at: start + 90_000)
        _ = breaker.permit(at: start + 90_000)
        _ = breaker.record(success: true, permit: .probe, waiting: 1, at: start + 90_000)
        #expect(breaker.state == .closed)
        for _ in 0..<5 { _ = breaker.record(success: false, permit: .normal, waiting: 1, at: start + 91_000) }
        #expect(breaker.probeAt == start + 121_000)
        #expect(breaker.openCount == 1)
    }

    @Test("An open time above its maximum is honoured and not doubled")
    func openAboveMaximum() {
        let settings = BreakerSettings(open: 600_000, maxOpen: 300_000)
        var breaker = opened(settings)
        #expect(breaker.probeAt == start + 600_000)
        _ = breaker.tick(at: start + 600_000)
        _ = breaker.permit(at: start + 600_000)
        _ = breaker.record(success: false, permit: .probe, waiting: 1, at: start + 600_000)
        #expect(breaker.probeAt == start + 1_200_000)
    }

    @Test("Of three probes in flight the first failure opens it, and the others double nothing")
    func lateProbes() {
        var breaker = halfOpened()
        for _ in 0..<3 { _ = breaker.permit(at: start + 30_000) }
        _ = breaker.record(success: false, permit: .probe, waiting: 9, at: start + 30_010)
        let second = breaker.record(success: false, permit: .probe, waiting: 9, at: start + 30_020)
        let third = breaker.record(success: true, permit: .probe, waiting: 1, at: start + 30_030)
        #expect(second == nil && third == nil)
        #expect(breaker.state == .open)
        #expect(breaker.probeAt == start + 90_010)
        #expect(breaker.openCount == 2)
        _ = breaker.tick(at: start + 90_010)
        let permits = (0..<4).map { _ in breaker.permit(at: start + 90_010) }
        #expect(permits == [.probe, .probe, .probe, nil], "every place is free again")
    }

    @Test("A probe that is still out keeps its place through the next opening")
    func placeIsKept() {
        var breaker = halfOpened()
        for _ in 0..<3 { _ = breaker.permit(at: start + 30_000) }
        _ = breaker.record(success: false, permit: .probe, waiting: 9, at: start + 30_010)
        _ = breaker.tick(at: start + 90_010)
        let permits = (0..<2).map { _ in breaker.permit(at: start + 90_010) }
        #expect(permits == [.probe, nil])
        breaker.release(.probe)
        breaker.release(.probe)
        let free = (0..<3).map { _ in breaker.permit(at: start + 90_011) }
        #expect(free == [.probe, .probe, nil])
    }

    @Test("A call begun before the opening is remembered and decides nothing", arguments: [true, false])
    func lateNormal(success: Bool) {
        var breaker = opened()
        let whileOpen = breaker.record(success: success, permit: .normal, waiting: 1, at: start + 1)
        #expect(whileOpen == nil && breaker.state == .open)
        #expect(breaker.recent(at: start + 1).last == success)
        _ = breaker.tick(at: start + 30_000)
        let whileHalfOpen = breaker.record(success: success, permit: .normal, waiting: 1, at: start + 30_001)
        #expect(whileHalfOpen == nil && breaker.state == .halfOpen)
        #expect(breaker.calls(at: start + 30_001) == 7)
        #expect(breaker.openCount == 1)
    }

    @Test("When a clock that ran a day ahead is set back, the wait begins anew and does not last a day")
    func clockSetBack() {
        var breaker = opened()
        let yesterday = start + -86_400_000
        let first = breaker.tick(at: yesterday)
        #expect(first == nil)
        #expect(breaker.openedAt == yesterday)
        #expect(breaker.probeAt == yesterday + 30_000)
        let second = breaker.tick(at: yesterday + 30_000)
        #expect(second == .halfOpened)
    }
}
