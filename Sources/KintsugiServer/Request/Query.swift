import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Reads a request's query strictly and collects every fault with its parameter.
struct Query {
    private(set) var parameters: [(name: String, value: String)] = []
    private(set) var faults: [FieldFault] = []

    init(_ text: String?) {
        for piece in (text ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let parts = piece.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let rawName = String(decoding: parts[0], as: UTF8.self)
            guard let name = Self.decoded(parts[0]), let value = parts.count > 1 ? Self.decoded(parts[1]) : ""
            else {
                faults.append(FieldFault(.parameter(rawName), "is not percent-encoded UTF-8"))
                continue
            }
            if parameters.contains(where: { $0.name == name }) { add(name, "is there twice") }
            parameters.append((name, value))
        }
    }

    mutating func add(_ name: String, _ detail: String) {
        faults.append(FieldFault(.parameter(name), detail))
    }

    /// Throws the faults; parameters with other names than these are among them.
    mutating func check(_ names: [String], prefix: String? = nil) throws(Problem) {
        for (name, _) in parameters where !names.contains(name) {
            if let prefix, name.hasPrefix(prefix) { continue }
            add(name, "is not a parameter that is known here")
        }
        if !faults.isEmpty { throw Problem(faults: faults) }
    }

    func value(_ name: String) -> String? { parameters.first { $0.name == name }?.value }

    mutating func text(_ name: String, _ rule: TextRule) -> String? {
        guard let text = value(name) else { return nil }
        if let fault = rule.fault(text) {
            add(name, fault)
            return nil
        }
        return text
    }

    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: Word.Type)
        -> Word?
    {
        text(name, .oneOf(Word.allCases.map(\.rawValue))).flatMap(Word.init(rawValue:))
    }

    /// One or several words, parted by commas.
    mutating func words<Word: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: Word.Type)
        -> [Word]
    {
        guard let text = value(name) else { return [] }
        let words = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            Word(rawValue: String(decoding: $0, as: UTF8.self))
        }
        if words.contains(where: { $0 == nil }) {
            add(
                name,
                "must be of " + Word.allCases.map(\.rawValue).joined(separator: ", ") + ", parted by commas")
        }
        return words.compactMap { $0 }
    }

    /// One or several texts, parted by commas; each fault is told once.
    mutating func texts(_ name: String, _ rule: TextRule, atMost limit: Int = 100) -> [String] {
        guard let value = value(name) else { return [] }
        let texts = value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        if texts.count > limit { add(name, "may have at most \(limit) values, parted by commas") }
        if let fault = texts.lazy.compactMap(rule.fault).first { add(name, fault + ", parted by commas") }
        return texts
    }

    /// An exact amount of money, without a currency.
    mutating func amount(_ name: String) -> String? {
        guard let text = value(name) else { return nil }
        guard Decimal.isAmount(text) else {
            add(name, "must be 1 to 30 digits with up to 18 decimals")
            return nil
        }
        return text
    }

    mutating func whole(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let text = value(name) else { return nil }
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        guard isPlain, let number = Int64(text), range.contains(number) else {
            add(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func flag(_ name: String) -> Bool? {
        text(name, .oneOf(["true", "false"])).map { $0 == "true" }
    }

    mutating func time(_ name: String) -> Timestamp? {
        guard let text = value(name) else { return nil }
        // A plus sign that was not encoded has become a space.
        guard let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text.replacingSpace) else {
            add(name, "must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z")
            return nil
        }
        return time
    }

    mutating func limit() -> Int { whole("limit", 1...200).map(Int.init(clamping:)) ?? 50 }

    /// What a `next_cursor` of ours held; our own texts only, so that they can change.
    mutating func cursor() -> String? {
        guard let text = value("cursor") else { return nil }
        guard !text.isEmpty, text.utf8.count <= 512, let bytes = Base64.decodeURL(text),
            let cursor = String(validating: bytes, as: UTF8.self)
        else {
            add("cursor", "must be the next_cursor of the page before")
            return nil
        }
        return cursor
    }

    mutating func numberCursor() -> Int64? {
        guard let text = cursor() else { return nil }
        guard let number = Int64(text), number >= 0 else {
            add("cursor", "must be the next_cursor of the page before")
            return nil
        }
        return number
    }

    mutating func groupCursor() -> CauseGroupCursor? {
        guard let text = cursor() else { return nil }
        let parts = text.split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 2 else {
            add("cursor", "must be the next_cursor of the page before")
            return nil
        }
        return CauseGroupCursor(rank: parts[0], number: parts[1])
    }

    static func cursorText(_ value: String) -> String { Base64.encodeURL(Array(value.utf8)) }

    private static func decoded(_ text: Substring.UTF8View.SubSequence) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit),
                    let low = rest.popFirst().flatMap(hexDigit)
                else {
                    return nil
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension String {
    fileprivate var replacingSpace: String {
        String(decoding: utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "+") : $0 }, as: UTF8.self)
    }
}
