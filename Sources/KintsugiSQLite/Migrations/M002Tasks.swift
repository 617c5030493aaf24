import GRDB

extension Schema {
    /// What is known of tasks besides their events; all of it can be made again from them.
    static func createTasks(_ db: Database) throws {
        try db.execute(
            sql: """
                -- words that stand in many rows, by number; kinds as in NameKind
                CREATE TABLE names(no INTEGER PRIMARY KEY, kind INTEGER NOT NULL, text TEXT NOT NULL,
                    UNIQUE (kind, text));

                -- Written when a task is made and when it ends. status: 2 while unfinished, else the final code.
                -- Columns that the end sets have a value of the same size before, so that rows never grow.
                CREATE TABLE tasks(
                    task_no INTEGER PRIMARY KEY,
                    id BLOB NOT NULL,
                    user_no INTEGER NOT NULL,
                    type_no INTEGER NOT NULL,
                    agent_no INTEGER,
                    created_at INTEGER NOT NULL,
                    finished_at INTEGER NOT NULL,
                    status INTEGER NOT NULL,
                    version INTEGER NOT NULL,
                    error_type INTEGER);
                -- a task by its id, ids by their beginning, and no id twice
                CREATE UNIQUE INDEX tasks_id ON tasks(id);
                -- everything of one user: what everyone but an admin sees
                CREATE INDEX tasks_user ON tasks(user_no);
                -- the ended ones by status; unfinished ones are found in live
                CREATE INDEX tasks_status ON tasks(status) WHERE status > 2;
                -- lists by type and by agent
                CREATE INDEX tasks_type ON tasks(type_no);
                CREATE INDEX tasks_agent ON tasks(agent_no);
                -- failed tasks by what they failed of
                CREATE INDEX tasks_error ON tasks(error_type) WHERE error_type IS NOT NULL;

                -- The unfinished ones; small, whatever the history. phase as in LiveRow.Phase.
                CREATE TABLE live(
                    task_no INTEGER PRIMARY KEY,
                    user_no INTEGER NOT NULL,
                    version INTEGER NOT NULL,
                    phase INTEGER NOT NULL,
                    lane_no INTEGER NOT NULL,
                    priority INTEGER NOT NULL,
                    ready_at INTEGER NOT NULL,
                    next_at INTEGER,
                    deadline_at INTEGER);
                -- the best tasks of a lane; lanes by skipping through it; phase first makes it enough by itself
                CREATE INDEX live_line ON live(phase, lane_no, priority DESC, ready_at) WHERE phase <= 1;
                -- how long a user has been waiting
                CREATE INDEX live_user ON live(user_no, ready_at) WHERE phase = 0;
                -- timers
                CREATE INDEX live_next ON live(next_at) WHERE next_at IS NOT NULL;
                -- running ones for the rescue; running, accepted and waiting ones for lists
                CREATE INDEX live_busy ON live(phase) WHERE phase >= 3;

                -- tasks by a pair of their metadata
                CREATE TABLE metadata(key TEXT NOT NULL, value TEXT NOT NULL, task_no INTEGER NOT NULL,
                    PRIMARY KEY (key, value, task_no)) WITHOUT ROWID;
                -- tasks by their payment's reference
                CREATE TABLE payment_references(reference TEXT NOT NULL, task_no INTEGER NOT NULL,
                    PRIMARY KEY (reference, task_no)) WITHOUT ROWID;

                -- which numbers the tasks of an hour have: a list between two dates looks at no others
                CREATE TABLE hours(hour INTEGER PRIMARY KEY, first_no INTEGER NOT NULL, last_no INTEGER NOT NULL);

                CREATE TABLE dead_letters(
                    number INTEGER PRIMARY KEY AUTOINCREMENT,
                    id BLOB NOT NULL UNIQUE,
                    task_no INTEGER NOT NULL,
                    seq INTEGER NOT NULL,
                    user_no INTEGER NOT NULL,
                    type_no INTEGER NOT NULL,
                    agent_no INTEGER,
                    status INTEGER NOT NULL,
                    reason TEXT NOT NULL,
                    error_type INTEGER,
                    amount TEXT,
                    currency TEXT,
                    failed_at INTEGER NOT NULL,
                    closed_at INTEGER,
                    closed_by TEXT,
                    note TEXT);
                -- what waits for somebody
                CREATE INDEX dead_letters_pending ON dead_letters(status) WHERE status = 0;
                -- the history of one user, of one agent, of one kind of error
                CREATE INDEX dead_letters_user ON dead_letters(user_no);
                CREATE INDEX dead_letters_agent ON dead_letters(agent_no);
                CREATE INDEX dead_letters_error ON dead_letters(error_type);

                -- money of the pending ones, exact; user_no 0: everyone
                CREATE TABLE dead_letter_value(user_no INTEGER NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL,
                    PRIMARY KEY (user_no, currency)) WITHOUT ROWID;

                -- counters, kinds as in StatKind; subject_no: a user, an agent, or 0: all; minute -1: since ever
                CREATE TABLE stats(subject_no INTEGER NOT NULL, minute INTEGER NOT NULL, kind INTEGER NOT NULL,
                    value INTEGER NOT NULL, PRIMARY KEY (subject_no, minute, kind)) WITHOUT ROWID;
                """)
    }
}
