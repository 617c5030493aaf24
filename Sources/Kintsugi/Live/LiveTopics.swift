import KintsugiCore
package import KintsugiEngine
import KintsugiStore
public import KintsugiVocabulary
import Logging
public import ServiceLifecycle
import Synchronization

/// What happens, as it happens: every commit is rendered once and handed to everyone who asked for it.
///
/// Run it as a service beside the engine, and let it end after whoever serves its streams. Nothing is rendered
/// while nobody listens. A follower pulls at its own pace and holds a cursor; one that is slow reads what it has
/// missed from the store, in order and without a gap.
public final class LiveTopics: Sendable {
    /// A waiting follower is woken to look again, or to tell its client that the stream is alive.
    enum Wake: Sendable {
        case look, heartbeat
    }

    typealias Log = LiveLog<CheckedContinuation<Wake, Never>>

    /// Streams at once.
    package let maxStreams: Int
    /// Which log it is; changes only when a backup is restored.
    public let epoch: String
    let engine: Engine
    let maker: FrameMaker
    private let log: Mutex<Log>
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    /// Begins to hear commits.
    package convenience init(engine: Engine, maxStreams: Int = 10_000) async throws(EngineError) {
        try await self.init(engine: engine, maxStreams: maxStreams, limits: Log.Limits())
    }

    init(engine: Engine, maxStreams: Int, limits: Log.Limits) async throws(EngineError) {
        log = Mutex(Log(limits: limits))
        self.engine = engine
        self.maxStreams = maxStreams
        let before = try await engine.reading { () async throws(StoreError) in try await engine.store.status()
        }
        epoch = before.epoch
        maker = FrameMaker(epoch: before.epoch)
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        engine.onCommit { [weak self] in self?.heard($0) }
        // What was committed before we were heard of.
        let status = try await engine.reading { () async throws(StoreError) in try await engine.store.status()
        }
        log.withLock { $0.reached(status.position) }
    }

    // MARK: Commits

    /// On the store's writer thread: notes what is to be done, and does it elsewhere.
    private func heard(_ units: [CommittedUnit]) {
        let revoked = Set(units.lazy.flatMap(\.unit.records).compactMap(StreamOwner.init(endedBy:)))
        let (hasWork, ended) = log.withLock { log in
            (log.heard(units), revoked.isEmpty ? [] : log.end(ownedBy: revoked))
        }
        if hasWork { ring.yield() }
        for waker in ended { waker.resume(returning: .look) }
    }

    // MARK: Following

    /// Streams that are open now.
    package var openStreams: Int { log.withLock { $0.count } }
    package var hasRoom: Bool { openStreams < maxStreams }

    /// The end of the log as it is now: a stream after it shows what comes from now on.
    public var now: EventCursor { EventCursor(epoch: epoch, position: log.withLock { $0.committed }) }

    /// Before everything.
    public var beginning: EventCursor { EventCursor(epoch: epoch, position: 0) }

    /// What these topics are, with the tasks among them looked up.
    ///
    /// - Throws: `notFound` if a task is unknown or outside the scope.
    package func interest(in topics: [Topic], scope: Scope) async throws(EngineError) -> Interest {
        var numbers: [TaskID: TaskNumber] = [:]
        for case .task(let id) in topics { numbers[id] = try await engine.task(id, in: scope).number }
        return Interest(topics, numbers: numbers)
    }

    /// Begins to follow; it ends with the follower.
    ///
    /// - Parameter owners: the key and the session whose end ends it.
    package func follow(_ interest: Interest, after position: Int64, owners: Set<StreamOwner> = [])
        -> LiveFollower
    {
        let (id, open) = log.withLock { log in
            (log.join(interest, after: position, owners: owners), log.count)
        }
        engine.telemetry.tell(.streamOpened(open: open))
        return LiveFollower(id: id, interest: interest, live: self)
    }

    func pull(_ id: Int) -> Log.Pull { log.withLock { $0.pull(id) } }
    func advance(_ id: Int, to position: Int64) { log.withLock { $0.advance(id, to: position) } }
    func cursor(of id: Int) -> Int64 { log.withLock { $0.cursor(of: id) } }
    func leave(_ id: Int) {
        let (waker, open) = log.withLock { ($0.leave(id), $0.count) }
        waker?.resume(returning: .look)
        engine.telemetry.tell(.streamClosed(open: open))
    }
    func end(_ id: Int, _ ending: Log.Ending) {
        log.withLock { $0.end(id, ending) }?.resume(returning: .look)
    }

    /// Waits until there is something for it.
    func park(_ id: Int) async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waker in
                if !log.withLock({ $0.park(id, waker) }) { waker.resume(returning: .look) }
            }
        } onCancel: {
            end(id, .left)
        }
    }

    // MARK: The service

    /// Renders and publishes until it is cancelled or shut down; then all streams end.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.keepAlive() }
                await self.publishAll()
                group.cancelAll()
            }
        }
        for waker in log.withLock({ $0.endAll(.shutdown) }) { waker.resume(returning: .look) }
    }

    /// A sign of life every 15 seconds: proxies cut silent connections, and a client that is gone is noticed.
    private func keepAlive() async {
        while (try? await Task.sleep(for: .seconds(15))) != nil {
            for waker in log.withLock({ $0.unparkAll() }) { waker.resume(returning: .heartbeat) }
        }
    }

    private func publishAll() async {
        var folds = FoldCache(maxCount: 8192, maxBytes: 32 << 20)
        for await _ in bell {
            while !Task.isCancelled, let work = log.withLock({ $0.take() }) {
                do {
                    try await publish(work, &folds)
                } catch .closed {
                    return
                } catch {
                    engine.logger.error("Events wait to be published", metadata: ["store.error": "\(error)"])
                    guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                }
            }
        }
    }

    private func publish(_ work: Log.Work, _ folds: inout FoldCache) async throws(StoreError) {
        let appends: [LogAppend]
        let through: Int64
        switch work {
        case .render(let units):
            let demand = log.withLock { $0.demand }
            appends = units.flatMap { $0.appends(where: demand.wants) }
            through = (units.last?.receipt.range.upperBound ?? 1) - 1
        case .readStore(let after):
            let slice = try await engine.store.log(after: after, limit: 500, of: .all)
            let demand = log.withLock { log in
                log.tookFromStore(through: slice.through)
                return log.demand
            }
            appends = slice.appends.filter { demand.wants($0.number, of: $0.user) }
            through = slice.through
        }
        // In parts, so that the first event of a large batch does not wait for the last.
        var frames: [Frame] = []
        for append in appends {
            do throws(StoreError) { frames += try await render(append, &folds) } catch {
                // What is not rendered is not in the ring: whoever wants it reads the store.
                publish([], through: through, missing: true)
                throw error
            }
            if frames.count >= 256 {
                publish(frames, through: append.last)
                frames = []
            }
        }
        publish(frames, through: through)
    }

    private func publish(_ frames: [Frame], through position: Int64, missing: Bool = false) {
        let woken = log.withLock { log in
            missing ? log.skip(through: position) : log.publish(frames, through: position)
        }
        for waker in woken { waker.resume(returning: .look) }
    }

    private func render(_ append: LogAppend, _ folds: inout FoldCache) async throws(StoreError) -> [Frame] {
        guard let first = append.events.first, let last = append.events.last else { return [] }
        var fold: TimelineFold
        if let known = folds.take(append.number, id: append.id, before: first.seq) {
            fold = known
        } else {
            fold = try await TimelineFold(
                of: append.number, id: append.id, before: first.seq, in: engine.store)
        }
        let frames = maker.frames(of: append, &fold)
        folds.put(fold, append.number, at: last.seq)
        return frames
    }
}

extension LiveTopics: Service {}

extension LiveTopics {
    /// What a follower has missed, from the store: the same frames, some at a time.
    func read(_ interest: Interest, after position: Int64) async throws(StoreError) -> (
        frames: [Frame], through: Int64
    ) {
        let slice = try await engine.store.log(after: position, limit: 64, of: interest.filter)
        var folds = FoldCache(maxCount: 256, maxBytes: 8 << 20)
        var frames: [Frame] = []
        for append in slice.appends {
            frames += try await render(append, &folds).filter { frame in
                frame.position > position
                    && interest.topic(of: frame.task, user: frame.user, isInternal: frame.isInternal) != nil
            }
        }
        return (frames, slice.through)
    }
}
