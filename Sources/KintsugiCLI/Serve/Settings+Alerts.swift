import Foundation
import KintsugiCore
import KintsugiVocabulary

extension Settings {
    /// From which amounts on alerts are critical.
    func alertThresholds() throws -> AlertThresholds {
        var thresholds = AlertThresholds(defaultCritical: self["alerts.critical_amount"])
        guard Decimal.isAmount(thresholds.defaultCritical) else {
            throw Self.fault(
                "alerts.critical_amount", thresholds.defaultCritical, "must be an amount like 100 or 99.50")
        }
        for pair in self["alerts.critical_amounts"].split(separator: ",") {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard parts.count == 2, Money(parts[1], parts[0]) != nil else {
                throw Self.fault(
                    "alerts.critical_amounts", String(pair), "must be a currency and an amount like JPY=15000"
                )
            }
            thresholds.critical[parts[0]] = parts[1]
        }
        return thresholds
    }

    private static func fault(_ path: String, _ value: String, _ rule: String) -> CommandFailure {
        CommandFailure(description: "\(path) has \"\(value)\", which \(rule).", exitCode: 64)
    }
}
