import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("When the disk fails")
struct FaultTests {
    @Test("A full disk refuses writes, reads go on, and writes come back by themselves")
    func full() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                let task = try await scenario.create()
                try store.limitPages(1)
                let big = Scenario.spec {
                    $0.input = JSONText(valid: Array("\"\(String(repeating: "x", count: 50_000))\"".utf8))
                }
                #expect(await refusal { try await scenario.create(big) } == .full)
                #expect(try await store.task(task.state.id) == task)
                let position = try await store.status().position
                #expect(position == 1)
                try store.limitPages(1_000_000)
                let second = try await scenario.create(big)
                #expect(second.number == TaskNumber(2))
                let report = try await store.verify()
                #expect(report.problems.isEmpty)
            }
        }
    }

    @Test("Of a commit that failed nobody says what became of it, and nothing is written any more")
    func unknownOutcome() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                let heard = Heard()
                store.observeCommits { heard.add($0.flatMap(\.receipt.positions)) }
                let task = try await scenario.create()
                store.failCommits()
                let error = await refusal { try await scenario.create() }
                guard case .outcomeUnknown? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(await refusal { try await scenario.create() } == .closed)
                #expect(heard.positions == [1])
                #expect(try await store.task(task.state.id) == task)
            }
        }
    }

    @Test(
        "An append that cannot be stored does not take its neighbours with it", arguments: StoreKind.allCases)
    func poison(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var empty = scenario.creation()
            empty.events = []
            let units = [scenario.creation(), empty, scenario.creation()].map { AppendUnit(tasks: [$0]) }
            let results = await withCheckedContinuation { continuation in
                store.submit(units) { continuation.resume(returning: $0) }
            }
            #expect((try? results[0].get())?.positions == [1])
            #expect(results[1] == .failure(.broken("An append of no events.")))
            #expect((try? results[2].get())?.positions == [2])
        }
    }
}
