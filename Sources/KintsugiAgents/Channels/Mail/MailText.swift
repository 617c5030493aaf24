internal import KintsugiEngine

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import FoundationEssentials
#endif

/// Texts in the seven-bit forms of mail.
enum MailText {
    /// A header with a text for people: as it is, or in encoded words; folded, and never with a line end of its
    /// own.
    ///
    /// - Source: RFC 2047, section 2 (an encoded word has at most 75 characters); RFC 5322, section 2.1.1.
    static func header(_ name: String, _ text: String) -> String {
        let text = PlainText.line(text, atMost: 500)
        let isPlain = text.utf8.allSatisfy { $0 < 0x80 } && !text.contains("=?")
        let words = isPlain ? text.split(separator: " ").map(String.init) : encodedWords(text)
        return folded("\(name):", words)
    }

    /// A header with addresses.
    static func header(_ name: String, _ addresses: [MailAddress]) -> String {
        var words: [String] = []
        for (index, address) in addresses.enumerated() {
            let comma = index < addresses.count - 1 ? "," : ""
            words += phrase(address.name)
            words.append((address.name.isEmpty ? address.address : "<\(address.address)>") + comma)
        }
        return folded("\(name):", words)
    }

    private static func phrase(_ name: String) -> [String] {
        let name = PlainText.line(name, atMost: 200)
        guard !name.isEmpty else { return [] }
        guard name.utf8.allSatisfy({ $0 < 0x80 }), !name.contains("=?") else { return encodedWords(name) }
        let escaped = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\"".split(separator: " ").map(String.init)
    }

    private static func folded(_ name: String, _ words: [String]) -> String {
        var header = name
        var length = name.utf8.count
        for word in words {
            if length + 1 + word.utf8.count > 76, length > name.utf8.count {
                header += "\r\n"
                length = 0
            }
            header += " " + word
            length += 1 + word.utf8.count
        }
        return header + "\r\n"
    }

    /// Chunks of whole characters: what stands in one word is decoded by itself.
    private static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var chunk: [UInt8] = []
        func flush() {
            guard !chunk.isEmpty else { return }
            words.append("=?UTF-8?B?\(Data(chunk).base64EncodedString())?=")
            chunk = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(Character(scalar)).utf8)
            // 39 bytes are 52 characters of base64, 64 with what stands around them: room for the header's name.
            if chunk.count + bytes.count > 39 { flush() }
            chunk += bytes
        }
        flush()
        return words
    }

    /// - Source: RFC 2045, section 6.7: lines of at most 76 characters; `=`, controls, bytes from 128 on and
    ///   blanks at an end of line are written as `=XX`.
    static func quotedPrintable(_ text: String) -> String {
        var lines: [String] = []
        for line in text.replacing("\r\n", with: "\n").split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r" })
        {
            var current = ""
            let bytes = Array(line.utf8)
            for (index, byte) in bytes.enumerated() {
                let isLast = index == bytes.count - 1
                let isPlain =
                    (33...126).contains(byte) && byte != UInt8(ascii: "=")
                    || (byte == 32 || byte == 9) && !isLast
                let piece = isPlain ? String(UnicodeScalar(byte)) : "=" + hex(byte)
                if current.utf8.count + piece.utf8.count > 75 {
                    lines.append(current + "=")
                    current = ""
                }
                current += piece
            }
            lines.append(current)
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return byte < 16 ? "0" + digits : digits
    }
}
