import Foundation
import GRDB
import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("The SQLite file")
struct FileTests {
    @Test("Reopening keeps everything, and numbers and positions go on")
    func reopen() async throws {
        try await withFolder { folder in
            let (tasks, totals) = try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                try await scenario.attempt(try await scenario.create(), Scenario.success)
                try await scenario.attempt(try await scenario.create(), Scenario.failure())
                try await scenario.create()
                _ = try await store.append(AppendUnit(records: [.agent("a", at: scenario.now)]))
                return (try await store.all(TaskQuery()), try await store.totals(of: nil))
            }
            try await withSQLite(folder) { store in
                let position = try await store.status().position
                #expect(try await store.all(TaskQuery()) == tasks)
                #expect(try await store.totals(of: nil) == totals)
                #expect(try await store.records(.agent).map(\.key) == ["a"])
                let receipt = try await store.append(AppendUnit(tasks: [Scenario(store, seed: 9).creation()]))
                #expect(
                    receipt
                        == Receipt(
                            numbers: [TaskNumber(4)], positions: [position + 1],
                            range: (position + 1)..<(position + 2)))
                _ = try await store.append(AppendUnit(records: [.agent("b", at: Scenario.start)]))
                #expect(try await store.verify().problems.isEmpty)
            }
        }
    }

    @Test("The epoch stays with the file")
    func epoch() async throws {
        try await withFolder { folder in
            let first = try await withSQLite(folder) { try await $0.status().epoch }
            let second = try await withSQLite(folder) { try await $0.status().epoch }
            #expect(first == second && !first.isEmpty)
            let other = try await withFolder { try await withSQLite($0) { try await $0.status().epoch } }
            #expect(other != first)
        }
    }

    @Test("A folder has one owner; the next is told who it is and what to do")
    func oneOwner() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { _ in
                let error = #expect(throws: StoreError.self) {
                    _ = try SQLiteStore.open(folder: folder, node: "second")
                }
                guard case .broken(let text)? = error else { return }
                #expect(text.contains("process \(ProcessInfo.processInfo.processIdentifier), node test"))
                #expect(text.contains("stop that one first"))
            }
            try await withSQLite(folder) { _ in }
        }
    }

    @Test("A folder that cannot be made is said so")
    func badFolder() {
        let error = #expect(throws: StoreError.self) {
            try SQLiteStore.open(folder: "/dev/null/x", node: "n")
        }
        guard case .broken(let text)? = error else { return }
        #expect(text.contains("/dev/null/x"))
    }

    @Test("Only full durability: every connection has the settings that keep the promise")
    func pragmas() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                for settings in try await store.settings() {
                    #expect(settings["journal_mode"] == "wal")
                    #expect(settings["synchronous"] == "2")
                    #expect(settings["wal_autocheckpoint"] == "0")
                    #expect(settings["foreign_keys"] == "0")
                    #expect(settings["query_only"] == (settings["role"] == "reader" ? "1" : "0"))
                }
                #expect(try await store.settings().count >= 2)
                #expect(try await store.status().isFullyDurable)
            }
        }
    }

    @Test("Closing leaves one file: the WAL is copied into it and cut")
    func closing() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in try await Scenario(store).create() }
            let wal =
                try? FileManager.default.attributesOfItem(atPath: folder + "/kintsugi.db-wal")[.size] as? Int
            #expect(wal ?? 0 == 0)
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM events") } == 1)
        }
    }

    @Test("A file of a newer version is refused with a sentence")
    func newer() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { _ in }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999-future')") }
            try queue.close()
            let error = #expect(throws: StoreError.self) { try SQLiteStore.open(folder: folder, node: "n") }
            guard case .broken(let text)? = error else { return }
            #expect(text.contains("newer Kintsugi"))
        }
    }

    @Test(
        "The database itself refuses to change or remove an event",
        arguments: [
            "UPDATE appends SET data = '[]'", "UPDATE appends SET at = 0 WHERE position = 1",
            "DELETE FROM appends", "DELETE FROM appends WHERE position = 1",
        ])
    func immutable(_ sql: String) async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in try await Scenario(store).create() }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            #expect(throws: DatabaseError.self) { try queue.inDatabase { try $0.execute(sql: sql) } }
        }
    }

    @Test("The view of events unfolds the appends")
    func view() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                try await scenario.attempt(try await scenario.create(), Scenario.success)
                _ = try await store.append(AppendUnit(records: [.agent("a", at: scenario.now)]))
            }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            let rows = try queue.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM events ORDER BY position")
            }
            #expect(rows.map { $0["position"] as Int } == [1, 2, 3, 4, 5, 6])
            #expect(rows.map { $0["seq"] as Int } == [1, 2, 3, 4, 5, 1])
            #expect(rows.map { $0["stream_no"] as Int } == [1, 1, 1, 1, 1, -1])
            #expect(
                rows.map { $0["type"] as String } == [
                    "task_created", "task_started", "attempt_started", "attempt_success", "task_completed",
                    "agent_updated",
                ])
            #expect(rows[5]["data"] as String == #"{"actor":"ann"}"#)
        }
    }
}

@Suite("Group commit")
struct GroupCommitTests {
    @Test("Appends that come together share their transactions")
    func shared() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let before = store.figures.transactions
                let scenario = Scenario(store)
                let appends = (0..<2_000).map { _ in scenario.creation() }
                await withTaskGroup(of: Void.self) { group in
                    for append in appends {
                        group.addTask { _ = try? await store.append(AppendUnit(tasks: [append])) }
                    }
                }
                let position = try await store.status().position
                #expect(position == 2_000)
                let transactions = store.figures.transactions - before
                #expect(transactions < 1_000, "\(transactions) transactions")
            }
        }
    }

    @Test("A batch is cut into transactions of a bounded size")
    func bounded() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let before = store.figures.transactions
                let scenario = Scenario(store)
                let units = (0..<2_048).map { _ in AppendUnit(tasks: [scenario.creation()]) }
                await withCheckedContinuation { continuation in
                    store.submit(units) { _ in continuation.resume() }
                }
                #expect(store.figures.transactions - before == 4)
            }
        }
    }

    @Test("What was acknowledged is there for the next read")
    func readYourWrites() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                let appends = (0..<300).map { _ in scenario.creation() }
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for append in appends {
                        group.addTask {
                            let receipt = try await store.append(AppendUnit(tasks: [append]))
                            return try await store.task(numbered: receipt.numbers[0])?.state == append.after
                        }
                    }
                    for try await isThere in group { #expect(isThere) }
                }
            }
        }
    }

    @Test("Closing waits for what was submitted")
    func closing() async throws {
        try await withFolder { folder in
            let counter = Heard()
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                for _ in 0..<20 {
                    store.submit((0..<100).map { _ in AppendUnit(tasks: [scenario.creation()]) }) { results in
                        counter.add(results.compactMap { try? $0.get().positions[0] })
                    }
                }
            }
            #expect(counter.positions == Array(1...2_000))
            let position = try await withSQLite(folder) { try await $0.status().position }
            #expect(position == 2_000)
        }
    }

    @Test("The WAL is copied into the database as it grows")
    func checkpoints() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                let big = JSONText(valid: Array("\"\(String(repeating: "x", count: 500_000))\"".utf8))
                for _ in 0..<20 { try await scenario.create(Scenario.spec { $0.input = big }) }
                #expect(store.figures.checkpoints >= 1)
                #expect(try await store.all(TaskQuery()).count == 20)
            }
        }
    }
}
