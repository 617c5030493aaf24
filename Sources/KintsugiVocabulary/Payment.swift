/// An amount of money: 1 to 30 digits with up to 18 decimals, no sign, never a float.
///
/// Kept as the text it came in, so that nothing is rounded; compared and added digit by digit.
public struct Money: Sendable, Hashable {
    public let amount: String
    public let currency: String

    /// Checks `amount` as the contract says and `currency` as 1 to 10 of `A-Z 0-9`; nil if either is off.
    public init?(_ amount: String, _ currency: String) {
        guard Decimal.isAmount(amount), Self.isCurrency(currency) else { return nil }
        self.amount = amount
        self.currency = currency
    }

    public static func isCurrency(_ text: String) -> Bool {
        (1...10).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || (48...57).contains($0)
            }
    }
}

/// What a task has to do with money.
public struct Payment: Sendable, Hashable {
    public let money: Money
    /// `payment`, `withdrawal` or another word.
    public let kind: String
    public let reference: String?
    public let payer: String?
    public let payee: String?

    public init(
        _ money: Money, kind: String, reference: String? = nil, payer: String? = nil, payee: String? = nil
    ) {
        self.money = money
        self.kind = kind
        self.reference = reference
        self.payer = payer
        self.payee = payee
    }
}

/// Exact arithmetic on unsigned decimal texts, as long as they come.
public enum Decimal {
    /// Whether the text is 1 to 30 digits with up to 18 decimals and no sign.
    public static func isAmount(_ text: String) -> Bool {
        var digits = 0
        var decimals: Int?
        var last: UInt8 = 0
        for byte in text.utf8 {
            last = byte
            if byte == UInt8(ascii: ".") {
                guard decimals == nil, digits > 0 else { return false }
                decimals = 0
            } else {
                guard (48...57).contains(byte) else { return false }
                digits += 1
                if let count = decimals { decimals = count + 1 }
            }
            guard digits <= 30, (decimals ?? 0) <= 18 else { return false }
        }
        return digits >= 1 && last != UInt8(ascii: ".")
    }

    /// Negative, zero or positive as `lhs` is less than, equal to or greater than `rhs`.
    public static func compare(_ lhs: String, _ rhs: String) -> Int {
        let (left, right, _) = aligned(lhs, rhs)
        for (a, b) in zip(left, right) where a != b { return a < b ? -1 : 1 }
        return 0
    }

    /// The exact sum, with as many decimals as the longer of the two.
    public static func sum(_ lhs: String, _ rhs: String) -> String {
        combine(lhs, rhs) { a, b, carry in
            let total = a + b + carry
            return (total % 10, total / 10)
        }
    }

    /// The exact difference; zero if `rhs` is greater.
    public static func difference(_ lhs: String, _ rhs: String) -> String {
        guard compare(lhs, rhs) > 0 else { return "0" }
        return combine(lhs, rhs) { a, b, borrow in
            let value = a - b - borrow
            return value < 0 ? (value + 10, 1) : (value, 0)
        }
    }

    private static func combine(_ lhs: String, _ rhs: String, step: (Int, Int, Int) -> (Int, Int)) -> String {
        let (left, right, decimals) = aligned(lhs, rhs)
        var digits: [UInt8] = []
        var carry = 0
        for (a, b) in zip(left.reversed(), right.reversed()) {
            let (digit, next) = step(a, b, carry)
            digits.append(UInt8(48 + digit))
            carry = next
        }
        if carry > 0 { digits.append(UInt8(48 + carry)) }
        while digits.count > decimals + 1, digits.last == 48 { digits.removeLast() }
        digits.reverse()
        if decimals > 0 { digits.insert(UInt8(ascii: "."), at: digits.count - decimals) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The digits of both, padded to the same number before and after the point.
    ///
    /// What is no digit counts as the nearest one, so that a text nobody checked cannot trap.
    private static func aligned(_ lhs: String, _ rhs: String) -> ([Int], [Int], decimals: Int) {
        func parts(_ text: String) -> (whole: [Int], fraction: [Int]) {
            let pieces = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let digits = pieces.map { $0.map { min(max(Int($0) - 48, 0), 9) } }
            return (digits.first ?? [], digits.count > 1 ? digits[1] : [])
        }
        let (left, right) = (parts(lhs), parts(rhs))
        let whole = max(left.whole.count, right.whole.count, 1)
        let decimals = max(left.fraction.count, right.fraction.count)
        func pad(_ part: (whole: [Int], fraction: [Int])) -> [Int] {
            [Int](repeating: 0, count: whole - part.whole.count) + part.whole + part.fraction
                + [Int](repeating: 0, count: decimals - part.fraction.count)
        }
        return (pad(left), pad(right), decimals)
    }
}
