import GRDB

extension Schema {
    /// The log itself: one row an append, which nobody can change.
    static func createLog(_ db: Database) throws {
        try db.execute(
            sql: """
                -- epoch and the like
                CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8))));

                -- position and seq: those of the first event; n: how many; data: [[code, {members}], …]
                -- stream_no: a task's number, or negative: a row of streams
                CREATE TABLE appends(
                    position INTEGER PRIMARY KEY,
                    stream_no INTEGER NOT NULL,
                    seq INTEGER NOT NULL,
                    n INTEGER NOT NULL,
                    at INTEGER NOT NULL,
                    data TEXT NOT NULL);
                -- reads a stream in order, and makes two appends on one version impossible
                CREATE UNIQUE INDEX appends_stream ON appends(stream_no, seq);

                CREATE TRIGGER appends_are_never_changed BEFORE UPDATE ON appends
                BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
                CREATE TRIGGER appends_are_never_removed BEFORE DELETE ON appends
                BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;

                CREATE TABLE event_types(code INTEGER PRIMARY KEY, name TEXT NOT NULL, severity TEXT NOT NULL);
                CREATE VIEW events AS
                SELECT a.position + e.key AS position, a.stream_no, a.seq + e.key AS seq, a.at, t.name AS type,
                    json_extract(e.value, '$[1]') AS data
                FROM appends a, json_each(a.data) e
                LEFT JOIN event_types t ON t.code = json_extract(e.value, '$[0]');
                """)
    }
}
