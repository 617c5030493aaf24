import GRDB

extension Schema {
    /// A lane is a target and a user. Both stand in every live row already, so that only the index is another one.
    static func createLanes(_ db: Database) throws {
        try db.execute(
            sql: """
                DROP INDEX live_line;
                -- the best tasks of a lane; lanes by skipping through it; phase first makes it enough by itself
                CREATE INDEX live_line ON live(phase, lane_no, user_no, priority DESC, ready_at) WHERE phase <= 1;
                """)
    }
}
