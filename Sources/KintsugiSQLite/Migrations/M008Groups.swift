import GRDB
import KintsugiCore
import KintsugiStore

extension Schema {
    /// Dead letters by cause, and what redrive and bulk operations look for.
    static func createGroups(_ db: Database) throws {
        try db.execute(
            sql: """
                -- what the fingerprints say; cause_no: that of the fingerprint in names
                CREATE TABLE causes(
                    cause_no INTEGER PRIMARY KEY,
                    provider TEXT NOT NULL,
                    error_type TEXT NOT NULL,
                    http_status INTEGER,
                    pattern TEXT NOT NULL);

                -- user_no 0: everyone; newest: the number of the newest dead letter
                CREATE TABLE dead_letter_groups(
                    user_no INTEGER NOT NULL,
                    cause_no INTEGER NOT NULL,
                    pending INTEGER NOT NULL,
                    retried INTEGER NOT NULL,
                    resolved INTEGER NOT NULL,
                    discarded INTEGER NOT NULL,
                    total INTEGER NOT NULL,
                    first_at INTEGER NOT NULL,
                    last_at INTEGER NOT NULL,
                    newest INTEGER NOT NULL,
                    PRIMARY KEY (user_no, cause_no)) WITHOUT ROWID;
                -- the three orders of the list
                CREATE INDEX dead_letter_groups_pending ON dead_letter_groups(user_no, pending DESC, cause_no DESC)
                    WHERE pending > 0;
                CREATE INDEX dead_letter_groups_total ON dead_letter_groups(user_no, total DESC, cause_no DESC);
                CREATE INDEX dead_letter_groups_last ON dead_letter_groups(user_no, last_at DESC, cause_no DESC);

                CREATE TABLE dead_letter_group_agents(user_no INTEGER NOT NULL, cause_no INTEGER NOT NULL,
                    agent TEXT NOT NULL, total INTEGER NOT NULL, pending INTEGER NOT NULL,
                    PRIMARY KEY (user_no, cause_no, agent)) WITHOUT ROWID;
                -- money of the pending ones, exact
                CREATE TABLE dead_letter_group_value(user_no INTEGER NOT NULL, cause_no INTEGER NOT NULL,
                    currency TEXT NOT NULL, amount TEXT NOT NULL,
                    PRIMARY KEY (user_no, cause_no, currency)) WITHOUT ROWID;

                -- NULL: of our own deliveries, which are in no group
                ALTER TABLE dead_letters ADD COLUMN cause_no INTEGER;
                -- a group's history, and what of it waits for somebody
                CREATE INDEX dead_letters_cause ON dead_letters(cause_no);
                CREATE INDEX dead_letters_cause_pending ON dead_letters(cause_no) WHERE status = 0;
                -- what comes back by itself when the breaker closes
                CREATE INDEX dead_letters_turned_away ON dead_letters(agent_no)
                    WHERE status = 0 AND reason = 'circuit_open';
                """)
        try fillGroups(db)
    }

    /// Reads the whole log, once.
    private static func fillGroups(_ db: Database) throws {
        guard let connection = db.sqliteConnection else { throw StoreError.closed }
        var names = try NameTable(on: connection)
        let setCause = try PreparedStatement(
            "UPDATE dead_letters SET cause_no = ? WHERE number = ?", on: connection)
        let writer = try GroupWriter(on: connection)
        defer {
            names.finalize()
            setCause.finalize()
            writer.finalize()
        }
        var verification = Verification(Snapshot(database: db))
        let tally = try verification.groups { number, signature throws(SQLiteFault) in
            let cause = try names.number(.cause, signature.fingerprint)
            setCause.bind(1, cause)
            setCause.bind(2, number)
            try setCause.run()
            return cause
        }
        try writer.write(tally)
    }
}
