/// A span's place in a trace.
///
/// - Source: W3C Trace Context, level 1, section 3.2.
package struct SpanContext: Sendable, Hashable {
    /// The 16 bytes of the trace's id, big-endian halves; not both 0.
    package let traceHigh: UInt64
    package let traceLow: UInt64
    /// Not 0.
    package let spanID: UInt64
    package let isSampled: Bool

    package init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Nil for anything that is not valid; a later version is read as far as it is known.
    package init?(traceparent text: String) {
        let fields = text.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, let version = Self.hex(fields[0], 2), version != 255,
            version != 0 || fields.count == 4, fields[1].utf8.count == 32,
            let high = Self.hex(fields[1].prefix(16), 16), let low = Self.hex(fields[1].suffix(16), 16),
            high | low != 0, let span = Self.hex(fields[2], 16), span != 0,
            let flags = Self.hex(fields[3], 2)
        else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, isSampled: flags & 1 == 1)
    }

    package var traceparent: String { "00-\(traceID)-\(Self.text(spanID))-0\(isSampled ? 1 : 0)" }

    /// 32 hexadecimal digits.
    package var traceID: String { Self.text(traceHigh) + Self.text(traceLow) }

    /// Another span of the same trace.
    package func with(spanID: UInt64) -> SpanContext {
        SpanContext(traceHigh: traceHigh, traceLow: traceLow, spanID: spanID, isSampled: isSampled)
    }

    /// 16 hexadecimal digits.
    package static func text(_ half: UInt64) -> String {
        let digits = String(half, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Lower case only, as the standard has it.
    private static func hex(_ text: Substring, _ count: Int) -> UInt64? {
        guard text.utf8.count == count else { return nil }
        var value: UInt64 = 0
        for byte in text.utf8 {
            switch byte {
            case 48...57: value = value << 4 | UInt64(byte - 48)
            case 97...102: value = value << 4 | UInt64(byte - 87)
            default: return nil
            }
        }
        return value
    }
}
