import GRDB
import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import Testing

@Suite("Groups of a store that had none")
struct GroupMigrationTests {
    @Test("A store of an older version gets its groups from the events")
    func migrated() async throws {
        try await withFolder { folder in
            let memory = MemoryStore()
            try await withSQLite(folder) { store in
                let history = RandomHistory(seed: 5, store, memory)
                for _ in 0..<400 { try await history.step() }
            }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            try await queue.write { db in
                try db.execute(
                    sql: """
                        DROP TABLE causes;
                        DROP TABLE dead_letter_groups;
                        DROP TABLE dead_letter_group_agents;
                        DROP TABLE dead_letter_group_value;
                        DROP INDEX dead_letters_cause;
                        DROP INDEX dead_letters_cause_pending;
                        DROP INDEX dead_letters_turned_away;
                        ALTER TABLE dead_letters DROP COLUMN cause_no;
                        DELETE FROM names WHERE kind = 9;
                        DELETE FROM grdb_migrations WHERE identifier = '008-groups';
                        """)
            }
            try queue.close()
            try await withSQLite(folder) { store in
                let report = try await store.verify()
                #expect(report.isSound, "\(report.problems)")
                var query = CauseGroupQuery()
                (query.pendingOnly, query.limit) = (false, 1000)
                let groups = try await store.causeGroups(query).groups
                let same = try await memory.causeGroups(query).groups
                #expect(!groups.isEmpty && Set(groups.map(\.fingerprint)) == Set(same.map(\.fingerprint)))
                #expect(groups.map(\.total).sorted() == same.map(\.total).sorted())
            }
        }
    }
}
