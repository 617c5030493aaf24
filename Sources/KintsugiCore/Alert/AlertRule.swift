package import KintsugiVocabulary

/// From which amount on a lost task is critical.
package struct AlertThresholds: Sendable, Hashable {
    /// Amounts by currency.
    package var critical: [String: String]
    /// The amount for a currency that has none of its own.
    package var defaultCritical: String

    package init(critical: [String: String] = [:], defaultCritical: String = "100") {
        self.critical = critical
        self.defaultCritical = defaultCritical
    }
}

/// How urgent it is that a task needs a person.
package enum AlertRule {
    /// Critical by the amount at stake, else high if it is about payments or withdrawals, else medium.
    ///
    /// A threshold that is no amount makes everything in its currency critical: too loud is noticed, silence
    /// is not.
    package static func severity(
        taskType: String, payment: Payment?, thresholds: AlertThresholds
    ) -> AlertSeverity {
        if let payment {
            let amount = thresholds.critical[payment.money.currency] ?? thresholds.defaultCritical
            if !Decimal.isAmount(amount) || Decimal.compare(payment.money.amount, amount) >= 0 {
                return .critical
            }
            if moneyWords.contains(payment.kind) { return .high }
        }
        let words = taskType.split { $0 == "." || $0 == "_" || $0 == "-" }
        return words.contains { moneyWords.contains(String($0)) } ? .high : .medium
    }

    private static let moneyWords: Set<String> = ["payment", "withdrawal"]
}
