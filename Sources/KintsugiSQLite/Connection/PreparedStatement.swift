import GRDB
import GRDBSQLite

/// A kept statement, bound and stepped through the C interface.
///
/// GRDB's own binding makes a value and an existential for each argument, which halves the number of tasks a
/// second; this passes numbers and bytes straight on. Whoever prepared it keeps it alive.
struct PreparedStatement {
    let pointer: OpaquePointer

    /// Prepares it for good; `finalize` ends it.
    init(_ sql: String, on connection: OpaquePointer) throws(SQLiteFault) {
        var pointer: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil)
        guard code == SQLITE_OK, let pointer else { throw SQLiteFault(connection) }
        self.pointer = pointer
    }

    /// One of GRDB's kept statements, which end with their connection.
    init(_ sql: String, in database: Database) throws(SQLiteFault) {
        do { pointer = try database.cachedStatement(sql: sql).sqliteStatement } catch {
            throw SQLiteFault(error)
        }
    }

    func finalize() { sqlite3_finalize(pointer) }

    // MARK: Arguments, from 1

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(pointer, index, value) }
    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(pointer, index, Int64(value)) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { sqlite3_bind_int64(pointer, index, value) } else { sqlite3_bind_null(pointer, index) }
    }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else {
            sqlite3_bind_null(pointer, index)
            return
        }
        text.withUTF8 { bind(index, utf8: UnsafeRawBufferPointer($0)) }
    }

    func bind(_ index: Int32, text bytes: [UInt8]) { bytes.withUnsafeBytes { bind(index, utf8: $0) } }

    private func bind(_ index: Int32, utf8 bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_text(pointer, index, "", 0, nil)
            return
        }
        let text = start.assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text(pointer, index, text, Int32(clamping: bytes.count), Self.copied)
    }

    func bind(_ index: Int32, blob bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                sqlite3_bind_zeroblob(pointer, index, 0)
                return
            }
            sqlite3_bind_blob(pointer, index, start, Int32(clamping: bytes.count), Self.copied)
        }
    }

    func bind(_ index: Int32, blob halves: (UInt64, UInt64)) {
        let bytes = (halves.0.bigEndian, halves.1.bigEndian)
        _ = withUnsafeBytes(of: bytes) { sqlite3_bind_blob(pointer, index, $0.baseAddress, 16, Self.copied) }
    }

    /// Tells SQLite to copy what it is given.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: Running

    /// Runs it to its end and makes it ready for the next time.
    func run() throws(SQLiteFault) {
        let code = sqlite3_step(pointer)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            let fault = SQLiteFault(sqlite3_db_handle(pointer))
            sqlite3_reset(pointer)
            throw fault
        }
        sqlite3_reset(pointer)
    }

    /// Runs it with a text argument that is not copied.
    func run(binding text: [UInt8], at index: Int32) throws(SQLiteFault) {
        let code = text.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                sqlite3_bind_text(
                    pointer, index, characters.baseAddress, Int32(clamping: characters.count), nil)
                return sqlite3_step(pointer)
            }
        }
        guard code == SQLITE_DONE else {
            let fault = SQLiteFault(sqlite3_db_handle(pointer))
            sqlite3_reset(pointer)
            throw fault
        }
        sqlite3_reset(pointer)
    }

    /// Runs it and says whether it changed a row.
    func changesRow() throws(SQLiteFault) -> Bool {
        try run()
        return sqlite3_changes(sqlite3_db_handle(pointer)) > 0
    }

    /// Goes to the next row; at the end it is made ready for the next time.
    func step() throws(SQLiteFault) -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(pointer)
            return false
        default:
            let fault = SQLiteFault(sqlite3_db_handle(pointer))
            sqlite3_reset(pointer)
            throw fault
        }
    }

    /// Gives up the rows that are left.
    func reset() { sqlite3_reset(pointer) }

    /// The number in the first column of the only row that matters; nil if there is none.
    func firstInt() throws(SQLiteFault) -> Int64? {
        guard try step() else { return nil }
        defer { reset() }
        return optionalInt(0)
    }

    // MARK: Columns, from 0

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

    func optionalInt(_ column: Int32) -> Int64? {
        sqlite3_column_type(pointer, column) == SQLITE_NULL ? nil : sqlite3_column_int64(pointer, column)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(pointer, column) else { return [] }
        return [UInt8](
            UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, column))))
    }

    /// How many bytes the column has.
    func count(_ column: Int32) -> Int { Int(sqlite3_column_bytes(pointer, column)) }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func optionalText(_ column: Int32) -> String? {
        sqlite3_column_type(pointer, column) == SQLITE_NULL ? nil : text(column)
    }

    func halves(_ column: Int32) -> (UInt64, UInt64) {
        guard sqlite3_column_bytes(pointer, column) == 16, let start = sqlite3_column_blob(pointer, column)
        else {
            return (0, 0)
        }
        return (
            UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
