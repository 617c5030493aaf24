package import KintsugiCore
import KintsugiStore
package import KintsugiVocabulary
package import Logging
import Synchronization

/// Carries what is worth measuring from where it happens to those who listen, off the hot path.
///
/// Where it happens a batch is queued under one lock; a service of its own turns it into observations and hands
/// them on. Nothing is done, and nothing is kept, while nobody listens. A listener that is too slow makes the queue
/// full: what comes then is dropped and counted, never waited for.
package final class TelemetryBus: Sendable {
    package typealias Handler = @Sendable (TelemetryEvent) throws -> Void
    /// Takes whole batches, for those who need no dictionary an event.
    package typealias Recorder = @Sendable ([Observed]) -> Void

    /// The first part of every event's name.
    package let root: String
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let capacity: Int
    private let hasListeners = Atomic(false)
    private let streams = Atomic(0)
    private let listeners = Mutex(Listeners())
    private let queue = Mutex(Queue())
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    private struct Listeners: Sendable {
        var handlers: [(id: String, prefix: [String], handler: Handler)] = []
        var recorders: [Recorder] = []
        var isEmpty: Bool { handlers.isEmpty && recorders.isEmpty }
    }

    private enum Item: Sendable {
        case units([CommittedUnit])
        case observed(Observed)

        var count: Int { if case .units(let units) = self { units.count } else { 1 } }

        /// About how many bytes it keeps in memory.
        var size: Int {
            guard case .units(let units) = self else { return TelemetryBus.itemBytes }
            return units.reduce(0) { sum, unit in
                unit.unit.tasks.reduce(sum + TelemetryBus.itemBytes) { sum, append in
                    sum + TelemetryBus.itemBytes + append.data.count + append.after.input.bytes.count
                        + (append.after.output?.bytes.count ?? 0)
                }
            }
        }
    }

    private struct Queue: Sendable {
        var items: [Item] = []
        var size = 0
        var dropped = 0
    }

    /// What something in the queue is taken to need besides its payloads.
    package static let itemBytes = 512

    /// - Parameter capacity: Bytes that may wait.
    package init(
        root: String, capacity: Int = 64 << 20, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        self.root = root
        self.capacity = capacity
        self.logger = logger
        self.now = now
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Listening

    /// Has every event whose name begins so told to the handler, one after the other. It may block nobody but those
    /// who listen too; one that throws is detached, which is logged once.
    ///
    /// - Parameter id: Taken from an older handler with the same one.
    package func attach(_ id: String, prefix: [String] = [], _ handler: @escaping Handler) {
        listeners.withLock { listeners in
            listeners.handlers.removeAll { $0.id == id }
            listeners.handlers.append((id, prefix, handler))
        }
        hasListeners.store(true, ordering: .releasing)
    }

    /// False: nobody had this id.
    @discardableResult
    package func detach(_ id: String) -> Bool {
        listeners.withLock { listeners in
            let before = listeners.handlers.count
            listeners.handlers.removeAll { $0.id == id }
            hasListeners.store(!listeners.isEmpty, ordering: .releasing)
            return listeners.handlers.count < before
        }
    }

    /// Events whose name begins so, from now on, until nobody iterates any more.
    ///
    /// - Parameter buffer: So many wait for a slow reader; then the oldest are dropped.
    package func events(prefix: [String] = [], buffer: Int = 1024) -> AsyncStream<TelemetryEvent> {
        let (events, out) = AsyncStream.makeStream(
            of: TelemetryEvent.self, bufferingPolicy: .bufferingNewest(buffer))
        let id = "events-\(streams.wrappingAdd(1, ordering: .relaxed).newValue)"
        attach(id, prefix: prefix) { out.yield($0) }
        out.onTermination = { [weak self] _ in self?.detach(id) }
        return events
    }

    package func attach(recorder: @escaping Recorder) {
        listeners.withLock { $0.recorders.append(recorder) }
        hasListeners.store(true, ordering: .releasing)
    }

    // MARK: Where it happens

    package var isListenedTo: Bool { hasListeners.load(ordering: .acquiring) }

    /// On the store's writer thread.
    func heard(_ units: [CommittedUnit]) {
        if isListenedTo { add(.units(units)) }
    }

    package func tell(_ what: @autoclosure () -> Observation) {
        if isListenedTo { add(.observed(Observed(at: now(), what: what()))) }
    }

    private func add(_ item: Item) {
        let size = item.size
        let isFirst = queue.withLock { queue in
            guard queue.size + size <= capacity else {
                queue.dropped += item.count
                return false
            }
            queue.size += size
            queue.items.append(item)
            return queue.items.count == 1
        }
        if isFirst { ring.yield() }
    }

    // MARK: The service

    /// Ends the service when all that has come in is handed on.
    package func finish() { ring.finish() }

    /// Hands on what comes in until it is cancelled or finished; then what is there already.
    package func run() async {
        for await _ in bell { handOn() }
        handOn()
    }

    private func handOn() {
        let (items, dropped) = queue.withLock { queue in
            defer { queue = Queue() }
            return (queue.items, queue.dropped)
        }
        var observations: [Observed] = []
        for item in items {
            switch item {
            case .units(let units): for unit in units { Observed.all(in: unit.unit, into: &observations) }
            case .observed(let observed): observations.append(observed)
            }
        }
        if dropped > 0 { observations.append(Observed(at: now(), what: .dropped(dropped))) }
        guard !observations.isEmpty else { return }
        let (handlers, recorders) = listeners.withLock { ($0.handlers, $0.recorders) }
        for recorder in recorders { recorder(observations) }
        guard !handlers.isEmpty else { return }
        var events: [TelemetryEvent] = []
        for observed in observations {
            if let event = TelemetryEvent(observed, root: root) { events.append(event) }
        }
        for (id, prefix, handler) in handlers {
            do {
                for event in events where event.path.starts(with: prefix) { try handler(event) }
            } catch {
                detach(id)
                logger.error(
                    "A telemetry handler threw and was detached",
                    metadata: ["handler.id": "\(id)", "error": "\(error)"])
            }
        }
    }
}
