import KintsugiCore
package import KintsugiVocabulary
package import KintsugiWire

/// Reads a request's body strictly and collects every fault with its JSON pointer, not only the first.
///
/// A member that is null counts as left out, unless the caller asks for it by `node`.
package struct Fields {
    /// The members of one object, and where it stands.
    package struct Members {
        let pointer: String
        let all: [(name: String, node: JSONNode)]

        func node(_ name: String) -> JSONNode? {
            for member in all where member.name == name { return member.node }
            return nil
        }
    }

    package let bytes: [UInt8]
    package private(set) var faults: [FieldFault] = []

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Throws the faults, if there are any: nothing may be changed before this.
    package func check() throws(Problem) {
        if !faults.isEmpty { throw Problem(faults: faults) }
    }

    /// More faults than this are not listed: an answer must stay smaller than a request.
    private static let maxFaults = 1000

    package mutating func add(_ pointer: String, _ detail: String) {
        if faults.count < Self.maxFaults { faults.append(FieldFault(.pointer(pointer), detail)) }
    }

    mutating func add(_ members: Members, _ name: String, _ detail: String) {
        add(Self.pointer(members.pointer, name), detail)
    }

    /// The pointer to a member, escaped.
    /// - Source: RFC 6901, section 3.
    static func pointer(_ base: String, _ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return base + "/" + name
        }
        var escaped: [UInt8] = []
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "~"): escaped += [UInt8(ascii: "~"), UInt8(ascii: "0")]
            case UInt8(ascii: "/"): escaped += [UInt8(ascii: "~"), UInt8(ascii: "1")]
            default: escaped.append(byte)
            }
        }
        return base + "/" + String(decoding: escaped, as: UTF8.self)
    }

    // MARK: Objects

    /// The members of an object that may have these names and no others, each once.
    package mutating func object(_ node: JSONNode, at pointer: String, _ names: [String]) -> Members? {
        guard let all = node.object else {
            add(pointer, "must be an object")
            return nil
        }
        for (index, member) in all.enumerated() {
            if !names.contains(member.name) {
                add(Self.pointer(pointer, member.name), "is not a member that is known here")
            } else if all[..<index].contains(where: { $0.name == member.name }) {
                add(Self.pointer(pointer, member.name), "is there twice")
            }
        }
        return Members(pointer: pointer, all: all)
    }

    /// The members of an object inside an object; nil if it is left out.
    mutating func object(_ members: Members, _ name: String, _ names: [String]) -> Members? {
        guard let node = given(members, name) else { return nil }
        return object(node, at: Self.pointer(members.pointer, name), names)
    }

    /// The member if it is there and not null.
    func given(_ members: Members, _ name: String) -> JSONNode? {
        guard let node = members.node(name), !node.isNull else { return nil }
        return node
    }

    func raw(_ node: JSONNode) -> JSONText { JSONText(valid: Array(bytes[node.range])) }

    private mutating func value(_ members: Members, _ name: String, required: Bool) -> JSONNode? {
        if let node = members.node(name) {
            if !node.isNull { return node }
            if required { add(members, name, "must not be null") }
        } else if required {
            add(members, name, "is required")
        }
        return nil
    }

    // MARK: Values

    mutating func text(_ members: Members, _ name: String, _ rule: TextRule, required: Bool = false)
        -> String?
    {
        guard let node = value(members, name, required: required) else { return nil }
        guard let text = node.string else {
            add(members, name, "must be a string")
            return nil
        }
        if let fault = rule.fault(text) {
            add(members, name, fault)
            return nil
        }
        return text
    }

    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ members: Members, _ name: String, _ type: Word.Type, required: Bool = false
    ) -> Word? {
        text(members, name, .oneOf(Word.allCases.map(\.rawValue)), required: required).flatMap(
            Word.init(rawValue:))
    }

    /// Words of one kind, each once; without those that are none.
    mutating func words<Word: RawRepresentable<String> & CaseIterable & Equatable>(
        _ members: Members, _ name: String, _ type: Word.Type, _ count: ClosedRange<Int>,
        required: Bool = false
    ) -> [Word] {
        let pointer = Self.pointer(members.pointer, name)
        let rule = TextRule.oneOf(Word.allCases.map(\.rawValue))
        var words: [Word] = []
        for (index, node) in (list(members, name, count, required: required) ?? []).enumerated() {
            guard let word = node.string.flatMap(Word.init(rawValue:)) else {
                add("\(pointer)/\(index)", node.string.flatMap(rule.fault) ?? "must be a string")
                continue
            }
            if words.contains(word) { add("\(pointer)/\(index)", "is there twice") }
            words.append(word)
        }
        return words
    }

    mutating func whole(_ members: Members, _ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let node = value(members, name, required: false) else { return nil }
        guard let number = node.int, range.contains(number) else {
            add(members, name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func number(
        _ members: Members, _ name: String, _ range: ClosedRange<Double>, required: Bool = false
    ) -> Double? {
        guard let node = value(members, name, required: required) else { return nil }
        guard let number = node.double, range.contains(number) else {
            add(members, name, "must be a number between \(range.lowerBound) and \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func flag(_ members: Members, _ name: String) -> Bool? {
        guard let node = value(members, name, required: false) else { return nil }
        if node.bool == nil { add(members, name, "must be true or false") }
        return node.bool
    }

    mutating func time(_ members: Members, _ name: String) -> Timestamp? {
        guard let node = value(members, name, required: false) else { return nil }
        guard let time = node.string.flatMap({ Timestamp(rfc3339: $0) }) else {
            add(members, name, "must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z")
            return nil
        }
        return time
    }

    mutating func list(_ members: Members, _ name: String, _ count: ClosedRange<Int>, required: Bool = false)
        -> [JSONNode]?
    {
        guard let node = value(members, name, required: required) else { return nil }
        guard let items = node.array, count.contains(items.count) else {
            add(members, name, "must be an array of \(count.lowerBound) to \(count.upperBound)")
            return nil
        }
        return items
    }
}
