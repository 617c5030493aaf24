/// An IP address as a number, so that every spelling of it is the same value.
package enum IPAddress: Sendable, Hashable, CustomStringConvertible {
    case v4(UInt32)
    /// Big-endian halves.
    case v6(UInt64, UInt64)

    /// The canonical text, without brackets.
    ///
    /// - Source: RFC 5952, section 4.
    package var description: String {
        switch self {
        case .v4(let bits): Self.dotted(bits)
        case .v6(let high, let low): Self.colons(high, low)
        }
    }

    /// As it stands in a URL.
    package var authority: String {
        switch self {
        case .v4: description
        case .v6: "[\(description)]"
        }
    }

    private static func dotted(_ bits: UInt32) -> String {
        "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
    }

    private static func colons(_ high: UInt64, _ low: UInt64) -> String {
        if high == 0, low >> 32 == 0xffff { return "::ffff:" + dotted(UInt32(truncatingIfNeeded: low)) }
        let groups = (0..<8).map {
            UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64((3 - $0 % 4) * 16))
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        func text(_ part: some Sequence<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(groups) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}

extension IPAddress {
    /// Reads an address in its usual form: four decimal numbers, or the colons of IPv6 without brackets or
    /// zone.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 45 else { return nil }
        if let bits = Self.strictV4(bytes[...]) {
            self = .v4(bits)
        } else if let halves = Self.v6(bytes) {
            self = .v6(halves.0, halves.1)
        } else {
            return nil
        }
    }

    /// Reads IPv4 as the C library and browsers do: one to four numbers, decimal, octal or hexadecimal.
    ///
    /// The last number fills all the bytes that are left: `127.1`, `0x7f.1`, `017700000001`, `2130706433`.
    /// - Source: WHATWG URL, "IPv4 parser"; `inet_aton(3)`.
    package init?(looseV4 text: some StringProtocol) {
        var parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
        guard (1...4).contains(parts.count) else { return nil }
        var bits: UInt64 = 0
        for (index, part) in parts.enumerated() {
            guard let number = Self.looseNumber(Array(part)) else { return nil }
            if index < parts.count - 1 {
                guard number <= 255 else { return nil }
                bits = bits << 8 | number
            } else {
                let width = UInt64(8 * (5 - parts.count))
                guard number >> width == 0 else { return nil }
                bits = bits << width | number
            }
        }
        self = .v4(UInt32(truncatingIfNeeded: bits))
    }

    /// Whether a host is meant as a number, so that it must never be looked up as a name.
    ///
    /// - Source: WHATWG URL, "ends in a number checker".
    static func looksNumeric(_ host: some StringProtocol) -> Bool {
        var parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        if parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
        guard let last = parts.last, !last.isEmpty else { return false }
        if last.allSatisfy({ (48...57).contains($0) }) { return true }
        let prefix = last.prefix(2).map { $0 | 0x20 }
        return prefix == [0x30, 0x78] && last.dropFirst(2).allSatisfy { hexDigit($0) != nil }
    }

    /// A number below 2^32 with C's prefixes; an empty hexadecimal is 0.
    private static func looseNumber(_ bytes: [UInt8]) -> UInt64? {
        var digits = bytes[...]
        var radix: UInt64 = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            let isHex = digits[1] | 0x20 == UInt8(ascii: "x")
            radix = isHex ? 16 : 8
            digits = digits.dropFirst(isHex ? 2 : 1)
        } else if digits.isEmpty {
            return nil
        }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = hexDigit(byte), digit < radix else { return nil }
            value = value * radix + digit
            guard value <= UInt64(UInt32.max) else { return nil }
        }
        return value
    }

    private static func strictV4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            var value: UInt32 = 0
            for byte in part {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + UInt32(byte - 48)
            }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    /// - Source: RFC 4291, section 2.2.
    private static func v6(_ bytes: [UInt8]) -> (UInt64, UInt64)? {
        var front: [UInt16] = []
        var back: [UInt16]?
        var rest = bytes[...]
        if rest.starts(with: [0x3a, 0x3a]) {
            back = []
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != UInt8(ascii: ":") }
            rest = rest.dropFirst(group.count)
            var words: [UInt16]
            if rest.isEmpty, group.contains(UInt8(ascii: ".")) {
                guard let bits = strictV4(group) else { return nil }
                words = [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
            } else {
                guard (1...4).contains(group.count), let word = hexWord(group) else { return nil }
                words = [word]
            }
            if back == nil { front += words } else { back? += words }
            guard !rest.isEmpty else { break }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard back == nil else { return nil }
                back = []
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        let count = front.count + (back?.count ?? 0)
        guard back == nil ? count == 8 : count <= 7 else { return nil }
        let groups = front + Array(repeating: 0, count: 8 - count) + (back ?? [])
        func half(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        return (half(groups[..<4]), half(groups[4...]))
    }

    private static func hexWord(_ bytes: ArraySlice<UInt8>) -> UInt16? {
        var value: UInt16 = 0
        for byte in bytes {
            guard let digit = hexDigit(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 48...57: UInt64(byte - 48)
        case 97...102: UInt64(byte - 87)
        case 65...70: UInt64(byte - 55)
        default: nil
        }
    }
}
