import Foundation
import GRDB
import GRDBSQLite
import KintsugiStore

/// The connections to the database file: one writer, which alone writes and checkpoints, and a few readers.
struct Connections: Sendable {
    let writer: DatabaseQueue
    let readers: DatabasePool

    static let fileName = "kintsugi.db"
    static let maxReaders = 3
    /// Pages kept in memory by the writer, in KiB.
    static let writerCache = 32_768
    static let readerCache = 8_192

    /// Opens the file, making it if needed, and brings its schema up to date.
    static func open(folder: String) throws(StoreError) -> Connections {
        let path = folder + "/" + fileName
        do {
            let writer = try DatabaseQueue(path: path, configuration: writerConfiguration)
            try Schema.migrate(writer)
            return Connections(
                writer: writer, readers: try DatabasePool(path: path, configuration: readerConfiguration))
        } catch let error as StoreError {
            throw error
        } catch {
            throw .broken("\(path) cannot be opened: \(error)")
        }
    }

    /// Names the history in this file; a restored backup gets another.
    func epoch() throws(StoreError) -> String {
        do {
            return try readers.read {
                try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = 'epoch'")
            } ?? ""
        } catch { throw SQLiteFault(error).storeError }
    }

    /// `journalMode` stays at its default: GRDB's WAL mode would set `synchronous=NORMAL`, which loses
    /// acknowledged tasks when the power fails.
    private static var writerConfiguration: Configuration {
        var configuration = Configuration()
        configuration.label = "kintsugi.store.writer"
        configuration.foreignKeysEnabled = false
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA page_size = 4096;
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA recursive_triggers = ON;
                    PRAGMA secure_delete = OFF;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -\(writerCache);
                    """)
            try assert(db, "journal_mode", is: "wal")
            try assert(db, "synchronous", is: "2")
            try assert(db, "wal_autocheckpoint", is: "0")
            try assert(db, "foreign_keys", is: "0")
        }
        return configuration
    }

    private static var readerConfiguration: Configuration {
        var configuration = Configuration()
        configuration.label = "kintsugi.store.reader"
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = maxReaders
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA query_only = ON;
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = 0;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -\(readerCache);
                    """)
            try assert(db, "query_only", is: "1")
            try assert(db, "wal_autocheckpoint", is: "0")
        }
        return configuration
    }

    private static func assert(_ db: Database, _ pragma: String, is expected: String) throws {
        let value = try String.fetchOne(db, sql: "PRAGMA \(pragma)")
        guard value == expected else {
            throw StoreError.broken("PRAGMA \(pragma) is \(value ?? "nothing") where it must be \(expected).")
        }
    }
}
