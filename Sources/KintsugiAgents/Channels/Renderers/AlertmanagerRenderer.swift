internal import KintsugiCore
internal import KintsugiVocabulary

/// Alerts for the API v2 of Prometheus' Alertmanager.
///
/// There an alert is its labels: one that changes a label is another alert, and the old one stays. So labels
/// are only what never changes about an alert, and the severity, because routes need it; when the severity
/// changes, the alert with the old one is resolved in the same request. What else changes (counts, the agent)
/// is told in annotations.
///
/// An alert without an end is given up after `resolve_timeout`, 5 minutes, because Prometheus repeats itself
/// every minute. We tell once, so a firing alert has its end far away until it is resolved.
/// - Source: Alertmanager 0.25, `api/v2/openapi.yaml` and `types.Alert.Merge`.
enum AlertmanagerRenderer {
    static let farEnd: Milliseconds = 30 * 86_400_000
    static let testEnd: Milliseconds = 5 * 60_000

    static func endpoint(_ base: String) -> String {
        let base = base.hasSuffix("/") ? String(base.dropLast()) : base
        return base.hasSuffix("/api/v2/alerts") ? base : base + "/api/v2/alerts"
    }

    static func body(_ delivery: Delivery) -> [UInt8] {
        var json = JSONWriter(reserving: 2048)
        json.array { json in
            for alert in delivery.payload.alerts {
                var one = delivery
                one.payload.alerts = [alert]
                if delivery.payload.event == .digest {
                    one.payload.event = alert.isResolved ? .resolved : .raised
                }
                write(&json, one)
            }
        }
        return json.bytes
    }

    private static func write(_ json: inout JSONWriter, _ delivery: Delivery) {
        let (payload, alert) = (delivery.payload, delivery.alert)
        let isOver = payload.event == .resolved
        let end: Timestamp =
            switch payload.event {
            case .resolved: alert.resolvedAt ?? delivery.createdAt
            case .test: delivery.now + testEnd
            case .raised, .digest: delivery.now + farEnd
            }
        entry(&json, delivery, severity: alert.severity, end: end)
        for old in outdated(payload) {
            entry(&json, delivery, severity: old, end: isOver ? end : delivery.createdAt)
        }
    }

    /// The severities under which Alertmanager may still know this alert.
    ///
    /// They are known if it is said what was told before; else, since the severity of an alert only rises,
    /// they are the lower ones when it has changed.
    private static func outdated(_ payload: DeliveryPayload) -> [AlertSeverity] {
        guard payload.event != .test else { return [] }
        let severity = payload.alert.severity
        if let previous = payload.previousSeverity { return previous == severity ? [] : [previous] }
        return payload.reason == .severity ? AlertSeverity.allCases.filter { $0 < severity } : []
    }

    private static func entry(
        _ json: inout JSONWriter, _ delivery: Delivery, severity: AlertSeverity, end: Timestamp
    ) {
        let (alert, story) = (delivery.alert, delivery.story)
        // An end before the start would be refused.
        let start = min(alert.firstRaisedAt ?? delivery.createdAt, end)
        json.object { json in
            json.member("labels") { json in
                for (name, value) in labels(delivery, severity: severity) {
                    json.key(text: name)
                    json.string(value)
                }
            }
            json.member("annotations") { json in
                json.member("summary", story.headline)
                json.member("description", description(story))
                json.optional("agent", alert.agent.map { PlainText.line($0, atMost: 200) })
                json.optional("value", AlertStory.money(alert.value))
                if alert.kind == .task { json.member("tasks", "\(alert.count)") }
                for link in story.links.dropFirst() {
                    json.key(text: link.text.lowercased().replacing(" ", with: "_") + "_url")
                    json.string(link.url)
                }
            }
            json.member("startsAt", start.rfc3339)
            json.member("endsAt", end.rfc3339)
            json.member("generatorURL", story.links.first?.url ?? delivery.baseURL)
        }
    }

    /// What the alert is to Alertmanager; members without a value are left out, as it would do itself.
    static func labels(_ delivery: Delivery, severity: AlertSeverity) -> [(String, String)] {
        let alert = delivery.alert
        let name =
            switch (delivery.payload.event, alert.kind) {
            case (.test, _): "KintsugiTest"
            case (_, .task): "KintsugiTasksFailing"
            case (_, .breaker): "KintsugiBreakerOpen"
            case (_, .channel): "KintsugiChannelFailing"
            }
        let all: [(String, String?)] = [
            ("alertname", name), ("alert_id", alert.id), ("severity", severity.rawValue),
            ("provider", alert.provider), ("error_type", alert.errorType), ("cause", alert.cause),
            ("user", alert.user), ("service", "kintsugi"),
        ]
        return all.compactMap { name, value in
            guard let value = value.map({ PlainText.line($0, atMost: 200) }), !value.isEmpty else {
                return nil
            }
            return (name, value)
        }
    }

    private static func description(_ story: AlertStory) -> String {
        let facts = story.facts.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        let error = story.lastError.map { "Last error: \($0)" }
        return [story.explanation, facts, error, story.advice].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }
}
