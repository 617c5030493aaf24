import GRDB
import GRDBSQLite
package import KintsugiStore

/// What tests look at: the statements that readers run, and how the connections are set.
extension SQLiteStore {
    /// Every statement that a reader runs on tables that grow, by name.
    package static let statements: [String: String] = {
        var all: [String: String] = [
            "log": Snapshot.logSQL, "logOfTask": Snapshot.logOfTaskSQL,
            "holding": Snapshot.holdingSQL, "timeline": Snapshot.timelineSQL,
            "backwards": Snapshot.backwardsSQL, "creation": Snapshot.creationSQL,
            "firstSeq": Snapshot.firstSeqSQL, "nextLane": Snapshot.nextLaneSQL,
            "window": Snapshot.windowSQL, "timers": Snapshot.timersSQL, "nextTimer": Snapshot.nextTimerSQL,
            "running": Snapshot.runningSQL, "totals": Snapshot.totalsSQL, "value": Snapshot.valueSQL,
            "activity": Snapshot.activitySQL, "oldestOfUser": Snapshot.oldestOfUserSQL,
            "oldestOfNextUser": Snapshot.oldestOfNextUserSQL,
            "firstOfHours": Snapshot.firstOfHoursSQL, "lastOfHours": Snapshot.lastOfHoursSQL,
            "records": Snapshot.recordsSQL, "record": Snapshot.recordSQL,
            "history": Snapshot.historySQL, "changes": Snapshot.changesSQL, "series": Snapshot.seriesSQL,
            "unfinished": Snapshot.unfinishedSQL, "inProgress": Snapshot.inProgressSQL,
            "growth": Snapshot.growthSQL, "answer": Snapshot.answerSQL,
            "remedies": Snapshot.remediesSQL, "firstTime": Snapshot.firstTimeSQL,
            "chainFigures": Snapshot.chainFiguresSQL,
            "byUser": TaskSources.SQL.byUser, "byError": TaskSources.SQL.byError,
            "everything": TaskSources.SQL.everything, "deadLetters.pending": Snapshot.DeadLetterSQL.pending,
            "deadLetters.byCause": Snapshot.DeadLetterSQL.byCause,
            "deadLetters.pendingByCause": Snapshot.DeadLetterSQL.pendingByCause,
            "deadLetters.turnedAway": Snapshot.DeadLetterSQL.turnedAway,
            "groups.pending": Snapshot.GroupSQL.byPending, "groups.total": Snapshot.GroupSQL.byTotal,
            "groups.lastSeen": Snapshot.GroupSQL.byLastSeen, "groups.agents": Snapshot.GroupSQL.agents,
            "recordsBefore": Snapshot.recordsBeforeSQL, "recordEvents": Snapshot.recordEventsSQL,
        ]
        for (index, sql) in TaskSources.SQL.all.enumerated() { all["tasks.\(index)"] = sql }
        for (index, sql) in Snapshot.AlertSQL.all.enumerated() { all["alerts.\(index)"] = sql }
        for (index, sql) in Snapshot.DeadLetterSQL.all.enumerated() { all["deadLetters.\(index)"] = sql }
        for (index, sql) in Snapshot.GroupSQL.all.enumerated() { all["groups.\(index)"] = sql }
        return all
    }()

    /// Makes the disk seem full: the file may have no more pages than this.
    package func limitPages(_ count: Int) throws(StoreError) {
        do {
            try connections.writer.unsafeReentrantWrite {
                try $0.execute(sql: "PRAGMA max_page_count = \(count)")
            }
        } catch { throw SQLiteFault(error).storeError }
    }

    /// Makes every commit fail from now on, as a device does that loses what it was given.
    package func failCommits() {
        connections.writer.unsafeReentrantWrite { db in
            _ = sqlite3_commit_hook(db.sqliteConnection, { _ in 1 }, nil)
        }
    }

    /// The pragmas of the writer and of each reader that can be had at once, with `role`.
    package func settings() async throws(StoreError) -> [[String: String]] {
        do {
            var all = [try await connections.writer.unsafeRead { try Self.settings($0, role: "writer") }]
            for _ in 0..<Connections.maxReaders {
                all.append(try await connections.readers.read { try Self.settings($0, role: "reader") })
            }
            return all
        } catch { throw SQLiteFault(error).storeError }
    }

    private static func settings(_ db: Database, role: String) throws -> [String: String] {
        var settings = ["role": role]
        for name in ["journal_mode", "synchronous", "wal_autocheckpoint", "foreign_keys", "query_only"] {
            settings[name] = try String.fetchOne(db, sql: "PRAGMA \(name)")
        }
        return settings
    }
}
