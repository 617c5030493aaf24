import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Synchronization
import Testing

@Suite("What every store promises of appends")
struct AppendTests {
    @Test("A recorded task is there with all its events", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.attempt(try await scenario.create(), Scenario.success)
            #expect(task.state.status == .completed)
            #expect(try await store.task(task.state.id) == task)
            #expect(try await store.task(numbered: task.number) == task)
            let events = try await store.timeline(task.number, after: 0, limit: 100)
            #expect(
                events.map(\.event.type) == [
                    .taskCreated, .taskStarted, .attemptStarted, .attemptSuccess, .taskCompleted,
                ])
            #expect(events.map(\.seq) == [1, 2, 3, 4, 5])
        }
    }

    @Test("A timeline goes on after any event, and stops at its limit", arguments: StoreKind.allCases)
    func timelinePages(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.attempt(try await scenario.create(), Scenario.success)
            for after in 0...5 {
                for limit in 1...6 {
                    let seqs = try await store.timeline(task.number, after: after, limit: limit).map(\.seq)
                    #expect(seqs == Array((1...5).filter { $0 > after }.prefix(limit)))
                }
            }
            #expect(try await store.timeline(TaskNumber(99), after: 0, limit: 5).isEmpty)
        }
    }

    @Test("Positions are dense over all streams, in commit order", arguments: StoreKind.allCases)
    func positions(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await store.append(AppendUnit(tasks: [scenario.creation(), scenario.creation()]))
            #expect(first.positions == [1, 2])
            _ = try await store.append(AppendUnit(records: [.agent("a", at: scenario.now)]))
            let task = try #require(try await store.task(numbered: first.numbers[0]))
            let second = try await store.append(
                AppendUnit(tasks: [try scenario.decided(.begin(scenario.assignment()), task)]))
            #expect(second.positions == [4])
            #expect(try await store.status().position == 5)
            let events = try await store.timeline(task.number, after: 0, limit: 9)
            #expect(events.map(\.position) == [1, 4, 5])
        }
    }

    @Test("An append on an old version is refused and leaves nothing", arguments: StoreKind.allCases)
    func versionConflict(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            let running = try await scenario.begin(task)
            let late = try scenario.decided(.cancel(reason: nil, actor: "ann"), task)
            #expect(await refusal { try await scenario.record(late) } == .versionConflict)
            #expect(try await store.task(task.state.id) == running)
            #expect(try await store.status().position == 3)
        }
    }

    @Test("An ended task is fenced by its version too", arguments: StoreKind.allCases)
    func endedVersionConflict(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            let retry = try scenario.decided(.retry(Retry(actor: "ann")), failed)
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "bob"), failed)
            #expect(await refusal { try await scenario.record(retry) } == .versionConflict)
            let current = try #require(try await store.task(numbered: failed.number))
            #expect(current.state.status == .failed)
            let again = try await scenario.go(.retry(Retry(actor: "ann")), current)
            #expect(await refusal { try await scenario.record(retry) } == .versionConflict)
            #expect(try await store.task(numbered: failed.number) == again)
        }
    }

    @Test("A task number nobody has is a conflict", arguments: StoreKind.allCases)
    func unknownNumber(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var task = try await scenario.create()
            task.number = TaskNumber(77)
            let append = try scenario.decided(.cancel(reason: nil, actor: "ann"), task)
            #expect(await refusal { try await scenario.record(append) } == .versionConflict)
        }
    }

    @Test("No id twice", arguments: StoreKind.allCases)
    func duplicate(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            let again = scenario.creation(Scenario.spec("other"), id: task.state.id)
            #expect(await refusal { try await scenario.record(again) } == .duplicate)
            let fresh = scenario.creation()
            let unit = AppendUnit(tasks: [fresh, fresh])
            #expect(await refusal { _ = try await store.append(unit) } == .duplicate)
            #expect(try await store.all(TaskQuery()) == [task])
            #expect(try await scenario.create().number == TaskNumber(2))
        }
    }

    @Test("A unit of several streams is recorded whole or not at all", arguments: StoreKind.allCases)
    func allOrNone(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            try await scenario.begin(task)
            let stale = try scenario.decided(.cancel(reason: nil, actor: "ann"), task)
            let unit = AppendUnit(
                tasks: [scenario.creation(Scenario.spec("new", user: "new", agent: "new")), stale],
                records: [.agent("a", at: scenario.now)])
            #expect(await refusal { _ = try await store.append(unit) } == .versionConflict)
            #expect(try await store.all(TaskQuery()).count == 1)
            #expect(try await store.records(.agent).isEmpty)
            #expect(try await store.totals(of: UserID("new")).tasks.isEmpty)
            #expect(try await store.status().position == 3)
            let receipt = try await store.append(
                AppendUnit(tasks: [scenario.creation(Scenario.spec("new", user: "new", agent: "new"))]))
            #expect(receipt == Receipt(numbers: [TaskNumber(2)], positions: [4], range: 4..<5))
        }
    }

    @Test(
        "Every commit is heard once, in position order, before its caller knows",
        arguments: StoreKind.allCases)
    func observer(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let heard = Heard()
            store.observeCommits { heard.add($0.flatMap(\.receipt.positions)) }
            let scenario = Scenario(store)
            let appends = (0..<200).map { _ in scenario.creation() }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for append in appends {
                    group.addTask {
                        let receipt = try await store.append(AppendUnit(tasks: [append]))
                        return heard.positions.contains(receipt.positions[0])
                    }
                }
                for try await wasHeard in group { #expect(wasHeard) }
            }
            #expect(heard.positions == Array(1...200))
        }
    }

    @Test("Submitted units are answered once, each with its own fate", arguments: StoreKind.allCases)
    func submit(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var units = (0..<1_300).map { _ in AppendUnit(tasks: [scenario.creation()]) }
            units.insert(units[0], at: 700)
            let batch = units
            let results = await withCheckedContinuation { continuation in
                store.submit(batch) { continuation.resume(returning: $0) }
            }
            #expect(results.count == 1_301)
            #expect(results.indices.filter { (try? results[$0].get()) == nil } == [700])
            #expect(results.compactMap { try? $0.get().positions[0] } == Array(1...1_300))
            let none = await withCheckedContinuation { continuation in
                store.submit([]) { continuation.resume(returning: $0) }
            }
            #expect(none.isEmpty)
        }
    }

    @Test("After closing everything is refused", arguments: StoreKind.allCases)
    func closed(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.create()
            await store.close()
            #expect(await refusal { _ = try await scenario.create() } == .closed)
            #expect(await refusal { _ = try await store.task(task.state.id) } == .closed)
            #expect(await refusal { _ = try await store.status() } == .closed)
            #expect(
                await refusal { try await store.promote([(task.number, 1)], at: scenario.now) } == .closed)
            await store.close()
        }
    }
}

/// What an observer was told.
final class Heard: Sendable {
    private let all = Mutex<[Int64]>([])
    var positions: [Int64] { all.withLock { $0 } }
    func add(_ positions: [Int64]) { all.withLock { $0 += positions } }
}

extension RecordAppend {
    static func agent(_ key: String, _ document: String? = "{}", expecting version: Int? = nil, at: Timestamp)
        -> RecordAppend
    {
        RecordAppend(
            kind: .agent, key: key, expectedVersion: version,
            event: document == nil ? .agentDeleted : .agentUpdated,
            data: JSONText(valid: Array(#"{"actor":"ann"}"#.utf8)), at: at,
            document: document.map { JSONText(valid: Array($0.utf8)) })
    }
}
