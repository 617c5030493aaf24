package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
import Logging
import Synchronization

/// Channels and silences: made, changed and removed by people.
extension AlertDispatcher {
    package var channels: [AlertChannel] { book.withLock { Array($0.channels.values) } }
    package func channel(_ id: String) -> AlertChannel? { book.withLock { $0.channels[id] } }
    package var silences: [AlertSilence] { book.withLock { Array($0.silences.values) } }
    package func silence(_ id: UUID7) -> AlertSilence? { book.withLock { $0.silences[id] } }

    package func isSilenced(_ alert: Alert, at now: Timestamp) -> Bool {
        book.withLock { $0.silences.values.contains { $0.covers(alert, at: now) } }
    }

    /// Makes a channel, or saves a change of one: the version it was read at must still be the last.
    package func save(
        _ channel: AlertChannel, isNew: Bool, actor: String, idempotency: IdempotencyRecord? = nil
    ) async throws(EngineError) -> AlertChannel {
        var channel = channel
        let now = engine.now
        channel.updatedAt = now
        if isNew { (channel.createdAt, channel.rule.since) = (now, now) }
        let append = RecordAppend(
            kind: .channel, key: channel.id, expectedVersion: isNew ? 0 : channel.version,
            event: isNew ? .channelCreated : .channelUpdated, data: .actor(actor), at: now,
            document: ChannelCodec.encode(channel, seal: engine.configuration.seal))
        _ = try await engine.append(AppendUnit(records: [append], idempotency: idempotency))
        if !isNew { channel.version += 1 }
        let saved = channel
        book.withLock { $0.channels[saved.id] = saved }
        engine.enlist(saved)
        tell(.channel(saved.rule))
        return saved
    }

    /// Removes a channel; what it was still to be told is not told.
    package func remove(_ channel: AlertChannel, actor: String) async throws(EngineError) {
        let append = RecordAppend(
            kind: .channel, key: channel.id, expectedVersion: nil, event: .channelDeleted,
            data: .actor(actor), at: engine.now, document: nil)
        _ = try await engine.append(AppendUnit(records: [append]))
        book.withLock { $0.channels[channel.id] = nil }
        tell(.channelRemoved(channel.id))
        engine.delist(channel)
        // An open breaker of a channel that is gone is nobody's trouble any more.
        if engine.breakerState(channel.provider) != .closed {
            _ = try? await engine.forceBreaker(
                channel.provider, open: false, for: nil, reason: "The channel was deleted.", actor: actor)
        }
    }

    package func add(_ silence: AlertSilence, actor: String, idempotency: IdempotencyRecord?)
        async throws(EngineError)
    {
        let append = RecordAppend(
            kind: .silence, key: silence.id.description, expectedVersion: 0, event: .silenceCreated,
            data: .actor(actor), at: engine.now, document: SilenceCodec.encode(silence))
        _ = try await engine.append(AppendUnit(records: [append], idempotency: idempotency))
        book.withLock { $0.silences[silence.id] = silence }
        tell(.silence(silence))
    }

    package func removeSilence(_ id: UUID7, actor: String) async throws(EngineError) {
        let append = RecordAppend(
            kind: .silence, key: id.description, expectedVersion: nil, event: .silenceDeleted,
            data: .actor(actor), at: engine.now, document: nil)
        _ = try await engine.append(AppendUnit(records: [append]))
        book.withLock { $0.silences[id] = nil }
        tell(.silenceRemoved(id))
    }

    /// Sends a test and waits for its end for a while. The delivery's task as it is then.
    package func test(_ channel: AlertChannel, wait: Milliseconds) async throws(EngineError) -> StoredTask {
        let now = engine.now
        var example = Alert(
            id: engine.newUUID(), kind: .task, severity: .medium, user: nil, provider: channel.provider,
            cause: nil, at: now, position: 0)
        (example.open, example.total) = (1, 1)
        let notification = Notification(channel: channel.id, reason: .test, alerts: [example])
        // A test says at once how it is, also of a channel that is known to be dead.
        let append = delivery(
            notification, at: now, RetryPolicy(maxAttempts: 1, onOpenBreaker: .skip))
        let id = append.after.id
        let end = ended.end(of: id)
        defer { ended.forget(id) }
        let receipt = try await engine.append(AppendUnit(tasks: [append]))
        if wait > 0 {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    _ = try? await Task.sleep(for: .milliseconds(wait))
                    self.ended.forget(id)
                }
                for await _ in end {}
                group.cancelAll()
            }
        }
        let made = StoredTask(number: receipt.numbers[0], state: append.after)
        return try await engine.reading { () async throws(StoreError) in
            try await engine.store.task(id) ?? made
        }
    }

    /// What an act of a person makes of an alert.
    package enum Act: Sendable { case acknowledge, resolve }

    package func act(
        _ act: Act, on alert: Alert, note: String?, actor: String, at now: Timestamp,
        idempotency: IdempotencyRecord?
    ) async throws(EngineError) {
        let status = act == .acknowledge ? AlertStatus.acknowledged : .resolved
        let append = RecordAppend(
            kind: .alert, key: alert.id.description, expectedVersion: nil,
            event: act == .acknowledge ? .alertAcknowledged : .alertClosed,
            data: JSONText(
                valid: JSONWriter.object {
                    $0.member("actor", actor)
                    $0.member("note", note)
                }), at: now,
            document: JSONText(valid: JSONWriter.object { $0.member("status", status.rawValue) }))
        _ = try await engine.append(AppendUnit(records: [append], idempotency: idempotency))
    }
}

extension Engine {
    /// The channels' records, opened.
    func storedChannels() async throws(EngineError) -> [AlertChannel] {
        let records = try await reading { () async throws(StoreError) in try await store.records(.channel) }
        return records.compactMap { record in
            let channel = ChannelCodec.decode(record, unseal: configuration.unseal)
            if channel == nil {
                logger.error("A channel's record cannot be read", metadata: ["channel.id": "\(record.key)"])
            }
            return channel
        }
    }

    /// Lets deliveries to the channel run from now on, as it is now.
    func enlist(_ channel: AlertChannel) {
        registry.set(channel.agent)
        brain.agentChanged(channel.agent.profile)
    }

    func delist(_ channel: AlertChannel) {
        registry.remove(channel.agentID)
        brain.agentRemoved(channel.agentID)
    }

    package func breakerState(_ provider: ProviderID) -> BreakerState { brain.breakerState(provider) }
}
