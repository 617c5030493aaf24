import GRDB
import KintsugiSQLite
import Testing

/// No query looks at a whole table or sorts: what is fast on an empty store stays fast on ten million tasks.
@Suite("Query plans")
struct PlanTests {
    @Test("Every kept statement searches by an index and sorts nothing")
    func plans() async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { _ in }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            for (name, sql) in SQLiteStore.statements {
                let plan = try queue.plan(sql)
                #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(name): \(plan)")
                for step in plan where step.hasPrefix("SCAN") {
                    // A recursive query reads its own queue, and min() of few rows is no scan of tasks.
                    #expect(Self.harmless.contains(step), "\(name): \(plan)")
                }
            }
        }
    }

    private static let harmless: Set<String> = ["SCAN lanes", "SCAN CONSTANT ROW"]

    @Test(
        "Each question is driven by the index made for it",
        arguments: [
            ("window", "SEARCH live USING COVERING INDEX live_line (phase=? AND lane_no=? AND user_no=?)"),
            (
                "nextLane",
                "SEARCH live USING COVERING INDEX live_line (phase=? AND (lane_no,user_no)>(?,?))"
            ),
            ("oldestOfNextUser", "SEARCH live USING INDEX live_user (user_no>?)"),
            ("oldestOfUser", "SEARCH live USING INDEX live_user (user_no=?)"),
            ("timers", "SEARCH live USING COVERING INDEX live_next (next_at>? AND next_at<?)"),
            ("nextTimer", "SEARCH live USING COVERING INDEX live_next (next_at>?)"),
            ("running", "SEARCH live USING COVERING INDEX live_busy (phase=? AND rowid>?)"),
            ("timeline", "SEARCH appends USING INDEX appends_stream (stream_no=? AND seq>?)"),
            ("backwards", "SEARCH appends USING INDEX appends_stream (stream_no=? AND seq<?)"),
            ("creation", "SEARCH appends USING INDEX appends_stream (stream_no=? AND seq=?)"),
            ("log", "SEARCH a USING INTEGER PRIMARY KEY (rowid>?)"),
            ("logOfTask", "SEARCH a USING INDEX appends_stream (stream_no=?)"),
            ("holding", "SEARCH appends USING INTEGER PRIMARY KEY (rowid<?)"),
            ("byUser", "SEARCH t USING INDEX tasks_user (user_no=? AND rowid>? AND rowid<?)"),
            ("byError", "SEARCH t USING INDEX tasks_error (error_type=? AND rowid>? AND rowid<?)"),
            ("everything", "SEARCH t USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
            ("alerts.1", "SEARCH a USING INDEX alerts_raised (raised<?)"),
            ("alerts.2", "SEARCH a USING INDEX alerts_unresolved (raised<?)"),
            ("alerts.3", "SEARCH a USING INDEX alerts_ongoing (raised<?)"),
            ("alerts.4", "SEARCH a USING INDEX alerts_user (user_no=? AND raised<?)"),
            ("alerts.5", "SEARCH a USING INDEX alerts_changed (changed>?)"),
            ("alerts.6", "SEARCH m USING INDEX alert_tasks_open (alert_no=?)"),
            ("alerts.7", "SEARCH m USING PRIMARY KEY (alert_no=?)"),
            ("totals", "SEARCH stats USING PRIMARY KEY (subject_no=? AND minute=?)"),
            ("series", "SEARCH stats USING PRIMARY KEY (subject_no=? AND minute>? AND minute<?)"),
            ("growth", "SEARCH stats USING PRIMARY KEY (subject_no=? AND minute<?)"),
            ("inProgress", "SEARCH l USING COVERING INDEX live_busy (phase=?)"),
            ("history", "SEARCH a USING INDEX appends_records (position<?)"),
            ("changes", "SEARCH a USING INDEX appends_record_times (at>? AND at<?)"),
            ("activity", "SEARCH stats USING PRIMARY KEY (subject_no=? AND minute>? AND minute<?)"),
            (
                "deadLetters.byCause",
                "SEARCH dead_letters USING INDEX dead_letters_cause (cause_no=? AND rowid<?)"
            ),
            (
                "deadLetters.pendingByCause",
                "SEARCH dead_letters USING INDEX dead_letters_cause_pending (cause_no=? AND rowid<?)"
            ),
            (
                "deadLetters.turnedAway",
                "SEARCH dead_letters USING INDEX dead_letters_turned_away (agent_no=? AND rowid>?)"
            ),
            (
                "groups.pending",
                "SEARCH g USING INDEX dead_letter_groups_pending (user_no=? AND pending>? AND (pending,cause_no)<(?,?))"
            ),
            (
                "groups.total",
                "SEARCH g USING INDEX dead_letter_groups_total (user_no=? AND (total,cause_no)<(?,?))"
            ),
            (
                "groups.lastSeen",
                "SEARCH g USING INDEX dead_letter_groups_last (user_no=? AND (last_at,cause_no)<(?,?))"
            ),
            ("groups.agents", "SEARCH dead_letter_group_agents USING PRIMARY KEY (user_no=? AND cause_no=?)"),
            ("recordEvents", "SEARCH a USING INDEX appends_stream (stream_no=? AND seq>?)"),
            (
                "deadLetters.pending",
                "SEARCH dead_letters USING INDEX dead_letters_pending (status=? AND rowid<?)"
            ),
        ])
    func driver(_ name: String, _ expected: String) async throws {
        try await withFolder { folder in
            try await withSQLite(folder) { _ in }
            let queue = try DatabaseQueue(path: folder + "/kintsugi.db")
            let sql = try #require(SQLiteStore.statements[name])
            let plan = try queue.plan(sql)
            #expect(plan.contains(expected), "\(plan)")
        }
    }
}

extension DatabaseQueue {
    fileprivate func plan(_ sql: String) throws -> [String] {
        let nothing = [Int?](repeating: nil, count: sql.count { $0 == "?" })
        return try inDatabase { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: StatementArguments(nothing))
                .map { $0["detail"] as String }
        }
    }
}
