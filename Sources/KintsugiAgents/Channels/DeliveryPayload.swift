package import KintsugiCore
package import KintsugiVocabulary

/// What a channel is asked to tell: the input of a delivery's task, read once.
package struct DeliveryPayload: Sendable {
    package enum Event: String, Sendable, Hashable, CaseIterable {
        case raised = "alert.raised"
        case resolved = "alert.resolved"
        case test = "alert.test"
        case digest = "alert.digest"
    }

    /// Why it is told now.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case new, count, severity, `repeat`, recovery, digest, test
    }

    package var event: Event
    package var reason: Reason
    package var channelID: String
    /// One alert; in a digest those it is about, the worst first.
    package var alerts: [AlertReport]
    /// How many alerts a digest is about, when it does not list them all.
    package var alertCount: Int
    /// The severity that this channel was told last, where that was another.
    package var previousSeverity: AlertSeverity?
    package var url: String?

    package var alert: AlertReport { alerts.first ?? AlertReport() }

    /// Reads the document; nil if it is not one. Members it does not know are nothing to it.
    package init?(_ document: JSONText) {
        guard let node = try? JSONNode(parsing: document.bytes),
            let event = node["event"]?.string.flatMap(Event.init(rawValue:))
        else { return nil }
        self.event = event
        reason = node["reason"]?.string.flatMap(Reason.init(rawValue:)) ?? Self.usualReason(event)
        channelID = node["channel_id"]?.string ?? ""
        let nodes = node["alerts"]?.array ?? [node["alert"]].compactMap { $0 }
        alerts = nodes.filter { $0.object != nil }.map { AlertReport($0, in: document) }
        guard !alerts.isEmpty else { return nil }
        alertCount = Int(clamping: node["alert_count"]?.int ?? Int64(alerts.count))
        previousSeverity = node["previous_severity"]?.string.flatMap(AlertSeverity.init(rawValue:))
        url = node["url"]?.string
    }

    private static func usualReason(_ event: Event) -> Reason {
        switch event {
        case .raised: .new
        case .resolved: .recovery
        case .test: .test
        case .digest: .digest
        }
    }
}

/// An alert as its resource says, as far as people are told about it.
package struct AlertReport: Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case task, breaker, channel
    }

    package struct Money: Sendable, Hashable {
        package var amount: String
        package var currency: String
    }

    package var id = ""
    package var kind = Kind.task
    package var severity = AlertSeverity.medium
    package var isResolved = false
    package var title: String?
    package var summary: String?
    /// The fingerprint, which is the key of the failures' group, too.
    package var cause: String?
    package var user: String?
    package var provider: String?
    package var agent: String?
    package var errorType: String?
    package var errorMessage: String?
    package var httpStatus: Int?
    /// Open tasks.
    package var count = 0
    /// Tasks ever.
    package var total = 0
    package var attempts: Int?
    package var tasks: [String] = []
    package var value: [Money] = []
    package var firstRaisedAt: Timestamp?
    package var lastRaisedAt: Timestamp?
    package var resolvedAt: Timestamp?
    package var note: String?
    package var url: String?
    /// The whole resource, as it came.
    package var document = JSONText(valid: Array("{}".utf8))

    init() {}

    init(_ node: JSONNode, in source: JSONText) {
        func text(_ name: String) -> String? { node[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ name: String) -> Int? { node[name]?.int.map { Int(clamping: max($0, 0)) } }
        func time(_ name: String) -> Timestamp? { text(name).flatMap { Timestamp(rfc3339: $0) } }
        id = text("id") ?? ""
        kind = text("kind").flatMap(Kind.init(rawValue:)) ?? .task
        severity = text("severity").flatMap(AlertSeverity.init(rawValue:)) ?? .medium
        isResolved = text("status") == "resolved"
        (title, summary, cause) = (text("title"), text("summary"), text("cause"))
        (user, provider, agent) = (text("user_id"), text("provider"), text("agent_id"))
        errorType = text("error_type") ?? node["error"]?["type"]?.string
        errorMessage = node["error"]?["message"]?.string
        httpStatus = node["error"]?["http_status"]?.int.map { Int(clamping: $0) }
        count = number("count") ?? 0
        total = max(number("total") ?? 0, count)
        attempts = number("attempts")
        tasks = (node["task_ids"]?.array ?? []).prefix(20).compactMap(\.string)
        value = (node["value"]?.array ?? []).compactMap { sum in
            guard let amount = sum["amount"]?.string, let currency = sum["currency"]?.string else {
                return nil
            }
            return Money(amount: amount, currency: currency)
        }
        firstRaisedAt = time("first_raised_at")
        lastRaisedAt = time("last_raised_at")
        resolvedAt = time("resolved_at")
        (note, url) = (text("note"), text("url"))
        document = JSONText(valid: Array(source.bytes[node.range]))
    }
}
