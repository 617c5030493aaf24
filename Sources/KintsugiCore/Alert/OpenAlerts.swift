package import KintsugiVocabulary

/// Which alert is open for which cause, so that one cause is one alert however many tasks it hits.
///
/// The rules give every raise a new identifier, because they know one task only; here it is replaced by that of the
/// alert which is there already. Fed by every commit; loaded from the store at start.
package struct OpenAlerts: Sendable {
    /// How long a cause whose last task was cured keeps its alert: one that comes right back is the same alert
    /// firing again. It also outlasts any append that is under way.
    static let linger: Milliseconds = 60_000

    private struct Cause: Hashable, Sendable {
        var user: UserID
        var fingerprint: String
    }

    private struct Entry: Sendable {
        var id: UUID7
        /// Tasks that are not cured, as far as commits have told.
        var open = 0
        var idleSince: Timestamp

        func isOver(at now: Timestamp) -> Bool { open == 0 && now - idleSince > OpenAlerts.linger }
    }

    private struct Trip: Sendable {
        var id: UUID7
        var isRecorded: Bool
    }

    private var causes: [Cause: Entry] = [:]
    private var trips: [ProviderID: Trip] = [:]
    /// How many causes there may be before those that are over are forgotten.
    private var sweepAt = 1024

    package init() {}

    /// Alerts that go on, as the store knows them.
    package mutating func load(_ alerts: [Alert]) {
        for alert in alerts where alert.open > 0 {
            if let user = alert.user, let fingerprint = alert.cause {
                causes[Cause(user: user, fingerprint: fingerprint)] = Entry(
                    id: alert.id, open: alert.open, idleSince: alert.lastRaisedAt)
            } else {
                trips[alert.provider] = Trip(id: alert.id, isRecorded: true)
            }
        }
    }

    // MARK: Causes

    /// Gives raises among these events the alert of their cause.
    package mutating func adopt(_ events: inout [TaskEvent], of user: UserID, at now: Timestamp) {
        for index in events.indices {
            guard case .alertRaised(var mark) = events[index] else { continue }
            let cause = Cause(user: user, fingerprint: mark.cause)
            if let entry = causes[cause], !entry.isOver(at: now) {
                if entry.open == 0 { causes[cause]?.idleSince = now }
                guard entry.id != mark.id else { continue }
                mark.id = entry.id
                events[index] = .alertRaised(mark)
            } else {
                sweep(at: now)
                causes[cause] = Entry(id: mark.id, idleSince: now)
            }
        }
    }

    /// A commit has changed which alert a task of this user is part of.
    package mutating func recorded(
        of user: UserID, before: AlertMark?, after: AlertMark?, at now: Timestamp
    ) {
        guard before?.id != after?.id else { return }
        if let before {
            let cause = Cause(user: user, fingerprint: before.cause)
            if var entry = causes[cause], entry.id == before.id, entry.open > 0 {
                entry.open -= 1
                entry.idleSince = now
                causes[cause] = entry
            }
        }
        if let after {
            let cause = Cause(user: user, fingerprint: after.cause)
            var entry = causes[cause] ?? Entry(id: after.id, idleSince: now)
            if entry.id != after.id { entry = Entry(id: after.id, idleSince: now) }
            entry.open += 1
            causes[cause] = entry
        }
    }

    private mutating func sweep(at now: Timestamp) {
        guard causes.count >= sweepAt else { return }
        causes = causes.filter { !$0.value.isOver(at: now) }
        sweepAt = max(1024, causes.count * 2)
    }

    // MARK: Breakers

    /// The alert that this provider's breaker raises by opening; nil: it has one already.
    ///
    /// Until the opening is recorded the same one is given again.
    package mutating func raise(for provider: ProviderID, fresh: UUID7) -> UUID7? {
        guard let trip = trips[provider] else {
            trips[provider] = Trip(id: fresh, isRecorded: false)
            return fresh
        }
        return trip.isRecorded ? nil : trip.id
    }

    /// A breaker's event was recorded.
    package mutating func recorded(_ event: RecordEventType, of provider: ProviderID) {
        switch event {
        case .breakerOpened, .breakerForcedOpen: trips[provider]?.isRecorded = true
        case .breakerClosed, .breakerForcedClosed: trips[provider] = nil
        default: break
        }
    }

    /// The open alert of this cause, for tests.
    package func alert(of user: UserID, cause fingerprint: String) -> UUID7? {
        causes[Cause(user: user, fingerprint: fingerprint)].flatMap { $0.open > 0 ? $0.id : nil }
    }
}
