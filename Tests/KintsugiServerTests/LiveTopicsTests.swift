import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import Kintsugi

@Suite("Live topics")
struct LiveTopicsTests {
    /// Runs the service around the body.
    private func running(_ world: LiveWorld, _ body: (LiveWorld) async throws -> Void) async throws {
        let live = world.live
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await live.run() }
            try await body(world)
            group.cancelAll()
        }
    }

    /// Follows until the marker is cancelled, at a pace of its own, and gives what a client was written.
    private static func transcript(_ follower: LiveFollower, marker: TaskNumber, pace: Int) async throws
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        while true {
            switch try await follower.next() {
            case .frames(let frames):
                bytes += follower.bytes(of: frames)
                let isLast = frames.last.map { $0.task == marker && $0.resource.event.type == .taskCancelled }
                if isLast ?? false { return bytes }
                for _ in 0..<pace { await Task.yield() }
            case .heartbeat: continue
            case .end: return bytes
            }
        }
    }

    @Test(
        "Whoever listens, however slowly, gets exactly what the log holds, to the byte",
        arguments: UInt64(1)...6)
    func exactly(_ seed: UInt64) async throws {
        // Small bounds, so that inbox and ring overflow again and again.
        let limits = LiveTopics.Log.Limits(
            ringFrames: 64, ringBytes: 1 << 20, inboxEvents: 40, inboxBytes: 1 << 20, chunkFrames: 7,
            chunkBytes: 1 << 20)
        let world = try await LiveWorld(seed: seed, limits: seed % 2 == 0 ? .init() : limits)
        let marker = try await world.create(for: UserID("nobody"))
        for _ in 0..<200 { try await world.step() }
        try await running(world) { world in
            var wanted: [(topics: [Topic], after: Int64, transcript: [UInt8])] = []
            try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                for round in 0..<4 {
                    for index in 0..<6 {
                        let number = round * 6 + index
                        let choices: [[Topic]] = [
                            [.all], [.userDashboard(world.users[number % 3])],
                            [.task(world.tasks[world.random(world.tasks.count)].state.id)],
                            [.all, .userDashboard(world.users[0]), .task(world.tasks[3].state.id)],
                            [.userDashboard(world.users[1]), .task(world.tasks[world.random(9)].state.id)],
                            [.userDashboard(UserID("unknown"))],
                        ]
                        let topics = choices[index] + [.task(marker.state.id)]
                        let now = world.live.now.position
                        let after = round % 2 == 0 ? now : Int64(world.random(Int(now)))
                        let interest = try await world.live.interest(in: topics, scope: .everyone)
                        let follower = world.live.follow(interest, after: after)
                        wanted.append((topics, after, []))
                        let pace = [0, 3, 50, 400][world.random(4)]
                        group.addTask {
                            (number, try await Self.transcript(follower, marker: marker.number, pace: pace))
                        }
                    }
                    for _ in 0..<250 { try await world.step() }
                }
                try await world.cancel(marker)
                for try await (number, bytes) in group { wanted[number].transcript = bytes }
            }
            let frames = try await world.frames()
            for one in wanted {
                let expected = try await world.expected(one.topics, after: one.after, of: frames)
                #expect(one.transcript == expected, "\(one.topics) after \(one.after)")
            }
        }
        #expect(world.live.openStreams == 0)
    }

    @Test(
        "One that reads nothing until twenty thousand events have happened gets every event once and in order"
    )
    func verySlow() async throws {
        let world = try await LiveWorld(seed: 99)
        let marker = try await world.create(for: UserID("nobody"))
        try await running(world) { world in
            let interest = try await world.live.interest(in: [.all], scope: .everyone)
            let slow = world.live.follow(interest, after: 0)
            let quick = world.live.follow(interest, after: 0)
            async let told = Self.transcript(quick, marker: marker.number, pace: 0)
            while world.live.now.position < 20_000 { try await world.step() }
            try await world.cancel(marker)
            let expected = try await world.expected([.all], of: try await world.frames())
            #expect(try await told == expected)
            #expect(try await Self.transcript(slow, marker: marker.number, pace: 0) == expected)
        }
    }

    @Test("A thousand followers hear what concerns them, and silence costs them nothing")
    func thousand() async throws {
        let world = try await LiveWorld(seed: 5)
        let marker = try await world.create(for: UserID("nobody"))
        try await running(world) { world in
            try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                let topics = world.users.map { [Topic.userDashboard($0), .task(marker.state.id)] }
                for number in 0..<1000 {
                    let interest = try await world.live.interest(in: topics[number % 3], scope: .everyone)
                    let follower = world.live.follow(interest, after: 0)
                    group.addTask {
                        (number % 3, try await Self.transcript(follower, marker: marker.number, pace: 0))
                    }
                }
                #expect(world.live.openStreams == 1000)
                for _ in 0..<300 { try await world.step() }
                try await world.cancel(marker)
                var expected: [[UInt8]] = []
                let frames = try await world.frames()
                for topics in topics { expected.append(try await world.expected(topics, of: frames)) }
                for try await (kind, bytes) in group { #expect(bytes == expected[kind]) }
            }
        }
    }

    @Test("An app follows events as an asynchronous sequence, and goes on where it stopped")
    func sequence() async throws {
        let world = try await LiveWorld(seed: 6)
        let task = try await world.create(for: UserID("ann"))
        try await running(world) { world in
            let id = task.state.id
            let events = try await world.live.events(of: [.all, .task(id)], after: world.live.beginning)
            var iterator = events.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(
                first.topic == .task(id) && first.event.type == .taskCreated && first.task.status == .pending)
            let rest = try await world.live.events(of: [.userDashboard(UserID("ann"))], after: first.cursor)
            try await world.cancel(task)
            var other = rest.makeAsyncIterator()
            let second = try #require(try await other.next())
            #expect(second.event.type == .taskCancelled && second.task.status == .cancelled)
            #expect(second.topic == .userDashboard(UserID("ann")))
            for cursor in [
                EventCursor(epoch: "other", position: 1),
                EventCursor(epoch: world.live.epoch, position: 1000),
            ] {
                await #expect(throws: LiveTopicsError.self) {
                    _ = try await world.live.events(of: [.all], after: cursor)
                }
            }
            let unknown = TaskID(UUID7(milliseconds: 1, random: 1, 1))
            await #expect(throws: LiveTopicsError.self) {
                _ = try await world.live.events(of: [.task(unknown)])
            }
        }
    }

    @Test("A follower ends when its task is cancelled, when it is ended, and when the service stops")
    func endings() async throws {
        let world = try await LiveWorld(seed: 7)
        let interest = try await world.live.interest(in: [.all], scope: .everyone)
        let live = world.live
        try await running(world) { _ in
            let (cancelled, ended) = (live.follow(interest, after: 0), live.follow(interest, after: 0))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask { if case .end = try await cancelled.next() { true } else { false } }
                group.cancelAll()
                let hasEnded = try await group.next()
                #expect(hasEnded == true)
            }
            ended.end()
            guard case .end = try await ended.next() else { return #expect(Bool(false), "it goes on") }
        }
        let last = live.follow(interest, after: 0)
        try await running(world) { _ async throws in }
        guard case .end = try await last.next() else {
            return #expect(Bool(false), "it outlives the service")
        }
        #expect(live.openStreams == 1)
    }

    @Test("A key that is revoked ends its followers")
    func revocation() async throws {
        let world = try await LiveWorld(seed: 8)
        try await running(world) { world in
            let interest = try await world.live.interest(in: [.all], scope: .everyone)
            let follower = world.live.follow(interest, after: 0, owners: [.key("k1")])
            let append = RecordAppend(
                kind: .key, key: "k1", expectedVersion: nil, event: .keyRevoked,
                data: JSONText(valid: Array("{}".utf8)), at: .zero, document: nil)
            _ = try await world.store.append(AppendUnit(records: [append]))
            guard case .end = try await follower.next() else { return #expect(Bool(false), "it goes on") }
        }
    }

    @Test("A history is forgotten when its task ends, and when it was not needed for long")
    func folds() async throws {
        let world = try await LiveWorld(seed: 9)
        var cache = FoldCache(maxCount: 10, maxBytes: 1 << 20)
        func taken(_ number: Int, before seq: Int, id: TaskID) -> TimelineFold? {
            cache.take(TaskNumber(Int64(number)), id: id, before: seq)
        }
        for number in 1...100 {
            let task = try await world.create()
            var fold = try #require(taken(number, before: 1, id: task.state.id))
            let created = RecordedEvent(seq: 1, position: 1, at: .zero, event: .taskCreated(task.state.spec))
            _ = fold.row(created)
            cache.put(fold, TaskNumber(Int64(number)), at: 1)
            #expect(cache.count <= 11)
        }
        let id = world.tasks[99].state.id
        #expect(taken(1, before: 2, id: id) == nil)
        #expect(taken(100, before: 5, id: id) == nil, "of another moment")
        var fold = try #require(taken(99, before: 2, id: id))
        fold.skip(
            RecordedEvent(seq: 2, position: 2, at: .zero, event: .taskCancelled(reason: nil, actor: "user:a"))
        )
        cache.put(fold, TaskNumber(99), at: 2)
        #expect(taken(99, before: 3, id: id) == nil, "ended")
    }
}
