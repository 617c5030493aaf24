package import KintsugiVocabulary

/// Something that a channel is to be told now.
package struct Notification: Sendable, Hashable {
    /// Why it is told now.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case new
        /// More tasks.
        case count
        /// More severe than it was told before.
        case severity
        /// It still fires.
        case `repeat`
        case recovery
        /// What the limit of the hour has held back, in one.
        case digest
        case test
    }

    package var channel: String
    package var reason: Reason
    /// One; in a digest those it is about, the worst first.
    package var alerts: [Alert]
    /// How many alerts a digest is about, when it does not list them all.
    package var count: Int
    /// What the channel was told last, where that was less severe.
    package var previousSeverity: AlertSeverity?

    package init(
        channel: String, reason: Reason, alerts: [Alert], count: Int? = nil,
        previousSeverity: AlertSeverity? = nil
    ) {
        self.channel = channel
        self.reason = reason
        self.alerts = alerts
        self.count = count ?? alerts.count
        self.previousSeverity = previousSeverity
    }
}

/// What a channel was told of an alert last.
package struct Told: Sendable, Hashable {
    package var at: Timestamp
    package var severity: AlertSeverity
    package var open: Int
    package var total: Int
    /// The position of the raise that it knows of.
    package var raised: Int64
    /// It was told of the alert, and not that it is over.
    package var isFiring: Bool

    package init(
        at: Timestamp, severity: AlertSeverity, open: Int, total: Int, raised: Int64, isFiring: Bool
    ) {
        self.at = at
        self.severity = severity
        self.open = open
        self.total = total
        self.raised = raised
        self.isFiring = isFiring
    }

    init(_ alert: Alert, isFiring: Bool, at now: Timestamp) {
        self.init(
            at: now, severity: alert.severity, open: alert.open, total: alert.total, raised: alert.raised,
            isFiring: isFiring)
    }
}

/// The notifications of a channel's hour.
package struct NotificationHour: Sendable, Hashable {
    package var from: Timestamp
    package var sent: Int

    package init(from: Timestamp, sent: Int) {
        self.from = from
        self.sent = sent
    }

    static let length: Milliseconds = 3_600_000
    var end: Timestamp { from + Self.length }
}
