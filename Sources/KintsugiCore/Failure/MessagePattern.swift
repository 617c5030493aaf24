/// A message without what differs from case to case, so that failures of one cause read the same.
///
/// Identifiers, numbers, times, hosts, addresses and short quoted values become `*`, several in a row one; words
/// that carry the cause stay, those inside paths, longer quotations and JSON bodies too. Looks at a bounded
/// beginning and keeps a bounded number of words, not of bytes: how long the noise was must not show.
package enum MessagePattern {
    /// Bytes of a message that are looked at.
    static let maxBytes = 4096
    /// Words that are kept, each `*` being one.
    static let maxWords = 32
    /// Bytes of kept words after which no further one is taken.
    static let maxLength = 400

    package static func of(_ message: String) -> String {
        var scan = PatternScan(folded(message))
        return scan.words().joined(separator: " ")
    }

    /// The beginning with plain quotes, digits and spaces, and without anything that cannot be seen.
    private static func folded(_ message: String) -> [UInt8] {
        let prefix = message.utf8.prefix(maxBytes)
        if prefix.allSatisfy({ $0 < 0x80 }) { return Array(prefix) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefix.count)
        for scalar in message.unicodeScalars {
            if scalar.isASCII {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes += folded(scalar)
            }
            if bytes.count >= maxBytes { break }
        }
        return bytes
    }

    private static func folded(_ scalar: Unicode.Scalar) -> [UInt8] {
        switch scalar {
        case "\u{201c}"..."\u{201f}", "\u{ab}", "\u{bb}": return [UInt8(ascii: "\"")]
        case "\u{2018}"..."\u{201b}": return [UInt8(ascii: "'")]
        default: break
        }
        switch scalar.properties.generalCategory {
        case .decimalNumber: return [UInt8(ascii: "0")]
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
            .paragraphSeparator:
            return [UInt8(ascii: " ")]
        default: return Array(String(Character(scalar)).utf8)
        }
    }
}

/// One walk through a message from left to right.
private struct PatternScan {
    private let bytes: [UInt8]
    private var index = 0
    private var found: [String] = []
    private var length = 0
    /// Where quotations end that were entered.
    private var ends: Set<Int> = []
    /// The word, in lower case, that names what comes next: behind it only `:` or `=` has come.
    private var key: String?
    /// Whether it was `=`, behind which even a plain word is a value.
    private var isAssigned = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func words() -> [String] {
        while index < bytes.count, found.count < MessagePattern.maxWords, length < MessagePattern.maxLength {
            let byte = bytes[index]
            if byte.isQuote, takesQuotation(byte) { continue }
            if byte.isDelimiter {
                note(byte)
                index += 1
            } else {
                take(token())
            }
        }
        return found
    }

    /// Notes whether the last word names what comes next.
    private mutating func note(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "="):
            // Not the padding at the end of Base64, nor a comparison.
            guard let last = found.last, last != "*", index + 1 < bytes.count, index > 0,
                bytes[index - 1].isWord || bytes[index - 1].isQuote,
                !bytes[index + 1].isSpace, bytes[index + 1] != byte
            else { return }
            (key, isAssigned) = (last.lowercased(), true)
        case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): break
        default: (key, isAssigned) = (nil, false)
        }
    }

    // MARK: Tokens

    private mutating func token() -> ArraySlice<UInt8> {
        let start = index
        var isAddress = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte.isSpace || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") { break }
            if byte.isQuote {
                guard isInWord else { break }
            } else if !isAddress, byte.isDelimiter {
                // A query belongs to its path.
                guard byte == UInt8(ascii: "?"), bytes[start..<index].contains(UInt8(ascii: "/")) else {
                    break
                }
                isAddress = true
            }
            isAddress = isAddress || bytes[start...index].suffix(3).elementsEqual("://".utf8)
            index += 1
        }
        return bytes[start..<index]
    }

    /// An apostrophe between two letters belongs to the word, as in "can't".
    private var isInWord: Bool {
        bytes[index] == UInt8(ascii: "'") && index > 0 && index + 1 < bytes.count && bytes[index - 1].isWord
            && bytes[index + 1].isWord
    }

    private mutating func take(_ token: ArraySlice<UInt8>) {
        let isValue = isAssigned && !namesACause
        let named = key
        (key, isAssigned) = (nil, false)
        let words = MessageWord.words(of: token)
        for word in words { append(isValue ? "*" : word) }
        if token.last == UInt8(ascii: ":") {
            key = words.isEmpty ? found.last?.lowercased() : words.last?.lowercased()
        }
        if words.isEmpty, key == nil { key = named }
    }

    private mutating func append(_ word: String) {
        if word == "*" {
            // What belongs to a number goes with it: "Tue 24", "EUR 12", "1 second".
            while let last = found.last, MessageWord.isUnit(last) {
                length -= (found.popLast() ?? "").utf8.count
            }
            if found.last == "*" { return }
        } else if found.last == "*", MessageWord.isUnit(word) {
            return
        }
        found.append(word)
        length += word.utf8.count
    }

    // MARK: Quotations

    /// Members of JSON bodies and log lines whose values say what went wrong.
    private static let causes: Set<String> = [
        "error", "errors", "err", "code", "error_code", "errorcode", "type", "error_type", "kind", "class",
        "exception", "cause", "reason", "fault", "message", "msg", "error_message", "error_description",
        "description", "detail", "details", "title", "status", "decline_code", "failure", "field", "param",
        "path", "pointer",
    ]
    /// Further away the closing quote is not looked for.
    private static let maxQuotation = 512
    /// A quotation with so many spaces is a sentence and no value.
    private static let spacesOfASentence = 3

    private var namesACause: Bool { key.map(Self.causes.contains) ?? false }

    /// Takes the quotation that begins here as one value, or steps into it; false: none begins here.
    private mutating func takesQuotation(_ quote: UInt8) -> Bool {
        guard !ends.contains(index), index == 0 || !bytes[index - 1].isWord, let end = end(of: quote) else {
            return false
        }
        let spaces = bytes[(index + 1)..<end].count { $0 == UInt8(ascii: " ") }
        if spaces >= Self.spacesOfASentence || namesACause || isName(endingAt: end) {
            isAssigned = false
            ends.insert(end)
            index += 1
            return true
        }
        (key, isAssigned) = (nil, false)
        append("*")
        index = end + 1
        return true
    }

    private func end(of quote: UInt8) -> Int? {
        let isEscaped = index > 0 && bytes[index - 1] == UInt8(ascii: "\\")
        let limit = min(bytes.count, index + Self.maxQuotation)
        var place = index + 1
        while place < limit {
            if bytes[place] == UInt8(ascii: "\\"), !isEscaped {
                place += 2
                continue
            }
            if bytes[place] == quote, place + 1 == bytes.count || !bytes[place + 1].isWord { return place }
            place += 1
        }
        return nil
    }

    /// Whether a colon follows the quotation, so that it is the name of a member.
    private func isName(endingAt end: Int) -> Bool {
        bytes[(end + 1)...].first { $0 != UInt8(ascii: " ") } == UInt8(ascii: ":")
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self <= 32 || self == 127 }

    fileprivate var isQuote: Bool {
        self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") || self == UInt8(ascii: "`")
    }

    fileprivate var isDelimiter: Bool {
        switch self {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
            UInt8(ascii: "}"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "|"), UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "\\"),
            UInt8(ascii: "*"):
            true
        default: isSpace || isQuote
        }
    }

    /// A letter or a digit; everything outside ASCII counts as one.
    fileprivate var isWord: Bool { isLetter || isDigit }
}
