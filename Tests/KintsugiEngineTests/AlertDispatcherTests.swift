import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// What the channels were told, in place of real senders.
private final class Switchboard: AgentCaller {
    struct Call: Sendable, Hashable {
        var channel: String
        var text: String
    }

    private let book = Mutex<(calls: [Call], dead: Set<String>)>(([], []))
    private let arrivals = AsyncStream.makeStream(of: Void.self)

    var calls: [Call] { book.withLock { $0.calls } }

    func kill(_ channel: String) { book.withLock { _ = $0.dead.insert(channel) } }
    func revive(_ channel: String) { book.withLock { _ = $0.dead.remove(channel) } }

    func call(_ call: AgentCall) async -> CallResult {
        let name = call.agent.channel?.id ?? ""
        let isDead = book.withLock { book in
            if book.dead.contains(name) { return true }
            book.calls.append(Call(channel: name, text: String(decoding: call.input.bytes, as: UTF8.self)))
            return false
        }
        arrivals.continuation.yield()
        if isDead {
            return CallResult(.failed(Failure(type: .serverError, message: "503", httpStatus: 503)))
        }
        return CallResult(.succeeded(output: nil, httpStatus: 204))
    }

    /// Waits, call by call.
    func wait(until isThere: ([Call]) -> Bool) async {
        if isThere(calls) { return }
        for await _ in arrivals.stream where isThere(calls) { return }
    }
}

/// An engine with a dispatcher over a store in memory; a local agent fails or works as it is told.
private struct World {
    let store: MemoryStore
    let switchboard = Switchboard()
    let handlers = LocalAgentCaller()
    let engine: Engine
    let alerts: AlertDispatcher
    private let commits = AsyncStream.makeStream(of: Void.self)
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let start = ContinuousClock.now

    init(_ store: MemoryStore = MemoryStore(), seed: UInt64 = 1) async throws {
        self.store = store
        engine = Engine(
            store: store, callers: [.local: handlers, .channel: switchboard],
            configuration: EngineConfiguration(
                node: "n", reportBaseURL: { "http://localhost" },
                now: {
                    let span = (ContinuousClock.now - Self.start).components
                    return Timestamp(
                        milliseconds: 1_800_000_000_000 + span.seconds * 1000
                            + span.attoseconds / 1_000_000_000_000_000)
                }, seed: seed, attemptToken: { "\($0)/\($1)" }), logger: Self.logger)
        try await engine.prepare()
        let continuation = commits.continuation
        engine.onCommit { _ in continuation.yield() }
        alerts = try await AlertDispatcher(engine: engine) { notification in
            let alert = notification.alerts.first
            return JSONText(
                valid: JSONWriter.object {
                    $0.member("reason", notification.reason.rawValue)
                    $0.member("kind", alert?.kind.rawValue)
                    $0.member("open", alert?.open)
                })
        }
    }

    func running(_ services: [any Service]? = nil, _ body: @Sendable () async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: (services ?? [alerts, engine]).map { .init(service: $0) }, logger: Self.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func channel(_ id: String, _ change: (inout ChannelRule) -> Void = { _ in }) async throws {
        var rule = ChannelRule(id: id, since: engine.now)
        change(&rule)
        let channel = AlertChannel(
            settings: ChannelSettings(id: id, name: id, config: .log), rule: rule, createdAt: engine.now,
            updatedAt: engine.now)
        _ = try await alerts.save(channel, isNew: true, actor: "user:ada")
    }

    /// An agent whose tasks fail with what their input says, until it is mended.
    func agent(_ id: String) async throws -> Atomic0 {
        let isMended = Atomic0()
        handlers.register(AgentID(id)) { call in
            if isMended.value { return nil }
            throw HandlerFault(String(decoding: call.input.bytes, as: UTF8.self))
        }
        let profile = AgentProfile(id: AgentID(id), isLocal: true, breaker: nil, retryBudget: nil)
        _ = try await engine.register(
            AgentRecord(profile: profile, name: id, kind: .local, createdAt: .zero, updatedAt: .zero),
            actor: "test")
        return isMended
    }

    func spec(_ agent: String, _ input: String = "\"boom\"") -> TaskSpec {
        TaskSpec(
            type: "report", userID: UserID("ada"), agentID: AgentID(agent),
            input: JSONText(valid: Array(input.utf8)),
            retryPolicy: RetryPolicy(maxAttempts: 1))
    }

    /// Waits, commit by commit.
    func wait(until isThere: () async throws -> Bool) async throws {
        if try await isThere() { return }
        for await _ in commits.stream where try await isThere() { return }
    }

    /// Waits until each of these has this status.
    func wait(for tasks: [StoredTask], _ status: TaskStatus) async throws {
        for task in tasks {
            try await wait { try await store.task(task.state.id)?.state.status == status }
        }
    }

    func deliveries() async throws -> [StoredTask] {
        var query = TaskQuery()
        query.isInternal = true
        query.limit = 1000
        return try await store.tasks(query).elements
    }
}

private final class Atomic0: Sendable {
    private let flag = Atomic(false)
    var value: Bool { flag.load(ordering: .sequentiallyConsistent) }
    func set() { flag.store(true, ordering: .sequentiallyConsistent) }
}

private struct HandlerFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

@Suite("Alerts are told through the engine")
struct AlertDispatcherTests {
    private func reasons(_ calls: [Switchboard.Call]) -> [String] {
        calls.map { "\($0.channel) \(String($0.text.dropFirst(11).prefix { $0 != "\"" }))" }.sorted()
    }

    @Test("The first failure of a cause is told once, its cure once, to every channel; none about itself")
    func story() async throws {
        let world = try await World()
        try await world.channel("a")
        try await world.channel("b") { $0.sendsResolved = false }
        let isMended = try await world.agent("flaky")
        try await world.running {
            let tasks = try await world.engine.create(
                (0..<30).map { world.spec("flaky", "\"order \($0) of shop\($0).example\"") })
            await world.switchboard.wait { $0.count == 2 }
            let alerts = try await world.store.alerts(AlertQuery()).elements
            #expect(alerts.count == 1)
            isMended.set()
            try await world.wait(for: tasks, .failed)
            for task in tasks {
                _ = try await world.engine.perform(
                    .retry(Retry(actor: "ada")), on: task.state.id, in: .everyone)
            }
            await world.switchboard.wait { $0.count == 3 }
        }
        #expect(reasons(world.switchboard.calls) == ["a new", "a recovery", "b new"])
        #expect(try await world.store.alerts(AlertQuery()).elements.map(\.status) == [.resolved])
        #expect(try await world.deliveries().allSatisfy { $0.state.alert == nil })
        #expect(try await world.store.records(.notification).isEmpty, "nothing is left to remember")
        #expect(try await world.store.totals(of: nil).tasks == [.completed: 30])
    }

    @Test("Raised while nobody dispatched, told after the start, and by no later start again")
    func restart() async throws {
        let store = MemoryStore()
        let first = try await World(store)
        try await first.channel("a")
        _ = try await first.agent("flaky")
        try await first.running([first.engine]) {
            try await first.wait(for: try await first.engine.create([first.spec("flaky")]), .failed)
        }
        #expect(first.switchboard.calls.isEmpty)
        let second = try await World(store, seed: 2)
        try await second.running { await second.switchboard.wait { $0.count == 1 } }
        let third = try await World(store, seed: 3)
        let isMended = try await third.agent("other")
        isMended.set()
        try await third.running {
            try await third.wait(for: try await third.engine.create([third.spec("other")]), .completed)
        }
        #expect(reasons(second.switchboard.calls) == ["a new"] && third.switchboard.calls.isEmpty)
        #expect(try await third.deliveries().count == 1)
    }

    @Test("Of two dispatchers on one log each notification is made once")
    func two() async throws {
        let world = try await World()
        try await world.channel("a") { $0.perHour = nil }
        let other = try await AlertDispatcher(engine: world.engine) { _ in .null }
        let agents = 20
        for number in 0..<agents { _ = try await world.agent("flaky\(number)") }
        try await world.running([world.alerts, other, world.engine]) {
            _ = try await world.engine.create((0..<agents).map { world.spec("flaky\($0)") })
            try await world.wait {
                try await world.deliveries().count { $0.state.status == .completed } >= agents
            }
        }
        #expect(try await world.deliveries().count == agents)
    }

    @Test("A dead channel is told on the other, once, and is told late what it missed")
    func dead() async throws {
        let world = try await World()
        try await world.channel("a")
        try await world.channel("b")
        world.switchboard.kill("a")
        try await world.running {
            _ = try await world.engine.forceBreaker(
                Reserved.provider(ofChannel: "a"), open: true, for: nil, reason: "dead", actor: "ada")
            await world.switchboard.wait { $0.count == 1 }
            #expect(
                world.switchboard.calls[0].channel == "b"
                    && world.switchboard.calls[0].text.contains("channel"))
            _ = try await world.engine.forceBreaker(
                Reserved.provider(ofChannel: "a"), open: false, for: nil, reason: "back", actor: "ada")
            world.switchboard.revive("a")
            await world.switchboard.wait { $0.count == 2 }
        }
        #expect(reasons(world.switchboard.calls) == ["b new", "b recovery"])
        #expect(world.engine.breakers().isEmpty, "a channel's breaker is nobody else's business")
    }

    @Test("A test is one attempt, and says how it went")
    func test() async throws {
        let world = try await World()
        try await world.channel("a")
        world.switchboard.kill("a")
        try await world.running {
            let channel = try #require(world.alerts.channel("a"))
            let failed = try await world.alerts.test(channel, wait: 60_000)
            #expect(failed.state.status == .failed && failed.state.attempts == 1 && failed.state.alert == nil)
            world.switchboard.revive("a")
            #expect(try await world.alerts.test(channel, wait: 60_000).state.status == .completed)
        }
        #expect(reasons(world.switchboard.calls) == ["a test"])
    }
}
