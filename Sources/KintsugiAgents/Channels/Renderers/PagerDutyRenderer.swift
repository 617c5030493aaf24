internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary

/// An event of PagerDuty's Events API v2: raised triggers, resolved resolves, both under one key.
///
/// - Source: PagerDuty, "Send an alert event": summary 1024, dedup_key 255 characters; severity is one of
///   critical, error, warning, info.
enum PagerDutyRenderer {
    static func body(_ delivery: Delivery, routingKey: String) -> [UInt8] {
        let (payload, story) = (delivery.payload, delivery.story)
        return JSONWriter.object(reserving: 2048) { json in
            json.member("routing_key", routingKey)
            json.member("event_action", payload.event == .resolved ? "resolve" : "trigger")
            json.member("dedup_key", dedupKey(delivery))
            json.member("client", "Kintsugi")
            json.member("client_url", story.links.first?.url ?? delivery.baseURL)
            json.member("links", array: story.links) { json, link in
                json.object {
                    $0.member("href", link.url)
                    $0.member("text", link.text)
                }
            }
            json.member("payload") { details(&$0, delivery, story) }
        }
    }

    /// The same from the first trigger to the resolution; tests and digests have keys of their own.
    static func dedupKey(_ delivery: Delivery) -> String {
        let name =
            switch delivery.payload.event {
            case .raised, .resolved: delivery.alert.id
            case .test: "test:\(delivery.channel.id)"
            case .digest: "digest:\(delivery.channel.id)"
            }
        return String("kintsugi:\(name)".unicodeScalars.prefix(255).map(Character.init))
    }

    private static func details(_ json: inout JSONWriter, _ delivery: Delivery, _ story: AlertStory) {
        let alert = delivery.alert
        json.member("summary", summary(story, delivery.payload))
        json.member("source", alert.provider.map { PlainText.line($0, atMost: 200) } ?? "kintsugi")
        json.member("severity", severity(delivery.payload))
        json.member("timestamp", (alert.lastRaisedAt ?? delivery.createdAt).rfc3339)
        json.member("component", alert.agent.map { PlainText.line($0, atMost: 200) })
        json.member("group", alert.cause)
        json.member("class", alert.errorType ?? alert.kind.rawValue)
        json.member("custom_details") { json in
            json.member("explanation", story.explanation)
            for fact in story.facts {
                json.key(text: fact.name.lowercased().replacing(" ", with: "_"))
                json.string(fact.value)
            }
            json.member("last_error", story.lastError)
            json.member("what_to_do", story.advice)
            json.member("task_ids", array: alert.tasks) { $0.string($1) }
        }
    }

    /// Severity is a field of its own there, so the title need not say it.
    private static func summary(_ story: AlertStory, _ payload: DeliveryPayload) -> String {
        let text = payload.event == .raised ? story.headline : story.title
        return PlainText.line(text, atMost: 1024)
    }

    private static func severity(_ payload: DeliveryPayload) -> String {
        guard payload.event != .test else { return "info" }
        return switch payload.alerts.map(\.severity).max() ?? .medium {
        case .critical: "critical"
        case .high: "error"
        case .medium: "warning"
        }
    }
}
