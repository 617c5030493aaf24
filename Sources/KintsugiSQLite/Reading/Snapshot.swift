import Dispatch
import GRDB
import GRDBSQLite
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Why a read gave nothing.
enum ReadFault: Error {
    case sqlite(SQLiteFault)
    /// What is stored cannot be understood.
    case unreadable(String)

    var storeError: StoreError {
        switch self {
        case .sqlite(let fault) where fault.primary == SQLITE_INTERRUPT:
            .broken("The read was stopped after 2 seconds; ask for less at once.")
        case .sqlite(let fault): fault.storeError
        case .unreadable(let text): .broken(text)
        }
    }
}

/// One consistent look at the database.
struct Snapshot {
    let database: Database

    /// How long a read may take; a reader that stays longer keeps the WAL from being cut.
    enum Limit: Sendable {
        case short, none
    }

    static let timeLimit: UInt64 = 2_000_000_000

    static func read<Value>(
        _ database: Result<Database, any Error>, within limit: Limit,
        _ body: (Snapshot) throws(ReadFault) -> Value
    ) -> Result<Value, StoreError> {
        let opened: Database
        switch database {
        case .success(let database): opened = database
        case .failure(let error):
            let fault = SQLiteFault(error)
            return .failure(fault.primary == SQLITE_MISUSE ? .closed : fault.storeError)
        }
        var deadline = DispatchTime.now().uptimeNanoseconds + timeLimit
        return withUnsafeMutablePointer(to: &deadline) { deadline in
            if limit == .short {
                sqlite3_progress_handler(
                    opened.sqliteConnection, 10_000,
                    { deadline in
                        let end = deadline?.assumingMemoryBound(to: UInt64.self).pointee ?? .max
                        return DispatchTime.now().uptimeNanoseconds > end ? 1 : 0
                    }, deadline)
            }
            defer { sqlite3_progress_handler(opened.sqliteConnection, 0, nil, nil) }
            do throws(ReadFault) { return .success(try body(Snapshot(database: opened))) } catch {
                return .failure(error.storeError)
            }
        }
    }

    func statement(_ sql: String) throws(ReadFault) -> PreparedStatement {
        try sqlite { () throws(SQLiteFault) in try PreparedStatement(sql, in: database) }
    }

    /// Puts a fault of SQLite in a reader's words.
    func sqlite<Value>(_ body: () throws(SQLiteFault) -> Value) throws(ReadFault) -> Value {
        do throws(SQLiteFault) { return try body() } catch { throw .sqlite(error) }
    }

    func number(_ kind: NameKind, _ text: String) throws(ReadFault) -> Int64? {
        let select = try statement("SELECT no FROM names WHERE kind = ? AND text = ?")
        select.bind(1, kind.rawValue)
        select.bind(2, text)
        return try select.first { $0.int(0) }
    }
}

/// Reading rows, with a reader's faults.
extension PreparedStatement {
    func next() throws(ReadFault) -> Bool {
        do throws(SQLiteFault) { return try step() } catch { throw .sqlite(error) }
    }

    /// What the first row gives; nil if there is none.
    func first<Value>(_ value: (PreparedStatement) -> Value) throws(ReadFault) -> Value? {
        guard try next() else { return nil }
        defer { reset() }
        return value(self)
    }

    func all<Value>(_ value: (PreparedStatement) -> Value) throws(ReadFault) -> [Value] {
        var values: [Value] = []
        while try next() { values.append(value(self)) }
        return values
    }
}
