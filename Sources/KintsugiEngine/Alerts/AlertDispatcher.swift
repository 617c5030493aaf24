package import KintsugiCore
import KintsugiStore
package import KintsugiVocabulary
import Logging
import ServiceLifecycle
import Synchronization

/// Tells channels of alerts: a durable consumer of what happens to them.
///
/// It reads the alerts that changed since its position, lets the notifier decide, and records the deliveries, what
/// was told and the new position in one unit: so nothing is told twice or forgotten, whenever the process dies. Each
/// delivery is a task of the channel's agent. It sleeps until a commit concerns an alert or the notifier's next time.
package final class AlertDispatcher: Sendable {
    package let engine: Engine
    /// Makes the input of a delivery.
    let render: @Sendable (Notification) -> JSONText
    let book = Mutex(Book())
    let ended = TaskEndings()
    private let inbox = Mutex<[Change]>([])
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// Channels and silences as they are now.
    struct Book: Sendable {
        var channels: [String: AlertChannel] = [:]
        var silences: [UUID7: AlertSilence] = [:]
    }

    /// What a person changed, for the loop to take in.
    enum Change: Sendable {
        case channel(ChannelRule)
        case channelRemoved(String)
        case silence(AlertSilence)
        case silenceRemoved(UUID7)
    }

    /// Reads channels and silences and begins to hear commits. To be made after the engine is prepared.
    package init(engine: Engine, render: @escaping @Sendable (Notification) -> JSONText)
        async throws(EngineError)
    {
        self.engine = engine
        self.render = render
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var first = Book()
        for channel in try await engine.storedChannels() { first.channels[channel.id] = channel }
        for record in try await engine.reading({ () async throws(StoreError) in
            try await engine.store.records(.silence)
        }) {
            if let silence = SilenceCodec.decode(record) { first.silences[silence.id] = silence }
        }
        let found = first
        book.withLock { $0 = found }
        engine.onCommit { [weak self] in self?.heard($0) }
    }

    /// On the store's writer thread.
    private func heard(_ units: [CommittedUnit]) {
        ended.heard(units)
        if units.contains(where: \.unit.concernsAlerts) { ring.yield() }
    }

    func tell(_ change: Change) {
        inbox.withLock { $0.append(change) }
        ring.yield()
    }

    // MARK: The loop

    package func run() async throws {
        try await cancelWhenGracefulShutdown { try await self.tellAll() }
    }

    private func tellAll() async throws {
        var desk = try await load()
        ring.yield()
        await withDiscardingTaskGroup { group in
            var wakeAt: Timestamp?
            for await _ in bell {
                guard await work(&desk) else { break }
                let now = engine.now
                if let known = wakeAt, known <= now { wakeAt = nil }
                guard let next = desk.notifier.wakeAt, wakeAt.map({ next < $0 }) ?? true else { continue }
                wakeAt = next
                group.addTask {
                    let wait = Duration.milliseconds(max(1, next - now))
                    if (try? await Task.sleep(for: wait)) != nil { self.ring.yield() }
                }
            }
            group.cancelAll()
        }
    }

    private func load() async throws -> AlertDesk {
        let book = book.withLock { $0 }
        inbox.withLock { $0 = [] }
        return try await AlertDesk.load(
            from: engine.store, channels: book.channels.values.map(\.rule),
            silences: Array(book.silences.values), at: engine.now)
    }

    /// Tells what there is to tell. False: it is over.
    private func work(_ desk: inout AlertDesk) async -> Bool {
        take(
            inbox.withLock { inbox in
                defer { inbox = [] }
                return inbox
            }, &desk)
        while !Task.isCancelled {
            do {
                let changed = try await engine.store.alerts(
                    changedAfter: desk.position, limit: Notifier.batch)
                let now = engine.now
                var next = desk
                guard let unit = next.look(at: changed, now, delivery: { self.delivery($0, at: now) }) else {
                    desk = next
                    if changed.isEmpty, desk.notifier.wakeAt.map({ $0 > now }) ?? true { return true }
                    continue
                }
                _ = try await engine.append(unit)
                desk = next
            } catch {
                guard await recover(from: error, &desk) else { return false }
            }
        }
        return false
    }

    private func take(_ changes: [Change], _ desk: inout AlertDesk) {
        let now = engine.now
        for change in changes {
            switch change {
            case .channel(let rule): desk.notifier.set(rule, at: now)
            case .channelRemoved(let id): desk.notifier.removeChannel(id, at: now)
            case .silence(let silence): desk.notifier.set(silence, at: now)
            case .silenceRemoved(let id): desk.notifier.removeSilence(id, at: now)
            }
        }
    }

    /// Another dispatcher has gone on, or the store cannot take it now: from what is recorded, in a second.
    private func recover(from error: any Error, _ desk: inout AlertDesk) async -> Bool {
        if case EngineError.store(.closed) = error { return false }
        if case EngineError.store(.outcomeUnknown) = error { return false }
        if case StoreError.closed = error { return false }
        engine.logger.error("Alerts wait to be told", metadata: ["error": "\(error)"])
        guard (try? await Task.sleep(for: .seconds(1))) != nil else { return false }
        if let loaded = try? await load() { desk = loaded }
        return true
    }

    /// The task that tells a channel.
    func delivery(
        _ notification: Notification, at now: Timestamp, _ policy: RetryPolicy = AlertChannel.retryPolicy
    ) -> TaskAppend {
        let spec = TaskSpec(
            type: Reserved.alertTask, userID: Reserved.user,
            agentID: Reserved.agent(ofChannel: notification.channel), input: render(notification),
            retryPolicy: policy, origin: .internal)
        let state = TaskState(id: TaskID(engine.newUUID()), spec: spec, at: now)
        return TaskAppend(number: nil, before: nil, events: [.taskCreated(spec)], at: now, after: state)
    }
}

extension AlertDispatcher: Service {}

extension AppendUnit {
    /// Whether something happened to an alert.
    fileprivate var concernsAlerts: Bool {
        for append in tasks {
            if append.before?.alert != nil || append.after.alert != nil { return true }
            for event in append.events {
                if case .alertRaised = event { return true }
            }
        }
        return records.contains { $0.kind == .provider || $0.kind == .alert }
    }
}

/// Those who wait for the end of a task.
final class TaskEndings: Sendable {
    private let waiting = Mutex<[TaskID: AsyncStream<Never>.Continuation]>([:])

    /// Ends when the task does; to be asked for before the task is recorded.
    func end(of id: TaskID) -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        waiting.withLock { $0[id] = continuation }
        return stream
    }

    /// Nobody waits for it any longer.
    func forget(_ id: TaskID) { waiting.withLock { $0.removeValue(forKey: id) }?.finish() }

    func heard(_ units: [CommittedUnit]) {
        waiting.withLock { waiting in
            guard !waiting.isEmpty else { return }
            for append in units.lazy.flatMap(\.unit.tasks) where append.live == nil {
                waiting.removeValue(forKey: append.after.id)?.finish()
            }
        }
    }
}
