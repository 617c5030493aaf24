import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What the dispatcher holds between two looks: the notifier, how far it has read, and how to write both down.
struct AlertDesk: Sendable {
    var notifier = Notifier()
    /// Everything up to here was told.
    var position: Int64 = 0
    /// Of the consumer's record; 0: there is none yet.
    var version = 0

    /// Takes in what changed and what is due. What is to be recorded for it; nil: nothing.
    mutating func look(
        at changed: [Alert], _ now: Timestamp, delivery: (Notification) -> TaskAppend
    ) -> AppendUnit? {
        var notifications: [Notification] = []
        for alert in changed { notifications += notifier.observe(alert, since: position, at: now) }
        notifications += notifier.wake(at: now)
        position = changed.last?.changed ?? position
        let changes = notifier.takeChanges()
        guard !notifications.isEmpty || !changes.isEmpty else { return nil }
        var sent: [UUID7: Int] = [:]
        for alert in notifications.lazy.flatMap(\.alerts) { sent[alert.id, default: 0] += 1 }
        var records = changes.map { Self.memory($0.id, $0.told, sent: sent[$0.id] ?? 0, at: now) }
        records.append(mark(at: now))
        return AppendUnit(tasks: notifications.map(delivery), records: records)
    }

    private static func memory(_ id: UUID7, _ told: [String: Told], sent: Int, at now: Timestamp)
        -> RecordAppend
    {
        RecordAppend(
            kind: .notification, key: id.description, expectedVersion: nil, event: .alertNotified,
            data: JSONText(
                valid: JSONWriter.object {
                    $0.member("actor", "system")
                    $0.member("sent", sent)
                }), at: now, document: ToldCodec.encode(told))
    }

    /// The consumer's record; its version lets one dispatcher go on only.
    private mutating func mark(at now: Timestamp) -> RecordAppend {
        var mark = AlertPosition()
        mark.position = position
        mark.hours = notifier.sentInHour
        defer { version += 1 }
        return RecordAppend(
            kind: .consumer, key: AlertPosition.key, expectedVersion: version, event: .consumerAdvanced,
            data: .actor("system"), at: now, document: mark.encoded)
    }

    // MARK: Start

    /// As the store knows it: what is open, and what was told of it.
    static func load(
        from store: any Store, channels: [ChannelRule], silences: [AlertSilence], at now: Timestamp
    ) async throws(StoreError) -> AlertDesk {
        var desk = AlertDesk()
        for silence in silences { desk.notifier.set(silence, at: now) }
        for channel in channels { desk.notifier.set(channel, at: now) }
        if let record = try await store.record(.consumer, AlertPosition.key) {
            let mark = AlertPosition(record.document)
            (desk.position, desk.version) = (mark.position, record.version)
            desk.notifier.load(mark.hours)
        } else {
            desk.position = try await store.status().position
        }
        var told: [UUID7: [String: Told]] = [:]
        for record in try await store.records(.notification) {
            if let id = UUID7(record.key) { told[id] = ToldCodec.decode(record.document) }
        }
        var query = AlertQuery()
        query.statuses = [.firing, .acknowledged]
        query.limit = 500
        repeat {
            let page = try await store.alerts(query)
            for alert in page.elements {
                desk.notifier.load(alert, told: told.removeValue(forKey: alert.id) ?? [:], at: now)
            }
            query.before = page.next
        } while query.before != nil
        // Those that are over and of which somebody does not know yet.
        for (id, told) in told {
            if let alert = try await store.alert(id) { desk.notifier.load(alert, told: told, at: now) }
        }
        return desk
    }
}
