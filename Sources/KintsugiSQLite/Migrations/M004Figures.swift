import GRDB
import KintsugiStore

extension Schema {
    /// The history of records in order, and the counters that were not kept before.
    static func createFigures(_ db: Database) throws {
        try db.execute(
            sql: """
                -- what happened to records, newest first; tasks' appends are not in it and do not pay for it
                CREATE INDEX appends_records ON appends(position) WHERE stream_no < 0;
                -- the same between two times
                CREATE INDEX appends_record_times ON appends(at) WHERE stream_no < 0;
                """)
        try recount(db)
    }

    /// Counts everything anew from the events: reads the whole log, once.
    static func recount(_ db: Database) throws {
        var verification = Verification(Snapshot(database: db))
        let counters = try verification.counters()
        try db.execute(sql: "DELETE FROM stats")
        let insert = try db.makeStatement(
            sql: "INSERT INTO stats(subject_no, minute, kind, value) VALUES (?, ?, ?, ?)")
        for (counter, value) in counters where value != 0 {
            try insert.execute(arguments: [counter.subject, counter.minute, counter.kind, value])
        }
    }
}
