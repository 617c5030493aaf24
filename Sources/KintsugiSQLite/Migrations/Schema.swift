import GRDB
import KintsugiStore
import KintsugiVocabulary

/// The database's schema: its migrations in order, and what stands in it from the vocabulary.
enum Schema {
    static func migrate(_ writer: DatabaseQueue) throws {
        var migrator = DatabaseMigrator().disablingDeferredForeignKeyChecks()
        migrator.registerMigration("001-log", migrate: createLog)
        migrator.registerMigration("002-tasks", migrate: createTasks)
        migrator.registerMigration("003-records", migrate: createRecords)
        migrator.registerMigration("004-figures", migrate: createFigures)
        migrator.registerMigration("005-agent-figures", migrate: createAgentFigures)
        migrator.registerMigration("006-alerts", migrate: createAlerts)
        migrator.registerMigration("007-remedies", migrate: createRemedies)
        migrator.registerMigration("008-groups", migrate: createGroups)
        migrator.registerMigration("009-lanes", migrate: createLanes)
        if try writer.read(migrator.hasBeenSuperseded) {
            throw StoreError.broken(
                "The database was written by a newer Kintsugi; start that version, or restore an older backup."
            )
        }
        try migrator.migrate(writer)
        try writer.write(nameEventTypes)
    }

    /// The view `events` speaks the words that this version knows.
    private static func nameEventTypes(_ db: Database) throws {
        let sql = "INSERT OR REPLACE INTO event_types(code, name, severity) VALUES (?, ?, ?)"
        for type in EventType.allCases {
            try db.execute(sql: sql, arguments: [type.code, type.rawValue, type.severity.rawValue])
        }
        for type in RecordEventType.allCases {
            try db.execute(sql: sql, arguments: [type.code, type.rawValue, Severity.info.rawValue])
        }
    }
}
