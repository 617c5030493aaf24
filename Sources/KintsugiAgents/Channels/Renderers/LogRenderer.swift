internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary
package import Logging

/// A line of the process' own log: a constant sentence and what is to be known as metadata.
enum LogRenderer {
    static func line(_ delivery: Delivery) -> LogLine {
        let (payload, alert, story) = (delivery.payload, delivery.alert, delivery.story)
        var line =
            switch payload.event {
            case .raised: LogLine(level: level(alert.severity), message: "An alert was raised")
            case .resolved: LogLine(level: .notice, message: "An alert was resolved")
            case .test: LogLine(level: .notice, message: "An alert channel is being tested")
            case .digest: LogLine(level: .error, message: "Several alerts in one")
            }
        func add(_ key: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            line.metadata.append((key, PlainText.line(value, atMost: 400)))
        }
        add("alert.headline", story.headline)
        add("alert.id", alert.id)
        add("alert.severity", alert.severity.rawValue)
        add("alert.reason", payload.reason.rawValue)
        add("alert.provider", alert.provider)
        add("alert.error_type", alert.errorType)
        add("alert.count", "\(alert.count)")
        add("alert.value", AlertStory.money(alert.value))
        add("alert.since", alert.firstRaisedAt?.rfc3339)
        add("alert.url", story.links.first?.url)
        add("channel.id", delivery.channel.id)
        return line
    }

    private static func level(_ severity: AlertSeverity) -> Logger.Level {
        switch severity {
        case .critical: .critical
        case .high: .error
        case .medium: .warning
        }
    }
}

package struct LogLine: Sendable, CustomStringConvertible {
    package var level: Logger.Level
    package var message: String
    package var metadata: [(key: String, value: String)] = []

    package var description: String {
        (["\(level): \(message)"] + metadata.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }

    func write(to logger: Logger) {
        var values = Logger.Metadata()
        for (key, value) in metadata { values[key] = .string(value) }
        logger.log(level: level, "\(message)", metadata: values)
    }
}
