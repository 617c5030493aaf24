internal import NIOCore

/// What a mail server says: three digits and one line of text or more.
///
/// - Source: RFC 5321, section 4.2.
struct SMTPReply: Sendable, Hashable {
    var code: Int
    var lines: [String]

    var isPositive: Bool { (200...299).contains(code) }
    var isTransient: Bool { (400...499).contains(code) }

    /// The code and the beginning of the text, on one line.
    var text: String { PlainText.line(([String(code)] + lines).joined(separator: " "), atMost: 250) }
}

/// Takes replies out of the bytes of a connection, and gives up on what is no SMTP or too long.
struct SMTPReplyReader: Sendable {
    struct Nonsense: Error, Sendable, Hashable {
        /// The end of a sentence.
        var reason: String
    }

    /// The longest line by the book is 512 bytes; servers do not keep to it.
    static let maxLineBytes = 2048
    static let maxLines = 128

    private var buffer = ByteBuffer()
    private var code: Int?
    private var lines: [String] = []

    /// Whether something stands behind the last whole reply.
    var hasMore: Bool { buffer.readableBytes > 0 || !lines.isEmpty }

    mutating func feed(_ bytes: inout ByteBuffer) { buffer.writeBuffer(&bytes) }

    /// The next whole reply; nil while there is none.
    mutating func next() throws(Nonsense) -> SMTPReply? {
        while let line = try nextLine() {
            let digits = line.prefix(3)
            guard digits.count == 3, digits.allSatisfy({ (48...57).contains($0) }),
                let code = Int(String(decoding: digits, as: UTF8.self)), (200...599).contains(code)
            else { throw Nonsense(reason: "what it said is no SMTP") }
            guard self.code ?? code == code else { throw Nonsense(reason: "one reply of it has two codes") }
            let mark = line.dropFirst(3).first
            guard mark == nil || mark == UInt8(ascii: " ") || mark == UInt8(ascii: "-") else {
                throw Nonsense(reason: "what it said is no SMTP")
            }
            lines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
            guard lines.count <= Self.maxLines else { throw Nonsense(reason: "its reply does not end") }
            guard mark == UInt8(ascii: "-") else {
                defer { (self.code, lines) = (nil, []) }
                return SMTPReply(code: code, lines: lines)
            }
            self.code = code
        }
        return nil
    }

    private mutating func nextLine() throws(Nonsense) -> [UInt8]? {
        let view = buffer.readableBytesView
        guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
            guard view.count <= Self.maxLineBytes else { throw Nonsense(reason: "a line of it is too long") }
            return nil
        }
        var line = Array(view[..<end])
        guard line.count <= Self.maxLineBytes else { throw Nonsense(reason: "a line of it is too long") }
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }
}
