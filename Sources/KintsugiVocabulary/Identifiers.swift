/// 128 bits that name a thing once and for all, sortable by the time they were made (UUIDv7).
///
/// - Source: RFC 9562, section 5.7.
public struct UUID7: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Big-endian halves.
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new identifier from the time in milliseconds since 1970 and 74 random bits.
    public init(milliseconds: Int64, random first: UInt64, _ second: UInt64) {
        high = UInt64(bitPattern: milliseconds) << 16 | 0x7000 | first & 0x0fff
        low = 0x8000_0000_0000_0000 | second & 0x3fff_ffff_ffff_ffff
    }

    /// Reads the canonical form, 36 characters in lower case; anything else is nil.
    public init?(_ text: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var index = 0
        for byte in text.utf8 {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                let value: UInt64
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt64(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt64(byte - UInt8(ascii: "a") + 10)
                default: return nil
                }
                if digits < 16 { halves.0 = halves.0 << 4 | value } else { halves.1 = halves.1 << 4 | value }
                digits += 1
                guard digits <= 32 else { return nil }
            }
            index += 1
        }
        guard index == 36, digits == 32 else { return nil }
        (high, low) = halves
    }

    /// The time it was made at, in milliseconds since 1970.
    public var milliseconds: Int64 { Int64(high >> 16) }

    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var place = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[place] = UInt8(ascii: "-")
                    place += 1
                }
                let half = nibble < 16 ? high : low
                let value = UInt8(truncatingIfNeeded: half >> UInt64((15 - nibble % 16) * 4)) & 0xf
                buffer[place] = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
                place += 1
            }
            return place
        }
    }

    public static func < (lhs: UUID7, rhs: UUID7) -> Bool { (lhs.high, lhs.low) < (rhs.high, rhs.low) }
}

/// A task's identifier.
public struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let uuid: UUID7

    public init(_ uuid: UUID7) { self.uuid = uuid }
    public init?(_ text: some StringProtocol) {
        guard let uuid = UUID7(text) else { return nil }
        self.uuid = uuid
    }

    public var description: String { uuid.description }
    public static func < (lhs: TaskID, rhs: TaskID) -> Bool { lhs.uuid < rhs.uuid }
}

/// A dead letter entry's identifier.
public struct DeadLetterID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let uuid: UUID7

    public init(_ uuid: UUID7) { self.uuid = uuid }
    public init?(_ text: some StringProtocol) {
        guard let uuid = UUID7(text) else { return nil }
        self.uuid = uuid
    }

    public var description: String { uuid.description }
    public static func < (lhs: DeadLetterID, rhs: DeadLetterID) -> Bool { lhs.uuid < rhs.uuid }
}

/// An agent's slug.
public struct AgentID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}

/// The name of a provider, which is what a circuit breaker is about; by default an agent's own id.
public struct ProviderID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}

/// The owner of tasks.
public struct UserID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}
