import GRDB
import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Files of earlier versions")
struct MigrationTests {
    private let bobs = Lane(.agent(Scenario.agent), of: UserID("bob"))

    @Test("A file from before lanes had users gives each user a lane of their own, and is sound")
    func lanes() async throws {
        try await withFolder { folder in
            let tasks: [StoredTask] = try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                let held = try await scenario.create(Scenario.spec(agent: "down"))
                try await scenario.go(.hold(provider: ProviderID("cards")), held)
                let bob = try await scenario.create(Scenario.spec(user: "bob"))
                return [bob, try await scenario.create(), try await scenario.create()]
            }
            try asBefore(folder)
            try await withSQLite(folder) { store in
                let lanes = Set(try await store.lanes())
                #expect(lanes == [Scenario.lane, bobs, Lane(.held(ProviderID("cards")), of: UserID("ann"))])
                let (ann, bob) = (
                    try await store.window(Scenario.lane, limit: 9), try await store.window(bobs, limit: 9)
                )
                #expect(bob.tasks == [tasks[0]])
                #expect(ann.tasks == Array(tasks[1...]))
                let problems = try await store.verify().problems
                #expect(problems.isEmpty)
            }
        }
    }

    /// As version 8 left it: the rows are the same, the index has no user.
    private func asBefore(_ folder: String) throws {
        let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
        try queue.inDatabase { db in
            try db.execute(
                sql: """
                    DROP INDEX live_line;
                    CREATE INDEX live_line ON live(phase, lane_no, priority DESC, ready_at) WHERE phase <= 1;
                    DELETE FROM grdb_migrations WHERE identifier = '009-lanes';
                    """)
        }
        try queue.close()
    }
}
