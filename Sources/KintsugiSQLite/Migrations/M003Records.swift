import GRDB

extension Schema {
    /// Streams besides tasks with the document each comes to, and answers kept for repeated requests.
    static func createRecords(_ db: Database) throws {
        try db.execute(
            sql: """
                -- stream_no: -1, -2, …; document NULL: gone, but its version goes on
                CREATE TABLE streams(
                    stream_no INTEGER PRIMARY KEY,
                    kind TEXT NOT NULL,
                    key TEXT NOT NULL,
                    version INTEGER NOT NULL,
                    document TEXT,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL,
                    UNIQUE (kind, key));

                CREATE TABLE idempotency(
                    no INTEGER PRIMARY KEY AUTOINCREMENT,
                    caller TEXT NOT NULL,
                    operation TEXT NOT NULL,
                    key TEXT NOT NULL,
                    fingerprint BLOB NOT NULL,
                    status INTEGER NOT NULL,
                    headers TEXT NOT NULL,
                    body BLOB NOT NULL,
                    expires_at INTEGER NOT NULL,
                    UNIQUE (caller, operation, key));
                """)
    }
}
