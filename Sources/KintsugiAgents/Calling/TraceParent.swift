/// The `traceparent` of a caller, continued with a span of our own.
///
/// - Source: W3C Trace Context, level 1, section 3.2.
struct TraceParent {
    /// 32 hexadecimal digits in lower case, not all zero.
    private let traceID: Substring
    private let flags: Substring

    /// Nil for anything that is not valid; a later version is read as far as it is known.
    init?(_ text: String) {
        let fields = text.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, text.utf8.allSatisfy({ $0 < 0x80 }),
            Self.isHex(fields[0], 2), fields[0] != "ff", fields[0] != "00" || fields.count == 4,
            Self.isHex(fields[1], 32), fields[1].contains(where: { $0 != "0" }),
            Self.isHex(fields[2], 16), fields[2].contains(where: { $0 != "0" }),
            Self.isHex(fields[3], 2)
        else { return nil }
        (traceID, flags) = (fields[1], fields[3])
    }

    /// The same trace and a new parent, which must not be 0.
    func header(spanID: UInt64) -> String {
        let span = String(spanID, radix: 16)
        return "00-\(traceID)-\(String(repeating: "0", count: 16 - span.utf8.count))\(span)-\(flags)"
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
