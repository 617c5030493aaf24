import KintsugiVocabulary

/// The rules of telling.
extension Notifier {
    enum Telling: Sendable, Hashable {
        case tell(Notification.Reason)
        /// Not before then.
        case wait(until: Timestamp)
        /// The limit of the hour is reached: it comes with the digest.
        case hold
        /// It is over, and this channel does not want to know.
        case forget
        case nothing
    }

    func verdict(on alert: Alert, told: Told?, _ channel: ChannelRule, at now: Timestamp) -> Telling {
        guard channel.isEnabled else { return .nothing }
        if alert.status == .resolved { return recovery(alert, told, channel, at: now) }
        guard alert.severity >= channel.minSeverity, channel.match?.matches(alert) ?? true,
            !isAbout(alert, a: channel)
        else { return .nothing }
        let due = due(alert, told, channel)
        guard let due else { return .nothing }
        if due.at > now { return .wait(until: due.at) }
        if let end = endOfSilence(over: alert, at: now) { return .wait(until: end) }
        if let end = quietEnd(alert, channel, at: now) { return .wait(until: end) }
        return isOverLimit(channel, at: now) ? .hold : .tell(due.reason)
    }

    /// Those who were told are told of the end; a silence does not keep it from them, quiet hours do for a while.
    private func recovery(_ alert: Alert, _ told: Told?, _ channel: ChannelRule, at now: Timestamp) -> Telling
    {
        guard told?.isFiring == true else { return .nothing }
        guard channel.sendsResolved else { return .forget }
        if let end = quietEnd(alert, channel, at: now) { return .wait(until: end) }
        return .tell(.recovery)
    }

    /// What is to be told next and when, if nothing is in the way; nil: nothing, as things are.
    private func due(_ alert: Alert, _ told: Told?, _ channel: ChannelRule)
        -> (reason: Notification.Reason, at: Timestamp)?
    {
        guard let told, told.isFiring else {
            let isNews = told.map { alert.raised > $0.raised } ?? (alert.lastRaisedAt >= channel.since)
            return isNews && alert.status == .firing ? (.new, .zero) : nil
        }
        if alert.severity > told.severity { return (.severity, .zero) }
        // Somebody is at it.
        guard alert.status == .firing else { return nil }
        if alert.open > told.open || alert.total > told.total {
            return (.count, told.at + channel.groupInterval)
        }
        return channel.repeatInterval.map { (.repeat, told.at + $0) }
    }

    /// A dead channel is not told of itself, and of others only while it lives: so no news goes in circles.
    private func isAbout(_ alert: Alert, a channel: ChannelRule) -> Bool {
        guard alert.kind == .channel else { return false }
        let provider = Reserved.provider(ofChannel: channel.id)
        return alert.provider == provider
            || watched.values.contains {
                $0.alert.kind == .channel && $0.alert.provider == provider && $0.alert.open > 0
            }
    }

    private func endOfSilence(over alert: Alert, at now: Timestamp) -> Timestamp? {
        silences.values.filter { $0.covers(alert, at: now) }.map(\.endsAt).max()
    }

    private func quietEnd(_ alert: Alert, _ channel: ChannelRule, at now: Timestamp) -> Timestamp? {
        guard let quiet = channel.quietHours, alert.severity < quiet.minSeverity else { return nil }
        return quiet.end(at: now)
    }

    // MARK: The limit of an hour

    private func isOverLimit(_ channel: ChannelRule, at now: Timestamp) -> Bool {
        guard let limit = channel.perHour, let hour = hours[channel.id], now < hour.end else { return false }
        return hour.sent >= limit
    }

    mutating func count(_ channel: String, at now: Timestamp) {
        if let hour = hours[channel], now < hour.end {
            hours[channel]?.sent = hour.sent + 1
        } else {
            hours[channel] = NotificationHour(from: now, sent: 1)
        }
    }

    /// What the limit has held back in an hour that is over, in one for each channel.
    mutating func digests(at now: Timestamp) -> [Notification] {
        var digests: [Notification] = []
        for channel in held.keys.sorted() {
            guard let ids = held[channel], !ids.isEmpty, let rule = channels[channel],
                hours[channel].map({ $0.end <= now }) ?? true
            else { continue }
            var late: [Alert] = []
            var first = Notification.Reason.new
            for id in ids.sorted().prefix(Self.maxInDigest) {
                held[channel]?.remove(id)
                guard let entry = watched[id],
                    case .tell(let reason) = verdict(
                        on: entry.alert, told: entry.told[channel], rule, at: now)
                else {
                    lookAgain(at: id, now)
                    continue
                }
                if late.isEmpty { first = reason }
                late.append(entry.alert)
                remember(id, Told(entry.alert, isFiring: true, at: now), for: channel)
                lookAgain(at: id, now + 1)
            }
            guard !late.isEmpty else { continue }
            count(channel, at: now)
            late.sort { ($0.severity, $0.open, $0.id) > ($1.severity, $1.open, $1.id) }
            let reason: Notification.Reason = late.count == 1 ? first : .digest
            digests.append(
                Notification(
                    channel: channel, reason: reason, alerts: Array(late.prefix(Self.maxListed)),
                    count: late.count))
        }
        return digests
    }
}
