/// A range of addresses that begin with the same bits, such as `10.0.0.0/8` or `fd00::/8`.
package struct CIDR: Sendable, Hashable, CustomStringConvertible {
    /// The first address of the range.
    package let first: IPAddress
    /// How many leading bits are given: 0 to 32, or 0 to 128.
    package let length: Int

    /// The range around an address; bits beyond the length count for nothing.
    package init?(_ address: IPAddress, length: Int) {
        switch address {
        case .v4(let bits):
            guard (0...32).contains(length) else { return nil }
            first = .v4(length == 0 ? 0 : bits & .max << UInt32(32 - length))
        case .v6(let high, let low):
            guard (0...128).contains(length) else { return nil }
            first = .v6(high & Self.mask(min(length, 64)), low & Self.mask(max(length - 64, 0)))
        }
        self.length = length
    }

    /// Reads `address/length`, or an address alone, which is a range of one.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            if case .v4 = address { self.init(address, length: 32) } else { self.init(address, length: 128) }
            return
        }
        guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    package func contains(_ address: IPAddress) -> Bool {
        switch (first, address) {
        case (.v4(let start), .v4(let bits)):
            length == 0 || (start ^ bits) >> UInt32(32 - length) == 0
        case (.v6(let high, let low), .v6(let otherHigh, let otherLow)):
            (high ^ otherHigh) & Self.mask(min(length, 64)) == 0
                && (low ^ otherLow) & Self.mask(max(length - 64, 0)) == 0
        default: false
        }
    }

    package var description: String { "\(first)/\(length)" }

    /// So many leading ones of 64; a shift by 64 is 0 in Swift.
    private static func mask(_ length: Int) -> UInt64 { length == 0 ? 0 : .max << UInt64(64 - length) }
}
