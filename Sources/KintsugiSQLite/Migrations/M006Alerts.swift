import GRDB

extension Schema {
    /// Alerts with the tasks and the money of each; no log that was written before has any.
    static func createAlerts(_ db: Database) throws {
        try db.execute(
            sql: """
                -- status and severity as in Codes; user_no NULL: a breaker's or a channel's
                -- raised, changed: positions of the last raise and of the last change
                CREATE TABLE alerts(
                    alert_no INTEGER PRIMARY KEY,
                    id BLOB NOT NULL UNIQUE,
                    kind TEXT NOT NULL,
                    status INTEGER NOT NULL,
                    severity INTEGER NOT NULL,
                    user_no INTEGER,
                    provider TEXT NOT NULL,
                    cause TEXT,
                    agent TEXT,
                    task_type TEXT,
                    error_type TEXT,
                    message TEXT,
                    http_status INTEGER,
                    open INTEGER NOT NULL,
                    total INTEGER NOT NULL,
                    first_raised_at INTEGER NOT NULL,
                    last_raised_at INTEGER NOT NULL,
                    acknowledged_at INTEGER,
                    acknowledged_by TEXT,
                    resolved_at INTEGER,
                    resolved_by TEXT,
                    note TEXT,
                    notified INTEGER NOT NULL DEFAULT 0,
                    notified_at INTEGER,
                    raised INTEGER NOT NULL,
                    changed INTEGER NOT NULL);
                -- lists: the one raised last first; those that are not resolved; those of one user
                CREATE INDEX alerts_raised ON alerts(raised);
                CREATE INDEX alerts_unresolved ON alerts(raised) WHERE status < 2;
                CREATE INDEX alerts_user ON alerts(user_no, raised);
                -- what goes on, for the start; the open one of a breaker
                CREATE INDEX alerts_ongoing ON alerts(raised) WHERE open > 0;
                CREATE INDEX alerts_breaker ON alerts(provider) WHERE user_no IS NULL AND open > 0;
                -- what is to be told
                CREATE INDEX alerts_changed ON alerts(changed);

                -- every task that an alert has had
                CREATE TABLE alert_tasks(alert_no INTEGER NOT NULL, task_no INTEGER NOT NULL, open INTEGER NOT NULL,
                    PRIMARY KEY (alert_no, task_no)) WITHOUT ROWID;
                -- the newest of those that are not cured
                CREATE INDEX alert_tasks_open ON alert_tasks(alert_no, task_no) WHERE open = 1;

                -- money of the open ones, exact
                CREATE TABLE alert_value(alert_no INTEGER NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL,
                    PRIMARY KEY (alert_no, currency)) WITHOUT ROWID;
                """)
    }
}
