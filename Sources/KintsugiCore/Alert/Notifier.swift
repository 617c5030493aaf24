package import KintsugiVocabulary

/// Decides what is told to which channel, and when. A value: its owner brings it alerts, the time and what was
/// told before, and hands out the notifications it returns.
///
///     raised ─▶ new ─▶ (more tasks) ─▶ count, once a group interval ─▶ … ─▶ recovery
///                └──▶ (more severe) ─▶ severity, at once      └▶ (still firing) ─▶ repeat
///
/// What a silence, quiet hours or the limit of the hour hold back is looked at again when they end.
package struct Notifier: Sendable {
    /// Alerts whose time has come that are looked at together.
    package static let batch = 100
    /// An alert that is over was raised so lately that it is still news.
    static let recent: Milliseconds = 300_000
    /// Alerts that a digest speaks for, and those that it lists.
    static let maxInDigest = 1000
    static let maxListed = 20

    struct Watched: Sendable {
        var alert: Alert
        var told: [String: Told] = [:]
    }

    struct Due: Sendable, Comparable {
        var at: Timestamp
        var id: UUID7
        static func < (lhs: Due, rhs: Due) -> Bool { (lhs.at, lhs.id) < (rhs.at, rhs.id) }
    }

    var channels: [String: ChannelRule] = [:]
    private(set) var silences: [UUID7: AlertSilence] = [:]
    var watched: [UUID7: Watched] = [:]
    var hours: [String: NotificationHour] = [:]
    /// What the limit of the hour holds back, by channel.
    var held: [String: Set<UUID7>] = [:]
    /// When each alert is to be looked at again; the heap may hold times that no longer count.
    private var dueAt: [UUID7: Timestamp] = [:]
    private var due = MinHeap<Due>()
    /// Alerts whose memory has changed since it was taken.
    private var changed: Set<UUID7> = []

    package init() {}

    // MARK: What it knows

    /// A channel as it is now; what is held back for it may be told now.
    package mutating func set(_ channel: ChannelRule, at now: Timestamp) {
        channels[channel.id] = channel
        reconsider(at: now)
    }

    package mutating func removeChannel(_ id: String, at now: Timestamp) {
        channels[id] = nil
        hours[id] = nil
        held[id] = nil
        reconsider(at: now)
    }

    package mutating func set(_ silence: AlertSilence, at now: Timestamp) {
        silences[silence.id] = silence
        reconsider(at: now)
    }

    package mutating func removeSilence(_ id: UUID7, at now: Timestamp) {
        silences[id] = nil
        reconsider(at: now)
    }

    /// An alert that was watched before a restart, with what was told of it.
    package mutating func load(_ alert: Alert, told: [String: Told], at now: Timestamp) {
        watched[alert.id] = Watched(alert: alert, told: told)
        lookAgain(at: alert.id, now)
    }

    package mutating func load(_ hours: [String: NotificationHour]) { self.hours = hours }

    package var sentInHour: [String: NotificationHour] { hours.filter { channels[$0.key] != nil } }

    /// Alerts that are watched, for tests.
    package var count: Int { watched.count }

    package func isSilenced(_ alert: Alert, at now: Timestamp) -> Bool {
        silences.values.contains { $0.covers(alert, at: now) }
    }

    /// The alerts whose memory has changed, with what each channel was told; empty: nothing needs to be remembered.
    package mutating func takeChanges() -> [(id: UUID7, told: [String: Told])] {
        defer { changed = [] }
        return changed.sorted().map { ($0, watched[$0]?.told ?? [:]) }
    }

    // MARK: What happens

    /// Something happened to an alert since this position.
    package mutating func observe(_ alert: Alert, since position: Int64, at now: Timestamp) -> [Notification]
    {
        guard var known = watched[alert.id] else {
            if alert.status != .resolved {
                watched[alert.id] = Watched(alert: alert)
                return look(at: alert.id, now)
            }
            return alert.raised > position ? passed(alert, at: now) : []
        }
        known.alert = alert
        watched[alert.id] = known
        return look(at: alert.id, now)
    }

    /// Raised and over between two looks: both are told, where nothing is in the way.
    private mutating func passed(_ alert: Alert, at now: Timestamp) -> [Notification] {
        guard now - alert.lastRaisedAt < Self.recent else { return [] }
        var firing = alert
        firing.status = .firing
        watched[alert.id] = Watched(alert: firing)
        let raised = look(at: alert.id, now)
        for channel in held.keys { held[channel]?.remove(alert.id) }
        watched[alert.id]?.alert = alert
        return raised + look(at: alert.id, now)
    }

    /// What is to be told because its time has come; for at most `batch` alerts.
    package mutating func wake(at now: Timestamp) -> [Notification] {
        var notifications = digests(at: now)
        for _ in 0..<Self.batch {
            guard let next = due.min, next.at <= now else { break }
            _ = due.popMin()
            guard dueAt[next.id] == next.at else { continue }
            dueAt[next.id] = nil
            notifications += look(at: next.id, now)
        }
        return notifications
    }

    /// When `wake` is to be called; nil: never, as things are.
    package var wakeAt: Timestamp? {
        let hours = held.compactMap { $0.value.isEmpty ? nil : self.hours[$0.key]?.end }
        return (hours + [due.min?.at].compactMap(\.self)).min()
    }

    /// Everything is looked at again.
    private mutating func reconsider(at now: Timestamp) { for id in watched.keys { lookAgain(at: id, now) } }

    mutating func lookAgain(at id: UUID7, _ time: Timestamp) {
        if let known = dueAt[id], known <= time { return }
        dueAt[id] = time
        due.insert(Due(at: time, id: id))
    }

    // MARK: Looking

    private mutating func look(at id: UUID7, _ now: Timestamp) -> [Notification] {
        var notifications: [Notification] = []
        for channel in channels.keys.sorted() {
            guard let rule = channels[channel], let entry = watched[id] else { continue }
            held[channel]?.remove(id)
            switch verdict(on: entry.alert, told: entry.told[channel], rule, at: now) {
            case .nothing: break
            case .wait(let until): lookAgain(at: id, max(until, now + 1))
            case .hold: held[channel, default: []].insert(id)
            case .tell(let reason): notifications.append(tell(id, entry, reason, to: channel, at: now))
            case .forget: remember(id, Told(entry.alert, isFiring: false, at: now), for: channel)
            }
        }
        // What was told just now may be due again some time.
        if notifications.contains(where: { $0.reason != .recovery }) { lookAgain(at: id, now + 1) }
        forgetIfOver(id)
        return notifications
    }

    private mutating func tell(
        _ id: UUID7, _ entry: Watched, _ reason: Notification.Reason, to channel: String, at now: Timestamp
    ) -> Notification {
        let before = entry.told[channel]
        remember(id, Told(entry.alert, isFiring: reason != .recovery, at: now), for: channel)
        if reason != .recovery { count(channel, at: now) }
        return Notification(
            channel: channel, reason: reason, alerts: [entry.alert],
            previousSeverity: reason == .severity ? before?.severity : nil)
    }

    mutating func remember(_ id: UUID7, _ told: Told, for channel: String) {
        watched[id]?.told[channel] = told
        changed.insert(id)
    }

    /// A resolved alert is watched until everybody who was told of it was told so.
    private mutating func forgetIfOver(_ id: UUID7) {
        guard let entry = watched[id], entry.alert.status == .resolved,
            !entry.told.contains(where: { channels[$0.key] != nil && $0.value.isFiring })
        else { return }
        if !entry.told.isEmpty { changed.insert(id) }
        watched[id] = nil
        dueAt[id] = nil
    }
}
