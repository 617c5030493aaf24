import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Alert severity")
struct AlertRuleTests {
    private func payment(_ amount: String, _ currency: String = "USD", kind: String = "invoice") throws
        -> Payment
    {
        Payment(try #require(Money(amount, currency)), kind: kind)
    }

    @Test(
        "A payment of the threshold or more is critical, exactly",
        arguments: [
            ("100", AlertSeverity.critical), ("100.00", .critical), ("00100", .critical),
            ("100.000000000000000001", .critical),
            ("99.999999999999999999", .medium), ("99", .medium), ("0", .medium), ("9", .medium),
            ("1000", .critical),
            ("999999999999999999999999999999", .critical),
        ])
    func threshold(amount: String, severity: AlertSeverity) throws {
        let result = AlertRule.severity(
            taskType: "report", payment: try payment(amount), thresholds: AlertThresholds())
        #expect(result == severity)
    }

    @Test(
        "A currency with a threshold of its own goes by it",
        arguments: [
            ("5000", "JPY", AlertSeverity.medium), ("10000", "JPY", .critical), ("0.01", "BTC", .critical),
            ("0.009", "BTC", .medium), ("100", "EUR", .medium), ("250", "EUR", .critical),
        ])
    func perCurrency(amount: String, currency: String, severity: AlertSeverity) throws {
        let thresholds = AlertThresholds(critical: ["JPY": "10000", "BTC": "0.01"], defaultCritical: "250")
        let result = AlertRule.severity(
            taskType: "report", payment: try payment(amount, currency), thresholds: thresholds)
        #expect(result == severity)
    }

    @Test(
        "A threshold that is no amount makes everything in its currency critical",
        arguments: ["", "-1", "1e3", "ten"])
    func brokenThreshold(threshold: String) throws {
        let thresholds = AlertThresholds(critical: ["USD": threshold])
        let result = AlertRule.severity(taskType: "report", payment: try payment("1"), thresholds: thresholds)
        #expect(result == .critical)
    }

    @Test(
        "A small payment is high by its kind",
        arguments: [
            ("payment", AlertSeverity.high), ("withdrawal", .high), ("refund", .medium),
            ("payments", .medium), ("", .medium),
        ])
    func kind(kind: String, severity: AlertSeverity) throws {
        let result = AlertRule.severity(
            taskType: "report", payment: try payment("5", kind: kind), thresholds: AlertThresholds())
        #expect(result == severity)
    }

    @Test(
        "A task is high by a whole word of its type",
        arguments: [
            ("payment", AlertSeverity.high), ("payment.capture", .high), ("card_withdrawal-v2", .high),
            ("a..payment", .high), ("-payment-", .high), ("payments.capture", .medium),
            ("repayment", .medium),
            ("paymentcapture", .medium), ("email.send", .medium), ("", .medium), ("._-", .medium),
        ])
    func word(type: String, severity: AlertSeverity) throws {
        #expect(AlertRule.severity(taskType: type, payment: nil, thresholds: AlertThresholds()) == severity)
        let small = try payment("5")
        #expect(AlertRule.severity(taskType: type, payment: small, thresholds: AlertThresholds()) == severity)
    }
}
