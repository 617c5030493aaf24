import GRDB
import GRDBSQLite
import KintsugiStore

/// An error that SQLite gave: its extended code, and what it says about it.
struct SQLiteFault: Error, CustomStringConvertible {
    let code: Int32
    let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    /// The last error of a connection.
    init(_ connection: OpaquePointer?) {
        code = sqlite3_extended_errcode(connection)
        message = String(cString: sqlite3_errmsg(connection))
    }

    init(_ error: any Error) {
        if let fault = error as? SQLiteFault {
            self = fault
        } else if let error = error as? DatabaseError {
            self.init(code: error.extendedResultCode.rawValue, message: error.description)
        } else {
            self.init(code: SQLITE_ERROR, message: String(describing: error))
        }
    }

    /// The code without its details.
    var primary: Int32 { code & 0xff }

    /// Whether a unique value was there already.
    var isConstraint: Bool { primary == SQLITE_CONSTRAINT }

    /// Whether the disk is full: nothing is wrong with what is there, and it may pass.
    var isFull: Bool { primary == SQLITE_FULL }

    /// Whether the file or the device can no longer be trusted.
    var isFatal: Bool { [SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CANTOPEN].contains(primary) }

    var description: String { "SQLite error \(code): \(message)" }

    /// The same in the port's words.
    var storeError: StoreError { isFull ? .full : .broken(description) }
}
