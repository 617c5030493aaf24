package import KintsugiVocabulary

/// Keeps calls away from a provider that is down, and lets a few through to see whether it is back.
///
/// A value: the owner asks for a permit before a call, returns every permit by `record` or `release`, calls
/// `tick` when `probeAt` is due, and performs what a `Change` says. Only provider faults are recorded as
/// failures; that is the caller's to sort out.
///
/// ```
/// closed ── failures ──▶ open ── tick at probeAt ──▶ half_open ── enough successes ──▶ closed
///                          ▲──────── a probe failed, twice as long ────────┘
/// ```
/// - Source: Nygard, "Release It!", 2nd edition, chapter 5, "Circuit Breaker".
package struct CircuitBreaker: Sendable, Hashable {
    /// A transition, told once by the call that caused it.
    package enum Change: Sendable, Hashable {
        /// `until` is `Timestamp.distantFuture` if a person opened it without an end.
        case opened(until: Timestamp, failureRate: Double)
        case halfOpened
        case closed
    }

    /// The right to make one call, to be returned however the call ends.
    package enum Permit: Sendable, Hashable {
        case normal, probe
    }

    /// The most calls a window can hold, whatever the settings say: each provider's memory is bounded.
    package static let largestWindow = 1000

    /// New settings hold from the next question on; the window is kept.
    package var settings: BreakerSettings
    package private(set) var state: BreakerState = .closed
    /// When it opened last; nil while closed.
    package private(set) var openedAt: Timestamp?
    /// When it is half-opened; nil while closed, and while a person keeps it open without an end.
    package private(set) var probeAt: Timestamp?
    /// Whether a person opened it, until `probeAt` or until a person closes it.
    package private(set) var forced = false
    /// How many times in a row failures opened it; the open time has been doubled one time less.
    package private(set) var openCount = 0

    private var window = OutcomeWindow()
    private var failuresInARow = 0
    private var probeSuccesses = 0
    /// Counts permits, not half-open phases, so that a late probe cannot free a place that it never had.
    private var probesInFlight = 0

    package init(settings: BreakerSettings) { self.settings = settings }

    /// A breaker as it was stored, with an empty window.
    ///
    /// Half-open comes back as open and due, because the probes' calls are gone with the process that made
    /// them.
    package static func restored(
        settings: BreakerSettings, state: BreakerState, openedAt: Timestamp?, probeAt: Timestamp?,
        openCount: Int, forced: Bool
    ) -> CircuitBreaker {
        var breaker = CircuitBreaker(settings: settings)
        guard state != .closed else { return breaker }
        breaker.state = .open
        breaker.openedAt = openedAt
        breaker.openCount = max(openCount, 0)
        breaker.forced = forced && state == .open
        breaker.probeAt = breaker.forced ? probeAt : probeAt ?? openedAt ?? .zero
        return breaker
    }

    /// The right to call now: always while closed, for so many probes at once while half-open, else nil.
    ///
    /// It goes by the state alone; only `tick` moves an open breaker on.
    package mutating func permit(at now: Timestamp) -> Permit? {
        switch state {
        case .closed: return .normal
        case .open: return nil
        case .halfOpen:
            guard probesInFlight < max(settings.probes, 1) else { return nil }
            probesInFlight += 1
            return .probe
        }
    }

    /// Half-opens it if its time has come; to be called when `probeAt` is due, harmless at any time.
    ///
    /// If the clock was set back to before the opening, the time still to wait begins anew, so that a clock
    /// that ran a day ahead does not shut a provider out for a day.
    package mutating func tick(at now: Timestamp) -> Change? {
        guard state == .open, let due = probeAt else { return nil }
        if !forced, let since = openedAt, since > now {
            openedAt = now
            probeAt = now + max(due - since, 0)
        }
        guard let due = probeAt, due <= now else { return nil }
        state = .halfOpen
        forced = false
        probeSuccesses = 0
        return .halfOpened
    }

    /// Takes the outcome of a call and returns its permit.
    ///
    /// Only a failure opens it, so that there is always one to name as the cause. What comes late, from a
    /// normal permit while not closed or from a probe while open, is remembered and decides nothing.
    /// - Parameter waiting: How many tasks wait for this provider: it closes on `min(probes, waiting)`
    ///   successes, as no more probes than that would come.
    package mutating func record(
        success: Bool, permit: Permit, waiting: Int, at now: Timestamp
    ) -> Change? {
        release(permit)
        window.append(success: success, at: now, limits: settings)
        failuresInARow = success ? 0 : min(failuresInARow, .max - 1) + 1
        switch state {
        case .closed:
            return !success && hasFailedEnough(at: now) ? open(at: now) : nil
        case .open:
            return nil
        case .halfOpen:
            guard permit == .probe else { return nil }
            guard success else { return open(at: now) }
            probeSuccesses += 1
            return probeSuccesses >= min(max(settings.probes, 1), max(waiting, 1)) ? close() : nil
        }
    }

    /// Returns the permit of a call that ended without a verdict: cancelled, interrupted, or never made.
    package mutating func release(_ permit: Permit) {
        if permit == .probe, probesInFlight > 0 { probesInFlight -= 1 }
    }

    /// Opens it for a person until then, or until they close it; nil if it is so already.
    ///
    /// It does not count as a failure of the provider: the open time is not doubled for it.
    package mutating func forceOpen(until: Timestamp?, at now: Timestamp) -> Change? {
        guard !(state == .open && forced && probeAt == until) else { return nil }
        state = .open
        forced = true
        openedAt = now
        probeAt = until
        return .opened(until: until ?? .distantFuture, failureRate: failureRate(at: now))
    }

    /// Closes it for a person, with an empty window; nil if it is closed already.
    package mutating func forceClose(at now: Timestamp) -> Change? {
        state == .closed ? nil : close()
    }

    /// The share of failures in the window, 0 to 1; 0 without calls.
    package func failureRate(at now: Timestamp) -> Double {
        let (calls, failures) = window.tally(at: now, limits: settings)
        return calls == 0 ? 0 : Double(failures) / Double(calls)
    }

    /// How many calls are in the window.
    package func calls(at now: Timestamp) -> Int { window.tally(at: now, limits: settings).calls }

    /// The outcomes in the window, true for a success, oldest first.
    package func recent(at now: Timestamp) -> [Bool] { window.recent(at: now, limits: settings) }

    private func hasFailedEnough(at now: Timestamp) -> Bool {
        if failuresInARow >= settings.consecutiveFailures { return true }
        let (calls, failures) = window.tally(at: now, limits: settings)
        return calls >= settings.minCalls && Double(failures) >= settings.failureRate * Double(calls)
    }

    private mutating func open(at now: Timestamp) -> Change {
        let first = max(settings.open, 0)
        let until = now + first.doubled(openCount, atMost: max(settings.maxOpen, first))
        openCount = min(openCount, .max - 1) + 1
        state = .open
        openedAt = now
        probeAt = until
        return .opened(until: until, failureRate: failureRate(at: now))
    }

    private mutating func close() -> Change {
        state = .closed
        openedAt = nil
        probeAt = nil
        forced = false
        openCount = 0
        window = OutcomeWindow()
        failuresInARow = 0
        probeSuccesses = 0
        return .closed
    }
}
