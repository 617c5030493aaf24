/// The numbers of interned words, as the writer knows them.
///
/// Words first seen in a transaction are forgotten again when it is rolled back. Bounded, because the number
/// of users is not.
struct NameTable {
    private struct Name: Hashable {
        var kind: NameKind
        var text: String
    }

    static let maxKept = 100_000

    private let select: PreparedStatement
    private let insert: PreparedStatement
    private var numbers: [Name: Int64] = [:]
    /// The last word of each kind, because most tasks are like the one before.
    private var last = [(text: String, number: Int64)?](repeating: nil, count: NameKind.count)
    /// Words of this transaction, oldest first.
    private var fresh: [Name] = []

    init(on connection: OpaquePointer) throws(SQLiteFault) {
        select = try PreparedStatement("SELECT no FROM names WHERE kind = ? AND text = ?", on: connection)
        insert = try PreparedStatement(
            "INSERT INTO names(kind, text) VALUES (?, ?) RETURNING no", on: connection)
    }

    /// The word's number, which it gets now if it has none.
    mutating func number(_ kind: NameKind, _ text: String) throws(SQLiteFault) -> Int64 {
        let place = Int(kind.rawValue)
        if let last = last[place], last.text == text { return last.number }
        let number = try lookUp(Name(kind: kind, text: text))
        last[place] = (text, number)
        return number
    }

    private mutating func lookUp(_ name: Name) throws(SQLiteFault) -> Int64 {
        if let number = numbers[name] { return number }
        var known = try stored(name)
        if known == nil { known = try added(name) }
        guard let number = known else { throw SQLiteFault(code: 1, message: "no number for a name") }
        if numbers.count >= Self.maxKept, fresh.isEmpty { numbers.removeAll(keepingCapacity: true) }
        numbers[name] = number
        return number
    }

    private func stored(_ name: Name) throws(SQLiteFault) -> Int64? {
        select.bind(1, name.kind.rawValue)
        select.bind(2, name.text)
        return try select.firstInt()
    }

    private mutating func added(_ name: Name) throws(SQLiteFault) -> Int64? {
        insert.bind(1, name.kind.rawValue)
        insert.bind(2, name.text)
        fresh.append(name)
        return try insert.firstInt()
    }

    /// How many words this transaction has added so far; `forget(to:)` goes back to here.
    var mark: Int { fresh.count }

    mutating func forget(to mark: Int) {
        for name in fresh[mark...] {
            numbers[name] = nil
            last[Int(name.kind.rawValue)] = nil
        }
        fresh.removeSubrange(mark...)
    }

    mutating func committed() { fresh.removeAll(keepingCapacity: true) }

    func finalize() {
        select.finalize()
        insert.finalize()
    }
}
