import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Circuit breaker: forced by a person, stored and restored")
struct BreakerForcedTests {
    private let start = Timestamp(milliseconds: 1_769_851_800_000)

    @Test("Forced open with an end, it half-opens then and goes its usual way")
    func forcedWithEnd() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let opened = breaker.forceOpen(until: start + 5000, at: start)
        #expect(opened == .opened(until: start + 5000, failureRate: 0))
        #expect(breaker.forced && breaker.state == .open)
        #expect(breaker.openedAt == start && breaker.probeAt == start + 5000)
        #expect(breaker.openCount == 0, "a person is no failure")
        let permit = breaker.permit(at: start + 1)
        #expect(permit == nil)
        let early = breaker.tick(at: start + 4999)
        #expect(early == nil)
        let due = breaker.tick(at: start + 5000)
        #expect(due == .halfOpened && !breaker.forced)
        _ = breaker.permit(at: start + 5000)
        let failed = breaker.record(success: false, permit: .probe, waiting: 1, at: start + 5000)
        #expect(failed == .opened(until: start + 35_000, failureRate: 1))
    }

    @Test("Forced open without an end, it stays so until a person closes it")
    func forcedWithoutEnd() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let opened = breaker.forceOpen(until: nil, at: start)
        #expect(opened == .opened(until: .distantFuture, failureRate: 0))
        #expect(breaker.probeAt == nil)
        let never = breaker.tick(at: .distantFuture)
        #expect(never == nil && breaker.state == .open)
        let closed = breaker.forceClose(at: start + 1)
        #expect(closed == .closed)
        #expect(!breaker.forced && breaker.state == .closed && breaker.openedAt == nil)
    }

    @Test("Forcing what is so already changes nothing, a new end does")
    func again() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let closed = breaker.forceClose(at: start)
        #expect(closed == nil)
        _ = breaker.forceOpen(until: start + 5000, at: start)
        let same = breaker.forceOpen(until: start + 5000, at: start + 1)
        #expect(same == nil && breaker.openedAt == start)
        let other = breaker.forceOpen(until: nil, at: start + 2)
        #expect(other == .opened(until: .distantFuture, failureRate: 0))
    }

    @Test("A breaker that failures opened becomes forced, and keeps its count for later")
    func forcedWhileOpen() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        for _ in 0..<5 { _ = breaker.record(success: false, permit: .normal, waiting: 0, at: start) }
        let forced = breaker.forceOpen(until: start + 30_000, at: start)
        #expect(forced == .opened(until: start + 30_000, failureRate: 1), "the same end, but forced now")
        _ = breaker.tick(at: start + 30_000)
        _ = breaker.permit(at: start + 30_000)
        _ = breaker.record(success: false, permit: .probe, waiting: 1, at: start + 30_000)
        #expect(breaker.probeAt == start + 90_000)
    }

    @Test(
        "Given probes in flight, when a person opens it, then their outcomes decide nothing",
        arguments: [true, false])
    func forcedWhileHalfOpen(success: Bool) {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        _ = breaker.forceOpen(until: start, at: start)
        _ = breaker.tick(at: start)
        _ = breaker.permit(at: start)
        _ = breaker.forceOpen(until: nil, at: start + 1)
        let change = breaker.record(success: success, permit: .probe, waiting: 1, at: start + 2)
        #expect(change == nil && breaker.state == .open && breaker.forced)
    }

    @Test("Closing by hand clears window and count, so that old failures do not open it again")
    func closeClears() {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        for _ in 0..<5 { _ = breaker.record(success: false, permit: .normal, waiting: 0, at: start) }
        _ = breaker.forceClose(at: start)
        #expect(breaker.calls(at: start) == 0)
        for _ in 0..<4 {
            let change = breaker.record(success: false, permit: .normal, waiting: 0, at: start)
            #expect(change == nil)
        }
    }

    @Test("A forced end in the past or at the end of time does no harm", arguments: [Int64.min, 0, .max])
    func extremeEnds(milliseconds: Int64) {
        var breaker = CircuitBreaker(settings: BreakerSettings())
        let until = Timestamp(milliseconds: milliseconds)
        _ = breaker.forceOpen(until: until, at: start)
        let change = breaker.tick(at: start)
        #expect(change == (until <= start ? .halfOpened : nil))
    }

    @Test("Restored closed it is as new")
    func restoredClosed() {
        let breaker = CircuitBreaker.restored(
            settings: BreakerSettings(), state: .closed, openedAt: start, probeAt: start, openCount: 4,
            forced: true)
        #expect(breaker == CircuitBreaker(settings: BreakerSettings()))
    }

    @Test("Restored open it waits as before and doubles from where it was")
    func restoredOpen() {
        var breaker = CircuitBreaker.restored(
            settings: BreakerSettings(), state: .open, openedAt: start, probeAt: start + 60_000, openCount: 2,
            forced: false)
        #expect(breaker.state == .open && breaker.openedAt == start && breaker.openCount == 2)
        let early = breaker.tick(at: start + 59_999)
        let due = breaker.tick(at: start + 60_000)
        #expect(early == nil && due == .halfOpened)
        _ = breaker.permit(at: start + 60_000)
        _ = breaker.record(success: false, permit: .probe, waiting: 1, at: start + 60_000)
        #expect(breaker.probeAt == start + 180_000)
    }

    @Test("Restored half-open it is open and due, with every probe's place free")
    func restoredHalfOpen() {
        var breaker = CircuitBreaker.restored(
            settings: BreakerSettings(), state: .halfOpen, openedAt: start, probeAt: start + 30_000,
            openCount: 1,
            forced: false)
        #expect(breaker.state == .open && breaker.probeAt == start + 30_000)
        let due = breaker.tick(at: start + 31_000)
        #expect(due == .halfOpened)
        let permits = (0..<4).map { _ in breaker.permit(at: start + 31_000) }
        #expect(permits == [.probe, .probe, .probe, nil])
    }

    @Test("Restored forced without an end it stays shut; unforced without a time it is due")
    func restoredWithoutTime() {
        var forced = CircuitBreaker.restored(
            settings: BreakerSettings(), state: .open, openedAt: start, probeAt: nil, openCount: 0,
            forced: true)
        let never = forced.tick(at: .distantFuture)
        #expect(never == nil && forced.forced)
        var broken = CircuitBreaker.restored(
            settings: BreakerSettings(), state: .open, openedAt: nil, probeAt: nil, openCount: -7,
            forced: false)
        let due = broken.tick(at: start)
        #expect(due == .halfOpened && broken.openCount == 0)
    }
}
