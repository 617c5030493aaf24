import GRDB
import KintsugiCore
import KintsugiSQLite
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Verify")
struct VerifyTests {
    @Test("An untouched store is sound")
    func sound() async throws {
        try await withHistory { folder in
            let report = try await withSQLite(folder) { try await $0.verify() }
            #expect(report.isSound, "\(report.problems)")
            #expect(report.tasks == 6)
            #expect(report.events == 31)
        }
    }

    @Test(
        "Every planted fault is found",
        arguments: [
            ("UPDATE live SET version = version + 1 WHERE task_no = 1", "live row"),
            ("UPDATE live SET phase = 3 WHERE task_no = 1", "live row"),
            ("UPDATE live SET lane_no = 1 WHERE task_no = 1", "live row"),
            ("DELETE FROM live WHERE task_no = 1", "not among the live ones"),
            (
                "INSERT INTO live SELECT 3, user_no, version, phase, lane_no, priority, ready_at, next_at, deadline_at FROM live LIMIT 1",
                "among the live ones"
            ),
            ("UPDATE tasks SET status = 5 WHERE task_no = 3", "the status"),
            ("UPDATE tasks SET version = 9 WHERE task_no = 3", "the version"),
            ("UPDATE tasks SET agent_no = NULL WHERE task_no = 3", "the agent"),
            ("UPDATE tasks SET error_type = NULL WHERE task_no = 4", "the error type"),
            ("UPDATE dead_letters SET status = 2", "Dead letter"),
            ("DELETE FROM dead_letters", "missing"),
            ("UPDATE stats SET value = value + 1 WHERE kind = 3", "Counter"),
            ("DELETE FROM stats WHERE kind = 40", "Counter"),
            ("DELETE FROM stats WHERE kind = 45", "Counter"),
            ("UPDATE stats SET value = value + 1 WHERE kind = 47", "Counter"),
            ("UPDATE stats SET value = value + 1 WHERE kind = 50", "Counter"),
            ("DELETE FROM stats WHERE kind = 65", "Counter"),
            ("UPDATE stats SET value = value + 1 WHERE kind = 31", "Counter"),
            ("DELETE FROM stats WHERE kind = 32", "Counter"),
            ("UPDATE dead_letter_value SET amount = '1'", "value USD"),
            ("UPDATE dead_letter_groups SET pending = 2", "Group"),
            ("UPDATE dead_letter_groups SET total = 9 WHERE user_no = 0", "Group"),
            ("UPDATE dead_letter_groups SET newest = 9", "Group"),
            ("DELETE FROM dead_letter_groups WHERE user_no > 0", "missing"),
            ("UPDATE dead_letter_group_agents SET pending = 0", "agent stripe"),
            ("DELETE FROM dead_letter_group_agents", "lacks agents"),
            ("UPDATE dead_letter_group_value SET amount = '1'", "its money"),
            ("DELETE FROM dead_letter_group_value", "lacks money"),
            ("UPDATE causes SET pattern = ''", "Cause"),
            ("UPDATE dead_letters SET cause_no = NULL", "another cause"),
            ("DELETE FROM metadata", "metadata"),
            ("DELETE FROM payment_references", "reference"),
            ("UPDATE alerts SET open = 2", "Alert"),
            ("UPDATE alerts SET severity = 0", "Alert"),
            ("DELETE FROM alerts", "is missing"),
            ("DELETE FROM alert_tasks", "tasks of alert"),
            ("UPDATE alert_value SET amount = '1'", "Alert"),
            ("UPDATE streams SET version = 7", "version"),
            (
                "DROP TRIGGER appends_are_never_removed; DELETE FROM appends WHERE stream_no = 3 AND seq = 2",
                "seq 4 follows 1"
            ),
            (
                "DROP TRIGGER appends_are_never_removed; DELETE FROM appends WHERE stream_no = 3 AND seq = 2",
                "Position"
            ),
            (
                "DROP TRIGGER appends_are_never_changed; UPDATE appends SET data = '[[2,{}]]' WHERE stream_no = 1",
                "begin with its creation"
            ),
            (
                "DROP TRIGGER appends_are_never_changed; UPDATE appends SET data = '[[' WHERE stream_no = 5",
                "cannot be read"
            ),
            ("DELETE FROM tasks WHERE task_no = 2", "belong to no stream"),
        ])
    func planted(_ sql: String, _ sentence: String) async throws {
        try await withHistory { folder in
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            try await queue.write { try $0.execute(sql: sql) }
            try queue.close()
            let report = try await withSQLite(folder) { try await $0.verify() }
            #expect(report.problems.contains { $0.contains(sentence) }, "\(report.problems)")
        }
    }

    /// Pending, running, completed, failed, delayed and mended by a retry: one of each, and a record.
    private func withHistory(_ body: (String) async throws -> Void) async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { store in
                let scenario = Scenario(store)
                try await scenario.create(
                    Scenario.spec {
                        $0.metadata = [MetadataPair(key: "order", value: "1")]
                        $0.payment = Money("5.00", "USD").map { Payment($0, kind: "payment", reference: "r") }
                    })
                try await scenario.begin(try await scenario.create())
                try await scenario.attempt(try await scenario.create(), Scenario.success)
                try await scenario.attempt(
                    try await scenario.create(
                        Scenario.spec {
                            $0.payment = Money("250.00", "USD").map { Payment($0, kind: "payment") }
                        }), Scenario.failure())
                try await scenario.create(Scenario.spec { $0.runAt = scenario.now + 60_000 })
                let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
                try await scenario.attempt(
                    try await scenario.go(.retry(Retry(actor: "ann")), failed), Scenario.success)
                _ = try await store.append(AppendUnit(records: [.agent("a", at: scenario.now)]))
            }
            try await body(folder)
        }
    }
}
