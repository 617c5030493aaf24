/// Reads a short ASCII text from left to right; every step that does not fit is nil and can trap nothing.
struct TextReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Consumes exactly so many decimal digits, at most 18.
    mutating func number(digits: Int) -> Int? {
        guard digits <= 18, rest.count >= digits else { return nil }
        var value = 0
        for byte in rest.prefix(digits) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        rest.removeFirst(digits)
        return value
    }

    /// Consumes that very text.
    mutating func skip(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            guard rest.starts(with: wanted) else { return false }
            rest.removeFirst(wanted.count)
            return true
        }
    }

    /// Consumes the first of the texts that fits and says which one it was, from 0.
    mutating func choice(of texts: [StaticString]) -> Int? {
        for (index, text) in texts.enumerated() where skip(text) { return index }
        return nil
    }
}
