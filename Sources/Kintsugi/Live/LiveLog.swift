import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The newest stretch of the log as rendered frames, and everyone who follows it. A value: its owner locks it,
/// and does outside the lock what it returns.
///
///     committed ──▶ inbox ──take──▶ (rendered by the publisher) ──publish──▶ ring ──pull──▶ subscribers
///         └─ overflow: the publisher reads the store from `taken` ┘             └─ behind the ring: from the store
///
/// A subscriber is a cursor and its topics. It is *parked* while nothing is there for it; then everything up to
/// `published` is known to be nothing for it, so its cursor need not be moved and silence never lets it fall
/// behind. Only what somebody wanted when it was taken is rendered: hence a subscriber reads the ring from where
/// it joined on (`covered`) and what was before from the store.
struct LiveLog<Waker: Sendable>: Sendable {
    struct Limits: Sendable {
        var ringFrames = 4096
        var ringBytes = 16 << 20
        var inboxEvents = 16_384
        var inboxBytes = 8 << 20
        var chunkFrames = 128
        var chunkBytes = 64 << 10
    }

    /// Why a stream ends.
    enum Ending: Sendable, Hashable {
        case left, revoked, shutdown
    }

    enum Work: Sendable {
        /// Commits, from the position after the last that was taken.
        case render([CommittedUnit])
        case readStore(after: Int64)
    }

    enum Pull: Sendable {
        case frames([Frame])
        case readStore(after: Int64)
        case nothing
        case end(Ending)
    }

    private struct Subscriber: Sendable {
        let interest: Interest
        let owners: Set<StreamOwner>
        /// Everything up to here was handed over, or was not for it.
        var cursor: Int64
        let covered: Int64
        var waker: Waker?
        var ending: Ending?
    }

    private let limits: Limits
    /// The log's last position, as far as we have heard.
    private(set) var committed: Int64 = 0
    /// What the publisher has taken up to here, and what it has given back.
    private(set) var taken: Int64 = 0
    private(set) var published: Int64 = 0
    private var inbox: [CommittedUnit] = []
    private var inboxEvents = 0
    private var inboxBytes = 0
    private var ring = FrameRing()
    private var subscribers: [Int: Subscriber] = [:]
    private var nextSubscriber = 1
    /// What is wanted by whom. What the publisher has taken is to be judged by the demand after it was taken.
    private(set) var demand = Demand()

    init(limits: Limits = Limits()) { self.limits = limits }

    var count: Int { subscribers.count }

    // MARK: Commits

    /// The log is known to reach so far.
    mutating func reached(_ position: Int64) {
        guard position > committed else { return }
        committed = position
        if subscribers.isEmpty { rest() }
    }

    /// Hears of commits. True: the publisher has something to do.
    mutating func heard(_ units: [CommittedUnit]) -> Bool {
        for unit in units {
            let range = unit.receipt.range
            let follows = range.lowerBound == (inbox.last?.receipt.range.upperBound ?? range.lowerBound)
            committed = max(committed, range.upperBound - 1)
            guard !subscribers.isEmpty, !range.isEmpty, follows, range.upperBound - 1 > taken,
                inboxEvents < limits.inboxEvents, inboxBytes < limits.inboxBytes
            else { continue }
            inbox.append(unit)
            inboxEvents += range.count
            for append in unit.unit.tasks { inboxBytes += append.data.count }
        }
        if subscribers.isEmpty { rest() }
        return taken < committed
    }

    /// Nobody listens: nothing is kept.
    private mutating func rest() {
        (taken, published) = (committed, committed)
        emptyInbox()
        ring.removeAll(upTo: committed)
    }

    private mutating func emptyInbox() { (inbox, inboxEvents, inboxBytes) = ([], 0, 0) }

    // MARK: The publisher

    /// What is to be rendered next; nil: everything is.
    mutating func take() -> Work? {
        guard taken < committed else { return nil }
        let units = inbox.drop { $0.receipt.range.upperBound - 1 <= taken }
        guard let first = units.first, let last = units.last, first.receipt.range.lowerBound == taken + 1
        else {
            // Either nothing is left, or it overflowed: then the store knows what comes in between.
            if units.isEmpty { emptyInbox() }
            return .readStore(after: taken)
        }
        defer { emptyInbox() }
        taken = last.receipt.range.upperBound - 1
        return .render(Array(units))
    }

    /// The publisher has read the store up to here.
    mutating func tookFromStore(through position: Int64) {
        taken = max(taken, position)
        committed = max(committed, position)
    }

    /// Puts the frames of everything after `published` up to this position into the ring; returns whom to wake.
    mutating func publish(_ frames: [Frame], through position: Int64) -> [Waker] {
        guard position > published else { return [] }
        var (tasks, users): (Set<TaskNumber>, Set<UserID>) = ([], [])
        for frame in frames where frame.position > published {
            precondition(frame.position <= position, "frame \(frame.position) behind \(position)")
            ring.append(frame)
            tasks.insert(frame.task)
            if !frame.isInternal { users.insert(frame.user) }
        }
        var woken: [Waker] = []
        if !tasks.isEmpty { wake(demand.ofAll, &woken) }
        for task in tasks { wake(demand.ofTask[task] ?? [], &woken) }
        for user in users { wake(demand.ofUser[user] ?? [], &woken) }
        published = position
        ring.trim(to: limits.ringFrames, bytes: limits.ringBytes)
        return woken
    }

    /// What lies up to this position could not be rendered: followers read it from the store.
    mutating func skip(through position: Int64) -> [Waker] {
        guard position > published else { return [] }
        // Nobody who is parked has seen it: their cursors stay behind the ring, which begins after it.
        let woken = unparkAll()
        ring.removeAll(upTo: position)
        published = position
        return woken
    }

    private mutating func wake(_ those: Set<Int>, _ woken: inout [Waker]) {
        for id in those { if let waker = unpark(id) { woken.append(waker) } }
    }

    /// Nothing up to `published` was for whoever is parked.
    private mutating func unpark(_ id: Int) -> Waker? {
        guard let waker = subscribers[id]?.waker else { return nil }
        subscribers[id]?.waker = nil
        advance(id, to: published)
        return waker
    }

    // MARK: Subscribers

    /// - Parameters:
    ///   - cursor: what was seen already; nil: begins now.
    ///   - owners: the key and the session whose end ends this.
    mutating func join(_ interest: Interest, after cursor: Int64?, owners: Set<StreamOwner>) -> Int {
        let id = nextSubscriber
        nextSubscriber += 1
        subscribers[id] = Subscriber(
            interest: interest, owners: owners, cursor: cursor ?? committed, covered: taken)
        demand.add(interest, of: id)
        return id
    }

    /// Forgets the subscriber; its waker, if it is parked.
    mutating func leave(_ id: Int) -> Waker? {
        guard let subscriber = subscribers.removeValue(forKey: id) else { return nil }
        demand.remove(subscriber.interest, of: id)
        if subscribers.isEmpty { rest() }
        return subscriber.waker
    }

    /// What is there for it now.
    mutating func pull(_ id: Int) -> Pull {
        guard let subscriber = subscribers[id] else { return .end(.left) }
        if let ending = subscriber.ending { return .end(ending) }
        guard subscriber.cursor < published else { return .nothing }
        guard subscriber.cursor >= max(ring.tail, subscriber.covered) else {
            return .readStore(after: subscriber.cursor)
        }
        let chunk = ring.chunk(
            after: subscriber.cursor, for: subscriber.interest, frames: limits.chunkFrames,
            bytes: limits.chunkBytes)
        subscribers[id]?.cursor = chunk.through ?? published
        return chunk.frames.isEmpty ? .nothing : .frames(chunk.frames)
    }

    /// It has read the store up to here.
    mutating func advance(_ id: Int, to position: Int64) {
        guard let cursor = subscribers[id]?.cursor, cursor < position else { return }
        subscribers[id]?.cursor = position
    }

    /// Parks it after a `pull` that gave nothing. False: something has come in between; pull again.
    mutating func park(_ id: Int, _ waker: Waker) -> Bool {
        guard let subscriber = subscribers[id], subscriber.ending == nil, subscriber.cursor >= published
        else {
            return false
        }
        precondition(subscriber.waker == nil, "subscriber \(id) waits twice")
        subscribers[id]?.waker = waker
        return true
    }

    /// What it may go on from: everything up to here was handed over or is not for it.
    func cursor(of id: Int) -> Int64 {
        guard let subscriber = subscribers[id] else { return committed }
        return subscriber.waker == nil ? subscriber.cursor : max(subscriber.cursor, published)
    }

    /// Everyone who is parked, to be told that we are still there.
    mutating func unparkAll() -> [Waker] { subscribers.keys.compactMap { unpark($0) } }

    /// Ends one stream; the next pull says so.
    mutating func end(_ id: Int, _ ending: Ending) -> Waker? {
        if subscribers[id]?.ending == nil { subscribers[id]?.ending = ending }
        return unpark(id)
    }

    /// Ends the streams of these keys and sessions.
    mutating func end(ownedBy owners: Set<StreamOwner>) -> [Waker] {
        let those = subscribers.filter { !$0.value.owners.isDisjoint(with: owners) }
        return those.keys.compactMap { end($0, .revoked) }
    }

    mutating func endAll(_ ending: Ending) -> [Waker] { subscribers.keys.compactMap { end($0, ending) } }
}

/// What let somebody follow; when it ends, so do the streams.
package enum StreamOwner: Sendable, Hashable {
    case key(String)
    case session(String)

    /// Whose end this record tells.
    init?(endedBy record: RecordAppend) {
        guard record.document == nil else { return nil }
        switch record.kind {
        case .key: self = .key(record.key)
        case .session: self = .session(record.key)
        default: return nil
        }
    }
}
