import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Money and decimals")
struct MoneyTests {
    @Test(
        "An amount is 1 to 30 digits with up to 18 decimals and no sign",
        arguments: [
            "0", "5", "250.00", "0.5", "007", "100.000000000000000001", "123456789012.123456789012345678",
            "999999999999999999999999999999",
        ])
    func amounts(text: String) throws {
        #expect(Decimal.isAmount(text))
        let money = try #require(Money(text, "USD"))
        #expect(money.amount == text, "kept as it came")
    }

    @Test(
        "Anything else is no amount",
        arguments: [
            "", ".", ".5", "5.", "1..2", "1.2.3", "-1", "+1", "1e3", "1,000", " 1", "1 ", "0x1", "１", "NaN",
            "1\u{0}",
            "0.1234567890123456789", "1234567890123456789012345678901", "1234567890123.123456789012345678",
            String(repeating: "1", count: 100_000),
        ])
    func noAmounts(text: String) {
        #expect(!Decimal.isAmount(text))
        #expect(Money(text, "USD") == nil)
    }

    @Test(
        "A currency is 1 to 10 capitals and digits",
        arguments: [
            ("USD", true), ("EUR", true), ("USDC2", true), ("X", true), ("ABCDEFGHIJ", true), ("", false),
            ("usd", false), ("US D", false), ("ABCDEFGHIJK", false), ("ÜSD", false), ("US-D", false),
        ])
    func currencies(text: String, isCurrency: Bool) {
        #expect((Money("1", text) != nil) == isCurrency)
    }

    @Test(
        "Amounts compare by value, not by text",
        arguments: [
            ("1", "1.0", 0), ("01", "1", 0), ("0", "0.000", 0), ("1.10", "1.1", 0), ("9", "10", -1),
            ("99.99", "100", -1),
            ("0.1", "0.09", 1), ("100.000000000000000001", "100", 1),
            ("999999999999999999999999999999", "0.000000000000000001", 1), ("", "0", 0),
        ])
    func compare(lhs: String, rhs: String, order: Int) {
        #expect(Decimal.compare(lhs, rhs).signum() == order)
        #expect(Decimal.compare(rhs, lhs).signum() == -order)
    }

    @Test(
        "Sums are exact",
        arguments: [
            ("0.1", "0.2", "0.3"), ("99.99", "0.01", "100.00"), ("1", "2", "3"), ("0", "0", "0"),
            ("007", "0", "7"),
            ("999999999999999999999999999999", "1", "1000000000000000000000000000000"),
            ("0.999999999999999999", "0.000000000000000001", "1.000000000000000000"), ("5", "0.50", "5.50"),
        ])
    func sum(lhs: String, rhs: String, total: String) {
        #expect(Decimal.sum(lhs, rhs) == total)
        #expect(Decimal.sum(rhs, lhs) == total)
    }

    @Test(
        "Differences are exact and never below zero",
        arguments: [
            ("100", "0.01", "99.99"), ("0.3", "0.1", "0.2"), ("1.00", "1", "0"), ("1", "2", "0"),
            ("1000", "1", "999"),
            ("10", "9.5", "0.5"), ("1000000000000000000000000000000", "1", "999999999999999999999999999999"),
        ])
    func difference(lhs: String, rhs: String, rest: String) {
        #expect(Decimal.difference(lhs, rhs) == rest)
    }

    @Test(
        "Texts that nobody checked give some answer and do not trap",
        arguments: [
            ("91", "1\u{ff}"), ("abc", "-1"), ("9\u{0}", "1\u{10ffff}"), ("1.2.3", "0.0.9"), ("", "."),
            ("9-", "1z"),
        ])
    func garbage(lhs: String, rhs: String) {
        for (left, right) in [(lhs, rhs), (rhs, lhs)] {
            _ = Decimal.compare(left, right)
            _ = Decimal.sum(left, right)
            _ = Decimal.difference(left, right)
        }
    }

    @Test("Adding and taking away again gives the same amount, as whole numbers do", arguments: 1...20)
    func againstIntegers(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        func text(_ cents: Int) -> String {
            "\(cents / 100).\(String(100 + cents % 100).dropFirst())"
        }
        for _ in 0..<100 {
            let (a, b) = (
                Int.random(in: 0...1_000_000, using: &rng), Int.random(in: 0...1_000_000, using: &rng)
            )
            let story: Comment = "seed \(seed): \(a), \(b)"
            #expect(Decimal.sum(text(a), text(b)) == text(a + b), story)
            #expect(Decimal.compare(Decimal.difference(text(a), text(b)), text(max(a - b, 0))) == 0, story)
            #expect(Decimal.compare(text(a), text(b)).signum() == (a - b).signum(), story)
        }
    }
}
