/// A parsed JSON value that remembers where in the text it stood, so that a part can be kept as raw bytes.
///
/// Strict RFC 8259: no trailing commas, no comments, valid UTF-8, no lone surrogates. Depth is limited,
/// because a kilobyte of brackets must not cost a stack.
package struct JSONNode: Sendable {
    package enum Value: Sendable {
        case null
        case bool(Bool)
        /// The number as written.
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([(name: String, node: JSONNode)])
    }

    package let value: Value
    package let range: Range<Int>

    package static let maxDepth = 64

    package init(value: Value, range: Range<Int>) {
        self.value = value
        self.range = range
    }

    package init(parsing bytes: [UInt8], maxDepth: Int = JSONNode.maxDepth) throws(JSONSyntaxError) {
        var parser = Parser(bytes: bytes, maxDepth: maxDepth)
        self = try parser.document()
    }

    package var isNull: Bool { if case .null = value { true } else { false } }
    package var string: String? { if case .string(let text) = value { text } else { nil } }
    package var bool: Bool? { if case .bool(let flag) = value { flag } else { nil } }
    package var array: [JSONNode]? { if case .array(let nodes) = value { nodes } else { nil } }
    package var object: [(name: String, node: JSONNode)]? {
        if case .object(let all) = value { all } else { nil }
    }

    /// The number if it is a whole one that fits, `1e3` and `5.0` included.
    package var int: Int64? {
        guard case .number(let text) = value else { return nil }
        if let exact = Int64(text) { return exact }
        guard let double = Double(text), double.isFinite, abs(double) < 9e15 else { return nil }
        return Int64(exactly: double)
    }

    package var double: Double? {
        guard case .number(let text) = value, let double = Double(text), double.isFinite else { return nil }
        return double
    }

    /// The first member with this name.
    package subscript(name: String) -> JSONNode? {
        guard case .object(let members) = value else { return nil }
        for member in members where member.name == name { return member.node }
        return nil
    }
}

extension JSONNode {
    private struct Parser {
        let bytes: [UInt8]
        let maxDepth: Int
        var at = 0

        mutating func document() throws(JSONSyntaxError) -> JSONNode {
            let node = try value(depth: 0)
            skipSpace()
            guard at == bytes.count else { throw fault("unexpected text after the value") }
            return node
        }

        private func fault(_ reason: String) -> JSONSyntaxError {
            JSONSyntaxError(reason: reason, offset: at)
        }

        private mutating func skipSpace() {
            while at < bytes.count,
                bytes[at] == 0x20 || bytes[at] == 0x0a || bytes[at] == 0x0d || bytes[at] == 0x09
            {
                at += 1
            }
        }

        private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONNode {
            skipSpace()
            guard at < bytes.count else { throw fault("the text ends too early") }
            let start = at
            let value: Value
            switch bytes[at] {
            case UInt8(ascii: "{"): value = try object(depth: depth + 1)
            case UInt8(ascii: "["): value = try array(depth: depth + 1)
            case UInt8(ascii: "\""): value = .string(try string())
            case UInt8(ascii: "t"): value = try literal("true", .bool(true))
            case UInt8(ascii: "f"): value = try literal("false", .bool(false))
            case UInt8(ascii: "n"): value = try literal("null", .null)
            case UInt8(ascii: "-"), 48...57: value = .number(try number())
            default: throw fault("unexpected character")
            }
            return JSONNode(value: value, range: start..<at)
        }

        private mutating func literal(_ text: StaticString, _ value: Value) throws(JSONSyntaxError) -> Value {
            for index in 0..<text.utf8CodeUnitCount {
                guard at < bytes.count, bytes[at] == text.utf8Start[index] else {
                    throw fault("unexpected character")
                }
                at += 1
            }
            return value
        }

        private mutating func object(depth: Int) throws(JSONSyntaxError) -> Value {
            guard depth <= maxDepth else { throw fault("nested deeper than \(maxDepth)") }
            at += 1
            var members: [(name: String, node: JSONNode)] = []
            skipSpace()
            if at < bytes.count, bytes[at] == UInt8(ascii: "}") {
                at += 1
                return .object([])
            }
            while true {
                skipSpace()
                guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
                    throw fault("a name was expected")
                }
                let name = try string()
                skipSpace()
                guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else {
                    throw fault("a colon was expected")
                }
                at += 1
                members.append((name, try value(depth: depth)))
                if try !another(closing: UInt8(ascii: "}")) { return .object(members) }
            }
        }

        private mutating func array(depth: Int) throws(JSONSyntaxError) -> Value {
            guard depth <= maxDepth else { throw fault("nested deeper than \(maxDepth)") }
            at += 1
            var nodes: [JSONNode] = []
            skipSpace()
            if at < bytes.count, bytes[at] == UInt8(ascii: "]") {
                at += 1
                return .array([])
            }
            while true {
                nodes.append(try value(depth: depth))
                if try !another(closing: UInt8(ascii: "]")) { return .array(nodes) }
            }
        }

        private mutating func another(closing: UInt8) throws(JSONSyntaxError) -> Bool {
            skipSpace()
            guard at < bytes.count else { throw fault("the text ends too early") }
            let byte = bytes[at]
            guard byte == UInt8(ascii: ",") || byte == closing else { throw fault("a comma was expected") }
            at += 1
            return byte != closing
        }

        private mutating func number() throws(JSONSyntaxError) -> String {
            let start = at
            if bytes[at] == UInt8(ascii: "-") { at += 1 }
            guard let first = peek, (48...57).contains(first) else { throw fault("a digit was expected") }
            if first == 48 { at += 1 } else { skipDigits() }
            if peek == UInt8(ascii: ".") {
                at += 1
                guard let digit = peek, (48...57).contains(digit) else { throw fault("a digit was expected") }
                skipDigits()
            }
            if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
                at += 1
                if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
                guard let digit = peek, (48...57).contains(digit) else { throw fault("a digit was expected") }
                skipDigits()
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

        private mutating func skipDigits() {
            while at < bytes.count, (48...57).contains(bytes[at]) { at += 1 }
        }

        private mutating func string() throws(JSONSyntaxError) -> String {
            at += 1
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"),
                bytes[at] >= 0x20
            {
                at += 1
            }
            guard let end = peek else { throw fault("a string has no end") }
            if end == UInt8(ascii: "\"") {
                defer { at += 1 }
                return try validated(bytes[start..<at])
            }
            return try escapedString(prefix: bytes[start..<at])
        }

        private func validated(_ slice: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
            guard let text = String(validating: slice, as: UTF8.self) else { throw fault("invalid UTF-8") }
            return text
        }

        private mutating func escapedString(prefix: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
            var text = Array(prefix)
            while true {
                guard let byte = peek else { throw fault("a string has no end") }
                at += 1
                switch byte {
                case UInt8(ascii: "\""): return try validated(text[...])
                case UInt8(ascii: "\\"): try escape(into: &text)
                case 0..<0x20: throw fault("a control character in a string")
                default: text.append(byte)
                }
            }
        }

        private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
            guard let byte = peek else { throw fault("a string has no end") }
            at += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"): try unicodeEscape(into: &text)
            default: throw fault("an unknown escape")
            }
        }

        private mutating func unicodeEscape(into text: inout [UInt8]) throws(JSONSyntaxError) {
            var code = UInt32(try hex4())
            if (0xd800..<0xdc00).contains(code) {
                guard peek == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "u")
                else {
                    throw fault("half a surrogate pair")
                }
                at += 2
                let low = UInt32(try hex4())
                guard (0xdc00..<0xe000).contains(low) else { throw fault("half a surrogate pair") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        }

        private mutating func hex4() throws(JSONSyntaxError) -> UInt16 {
            var code: UInt16 = 0
            for _ in 0..<4 {
                guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                    throw fault("four hexadecimal digits were expected")
                }
                code = code << 4 | UInt16(digit)
                at += 1
            }
            return code
        }
    }
}
