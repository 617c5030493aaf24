import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import Kintsugi

/// The rules of live topics: who is told of what from where. No clock, no disk, no task.
@Suite("The live log")
struct LiveLogTests {
    typealias Value = LiveLog<String>

    /// The value in a box, because an expectation cannot change what it looks at.
    private final class Log {
        var value: Value

        init(limits: Value.Limits = Value.Limits()) { value = Value(limits: limits) }

        var demand: Demand { value.demand }
        var count: Int { value.count }
        func heard(_ units: [CommittedUnit]) -> Bool { value.heard(units) }
        func take() -> Value.Work? { value.take() }
        func tookFromStore(through position: Int64) { value.tookFromStore(through: position) }
        func publish(_ frames: [Frame], through: Int64) -> [String] {
            value.publish(frames, through: through)
        }
        func skip(through position: Int64) -> [String] { value.skip(through: position) }
        func join(_ interest: Interest, after: Int64?, owners: Set<StreamOwner>) -> Int {
            value.join(interest, after: after, owners: owners)
        }
        func leave(_ id: Int) -> String? { value.leave(id) }
        func pull(_ id: Int) -> Value.Pull { value.pull(id) }
        func park(_ id: Int, _ waker: String) -> Bool { value.park(id, waker) }
        func advance(_ id: Int, to position: Int64) { value.advance(id, to: position) }
        func end(ownedBy owners: Set<StreamOwner>) -> [String] { value.end(ownedBy: owners) }
        func cursor(of id: Int) -> Int64 { value.cursor(of: id) }
    }

    private static let ann = UserID("ann")
    private static let bob = UserID("bob")
    private static let annsTask = TaskID(UUID7(milliseconds: 1, random: 1, 1))
    private static let dashboard = Interest([.userDashboard(ann)], numbers: [:])
    private static let everything = Interest([.all], numbers: [:])

    /// Commits of one event each, from this position on, of these users' tasks; nil: of a record.
    private static func commits(from position: Int64, _ users: UserID?...) -> [CommittedUnit] {
        users.enumerated().map { index, user in
            let at = position + Int64(index)
            guard let user else {
                return CommittedUnit(
                    unit: AppendUnit(records: []),
                    receipt: Receipt(numbers: [], positions: [], range: at..<(at + 1)))
            }
            let spec = TaskSpec(type: "t", userID: user)
            let id = user == ann ? annsTask : TaskID(UUID7(milliseconds: 2, random: 2, 2))
            let append = TaskAppend(
                number: nil, before: nil, events: [.taskCreated(spec)], at: .zero,
                after: TaskState(id: id, spec: spec, at: .zero))
            return CommittedUnit(
                unit: AppendUnit(tasks: [append]),
                receipt: Receipt(
                    numbers: [TaskNumber(user == ann ? 1 : 2)], positions: [at], range: at..<(at + 1)))
        }
    }

    private static func frames(_ units: [CommittedUnit], in log: Log) -> [Frame] {
        units.flatMap { $0.appends(where: log.demand.wants) }.flatMap { append -> [Frame] in
            var fold = TimelineFold(of: append.id)
            return FrameMaker(epoch: "e").frames(of: append, &fold)
        }
    }

    /// Plays the publisher until nothing is left; everything must come from the inbox. Returns who was woken.
    private static func publishAll(_ log: Log) -> [String] {
        var woken: [String] = []
        while case .render(let units) = log.take() {
            woken += log.publish(
                frames(units, in: log), through: units[units.count - 1].receipt.range.upperBound - 1)
        }
        return woken
    }

    private static func positions(_ pull: Value.Pull) -> [Int64]? {
        if case .frames(let frames) = pull { frames.map(\.position) } else { nil }
    }

    @Test("While nobody listens nothing is kept, and the first one begins now")
    func silence() {
        let log = Log()
        let hasWork = log.heard(Self.commits(from: 1, Self.ann, Self.bob))
        #expect(!hasWork && log.take() == nil)
        let id = log.join(Self.everything, after: nil, owners: [])
        #expect(log.cursor(of: id) == 2)
        guard case .nothing = log.pull(id) else { return #expect(Bool(false), "something came from before") }
        let comes = log.heard(Self.commits(from: 3, Self.bob))
        #expect(comes)
        _ = Self.publishAll(log)
        #expect(Self.positions(log.pull(id)) == [3])
    }

    @Test("Only those whom an event concerns are woken; the others keep up in their sleep")
    func wakes() {
        let log = Log()
        let all = log.join(Self.everything, after: nil, owners: [])
        let ann = log.join(Self.dashboard, after: nil, owners: [])
        let task = log.join(
            Interest([.task(Self.annsTask)], numbers: [Self.annsTask: TaskNumber(1)]), after: nil, owners: [])
        for (id, name) in [(all, "all"), (ann, "ann"), (task, "task")] { #expect(log.park(id, name)) }
        _ = log.heard(Self.commits(from: 1, Self.bob, nil, Self.bob))
        #expect(Self.publishAll(log) == ["all"])
        #expect(log.cursor(of: ann) == 3)
        #expect(log.cursor(of: all) == 0)
        #expect(Self.positions(log.pull(all)) == [1, 3])
        _ = log.heard(Self.commits(from: 4, nil, Self.ann))
        #expect(Self.publishAll(log).sorted() == ["ann", "task"])
        #expect(Self.positions(log.pull(ann)) == [5])
        #expect(Self.positions(log.pull(task)) == [5])
        #expect(Self.positions(log.pull(all)) == [5])
        guard case .nothing = log.pull(ann) else { return #expect(Bool(false), "an event came twice") }
    }

    @Test("What is published between looking and parking is not slept through")
    func race() {
        let log = Log()
        let id = log.join(Self.everything, after: nil, owners: [])
        guard case .nothing = log.pull(id) else { return #expect(Bool(false)) }
        _ = log.heard(Self.commits(from: 1, Self.ann))
        _ = Self.publishAll(log)
        let parked = log.park(id, "late")
        #expect(!parked)
        #expect(Self.positions(log.pull(id)) == [1])
    }

    @Test("Who falls behind the ring reads the store, and comes back to the ring")
    func behind() {
        let log = Log(limits: Value.Limits(ringFrames: 3))
        let id = log.join(Self.everything, after: nil, owners: [])
        _ = log.heard(Self.commits(from: 1, Self.ann, Self.bob, Self.ann, Self.bob, Self.ann))
        _ = Self.publishAll(log)
        guard case .readStore(after: 0) = log.pull(id) else { return #expect(Bool(false), "a gap") }
        log.advance(id, to: 1)
        guard case .readStore(after: 1) = log.pull(id) else { return #expect(Bool(false), "a gap") }
        log.advance(id, to: 2)
        #expect(Self.positions(log.pull(id)) == [3, 4, 5])
        // A store's read may go past what was published: nothing is told twice.
        _ = log.heard(Self.commits(from: 6, Self.ann, Self.bob))
        log.advance(id, to: 6)
        _ = Self.publishAll(log)
        #expect(Self.positions(log.pull(id)) == [7])
    }

    @Test(
        "Who comes while something is being rendered gets it from the store, since it was not rendered for it"
    )
    func joinsMidway() throws {
        let log = Log()
        _ = log.join(Interest([.userDashboard(Self.bob)], numbers: [:]), after: nil, owners: [])
        _ = log.heard(Self.commits(from: 1, Self.ann, Self.bob))
        guard case .render(let units) = log.take() else { return #expect(Bool(false)) }
        let frames = Self.frames(units, in: log)
        #expect(frames.map(\.position) == [2])
        let late = log.join(Self.everything, after: 0, owners: [])
        _ = log.publish(frames, through: 2)
        guard case .readStore(after: 0) = log.pull(late) else { return #expect(Bool(false), "a gap") }
        log.advance(late, to: 2)
        _ = log.heard(Self.commits(from: 3, Self.ann))
        _ = Self.publishAll(log)
        #expect(Self.positions(log.pull(late)) == [3])
    }

    @Test("A full inbox sends the publisher to the store until it meets the commits again")
    func overflow() {
        let log = Log(limits: Value.Limits(inboxEvents: 2))
        let id = log.join(Self.everything, after: nil, owners: [])
        let units = Self.commits(from: 1, Self.ann, Self.bob, Self.ann, nil, Self.bob)
        _ = log.heard(units)
        guard case .render(let first) = log.take(), first.count == 2 else { return #expect(Bool(false)) }
        _ = log.publish(Self.frames(first, in: log), through: 2)
        guard case .readStore(after: 2) = log.take() else { return #expect(Bool(false), "commits were lost") }
        _ = log.heard(Self.commits(from: 6, Self.ann))
        log.tookFromStore(through: 4)
        _ = log.publish(Self.frames(Array(units[2...3]), in: log), through: 4)
        guard case .readStore(after: 4) = log.take() else { return #expect(Bool(false), "commits were lost") }
        log.tookFromStore(through: 5)
        _ = log.publish(Self.frames(Array(units[4...]), in: log), through: 5)
        _ = Self.publishAll(log)
        #expect(log.take() == nil)
        #expect(Self.positions(log.pull(id)) == [1, 2, 3, 5, 6])
    }

    @Test("What could not be rendered is read from the store by everyone")
    func skipped() {
        let log = Log()
        let id = log.join(Self.everything, after: nil, owners: [])
        #expect(log.park(id, "w"))
        _ = log.heard(Self.commits(from: 1, Self.ann))
        guard case .render = log.take() else { return #expect(Bool(false)) }
        #expect(log.skip(through: 1) == ["w"])
        guard case .readStore(after: 0) = log.pull(id) else { return #expect(Bool(false), "a gap") }
    }

    @Test("What the publisher brings after everyone has left harms nobody who comes then")
    func everyoneLeaves() {
        let log = Log()
        let first = log.join(Self.everything, after: nil, owners: [])
        let units = Self.commits(from: 1, Self.ann, Self.bob)
        _ = log.heard(units)
        guard case .render = log.take() else { return #expect(Bool(false)) }
        let frames = Self.frames(units, in: log)
        _ = log.leave(first)
        let second = log.join(Self.everything, after: 1, owners: [])
        #expect(log.publish(frames, through: 2).isEmpty)
        guard case .readStore(after: 1) = log.pull(second) else { return #expect(Bool(false), "a gap") }
        log.advance(second, to: 2)
        guard case .nothing = log.pull(second) else { return #expect(Bool(false)) }
    }

    @Test("A key's end ends its streams, parked or not, and no others")
    func revoked() {
        let log = Log()
        let (mine, busy) = (
            log.join(Self.everything, after: nil, owners: [.key("k"), .session("s")]),
            log.join(Self.everything, after: nil, owners: [.key("k"), .session("s")])
        )
        let other = log.join(Self.everything, after: nil, owners: [.key("o"), .session("k")])
        #expect(log.park(mine, "mine"))
        #expect(log.park(other, "other"))
        #expect(log.end(ownedBy: [.key("k"), .session("x")]) == ["mine"])
        for id in [mine, busy] {
            guard case .end(.revoked) = log.pull(id) else { return #expect(Bool(false), "it goes on") }
            let parked = log.park(id, "again")
            #expect(!parked)
        }
        #expect(log.leave(other) == "other")
        #expect(log.count == 2)
    }

    @Test("A frame comes in chunks of a bounded size")
    func chunks() {
        let log = Log(limits: Value.Limits(chunkFrames: 2))
        let id = log.join(Self.dashboard, after: nil, owners: [])
        _ = log.heard(Self.commits(from: 1, Self.ann, Self.bob, Self.ann, Self.ann, Self.bob))
        _ = Self.publishAll(log)
        #expect(Self.positions(log.pull(id)) == [1, 3])
        #expect(log.cursor(of: id) == 3)
        #expect(Self.positions(log.pull(id)) == [4])
        #expect(log.cursor(of: id) == 5)
    }

    @Test("Topics and cursors are read strictly")
    func texts() {
        let id = "019c1363-4aba-7000-8000-4538453d7000"
        for text in ["all", "task:\(id)", "user_dashboard:ann:b@c"] {
            #expect(Topic(text)?.description == text)
        }
        for text in [
            "", "All", "all:", "task:", "task:x", "user_dashboard:", "user_dashboard:a b", "x:y", ":",
        ] {
            #expect(Topic(text) == nil, "\(text)")
        }
        #expect(EventCursor("ab1.7") == EventCursor(epoch: "ab1", position: 7))
        for text in ["", "7", ".7", "a.", "a.-1", "a.b", "A.1", "a.99999999999999999999", "a\n.1"] {
            #expect(EventCursor(text) == nil, "\(text)")
        }
    }
}
