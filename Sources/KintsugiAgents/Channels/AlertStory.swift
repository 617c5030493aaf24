internal import KintsugiCore
internal import KintsugiVocabulary

/// What a person at three in the morning has to know, in plain words that every kind of channel dresses.
///
/// All its texts are one line without control characters; they are not escaped for any format.
struct AlertStory: Sendable {
    struct Fact: Sendable, Hashable {
        var name: String
        var value: String
    }

    struct Link: Sendable, Hashable {
        var text: String
        var url: String
    }

    /// `CRITICAL`, `RESOLVED`, `TEST`, `DIGEST`.
    let label: String
    /// `212 tasks failing: server_error from acme-pay`.
    let headline: String
    /// What happened, in a sentence or two.
    let explanation: String
    /// What the agent said last; a stranger's words.
    let lastError: String?
    let facts: [Fact]
    /// What to do next; nil when nothing is left to do.
    let advice: String?
    let links: [Link]

    var title: String { "[\(label)] \(headline)" }

    init(_ delivery: Delivery) {
        let (payload, alert) = (delivery.payload, delivery.alert)
        switch payload.event {
        case .raised: label = alert.severity.rawValue.uppercased()
        case .resolved: label = "RESOLVED"
        case .test: label = "TEST"
        case .digest: label = "DIGEST"
        }
        if payload.event == .digest {
            headline = Self.digestHeadline(payload)
            explanation =
                "This channel had reached its limit of messages, so these alerts come in one: "
                + payload.alerts.prefix(10).map { Self.headline($0, isOver: $0.isResolved) }
                .joined(separator: "; ") + (payload.alertCount > 10 ? "; …" : ".")
            (lastError, facts, advice) = (nil, [], "Look at the alerts that are still firing.")
        } else {
            let isOver = payload.event == .resolved
            headline = Self.headline(alert, isOver: isOver)
            explanation = Self.explanation(alert, payload)
            lastError = isOver ? nil : alert.errorMessage.map { PlainText.line($0, atMost: 300) }
            facts = Self.facts(alert, isOver: isOver, now: delivery.now)
            advice = isOver ? nil : Self.advice(alert, payload)
        }
        links = Self.links(delivery)
    }

    static func headline(_ alert: AlertReport, isOver: Bool) -> String {
        let number = isOver ? alert.total : alert.count
        let text: String
        if alert.kind == .task, number > 0, let error = alert.errorType {
            let origin = (alert.provider ?? alert.agent).map { " from \($0)" } ?? ""
            text = "\(tasks(number)) \(isOver ? "failed" : "failing"): \(error)\(origin)"
        } else {
            text = alert.title ?? "Alert \(alert.id)"
        }
        return PlainText.line(text, atMost: 200)
    }

    static func digestHeadline(_ payload: DeliveryPayload) -> String {
        let open = payload.alerts.count { !$0.isResolved }
        let count = max(payload.alertCount, payload.alerts.count)
        return "\(count) \(count == 1 ? "alert" : "alerts"), \(open) of those listed still firing"
    }

    static func tasks(_ count: Int) -> String { count == 1 ? "1 task" : "\(count) tasks" }

    private static func explanation(_ alert: AlertReport, _ payload: DeliveryPayload) -> String {
        var sentences: [String] = []
        switch payload.reason {
        case .test: sentences.append("This is a test of the channel; nothing is wrong.")
        case .count: sentences.append("More tasks have failed since this was told last.")
        case .severity: sentences.append("This has become \(alert.severity.rawValue).")
        case .repeat: sentences.append("This is still not resolved.")
        case .recovery: sentences.append(recovery(alert))
        case .new, .digest: break
        }
        if payload.event != .resolved {
            if let summary = alert.summary {
                sentences.append(summary)
            } else if let reason = alert.errorType.flatMap(ErrorType.init(rawValue:)).map(\.plainReason) {
                sentences.append(reason)
            }
        }
        return PlainText.line(sentences.joined(separator: " "), atMost: 600)
    }

    private static func recovery(_ alert: AlertReport) -> String {
        switch alert.kind {
        case .task: "No task is failing of this cause any more."
        case .breaker: "The circuit breaker is closed; calls go through again."
        case .channel: "The channel takes messages again."
        }
    }

    private static func facts(_ alert: AlertReport, isOver: Bool, now: Timestamp) -> [Fact] {
        var facts: [Fact] = []
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            facts.append(Fact(name: name, value: PlainText.line(value, atMost: 200)))
        }
        add("Severity", alert.severity.rawValue)
        add("Error", alert.errorType.map { type in alert.httpStatus.map { "\(type) (HTTP \($0))" } ?? type })
        add("Provider", alert.provider)
        if alert.agent != alert.provider { add("Agent", alert.agent) }
        add("User", alert.user)
        if alert.kind == .task {
            let open = isOver ? "" : "\(alert.count) open"
            let ever = alert.total > alert.count ? "\(alert.total) in all" : ""
            add("Tasks", [open, ever].filter { !$0.isEmpty }.joined(separator: ", "))
        }
        add("Attempts", alert.attempts.map(String.init))
        add("At stake", money(alert.value))
        add("Since", alert.firstRaisedAt.map { moment($0, now: now) })
        add("Resolved", isOver ? alert.resolvedAt.map { moment($0, now: now) } : nil)
        add("Note", alert.note)
        return facts
    }

    static func money(_ value: [AlertReport.Money]) -> String? {
        let sums = value.prefix(5).map { "\($0.amount) \($0.currency)" }.joined(separator: ", ")
        return sums.isEmpty ? nil : sums + (value.count > 5 ? ", …" : "")
    }

    /// `2026-01-31 09:30:00 UTC, 2 h 14 min ago`.
    private static func moment(_ time: Timestamp, now: Timestamp) -> String {
        let text = time.rfc3339
        let minutes = max(now - time, 0) / 60_000
        let ago =
            switch minutes {
            case 0: "just now"
            case ..<60: "\(minutes) min ago"
            case ..<2880: "\(minutes / 60) h \(minutes % 60) min ago"
            default: "\(minutes / 1440) d ago"
            }
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC, \(ago)"
    }

    private static func advice(_ alert: AlertReport, _ payload: DeliveryPayload) -> String? {
        guard payload.event != .test else { return nil }
        switch alert.kind {
        case .breaker:
            return
                "Calls to this provider wait until a probe succeeds. See whether it is down; held tasks go "
                + "on by themselves when the breaker closes."
        case .channel:
            return "Alerts do not arrive there. Check its address and its credentials, then test it."
        case .task:
            guard let type = alert.errorType.flatMap(ErrorType.init(rawValue:)) else {
                return "Open the alert, see what the tasks say, then retry or resolve their dead letters."
            }
            return type.advice
        }
    }

    private static func links(_ delivery: Delivery) -> [Link] {
        let (alert, base) = (delivery.alert, delivery.baseURL)
        func isLink(_ url: String) -> Bool {
            (url.hasPrefix("https://") || url.hasPrefix("http://"))
                && url.utf8.count <= 2000 && url.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        }
        guard delivery.payload.event != .digest else {
            return [Link(text: "Open the alerts", url: base + "/alerts")].filter { isLink($0.url) }
        }
        let own = [delivery.payload.url, alert.url].compactMap { $0 }.first(where: isLink)
        var links = [Link(text: "Open the alert", url: own ?? base + "/alerts")]
        switch alert.kind {
        case .task:
            if let cause = alert.cause, cause.utf8.allSatisfy(isPlain) {
                let url = base + "/dead-letters?view=entries&group=\(cause)"
                links.append(Link(text: "Dead letters", url: url))
            }
            if let task = alert.tasks.first, task.utf8.allSatisfy(isPlain) {
                links.append(Link(text: "Newest task", url: base + "/tasks/\(task)"))
            }
        case .breaker: links.append(Link(text: "Circuit breakers", url: base + "/breakers"))
        case .channel: break
        }
        return links.filter { isLink($0.url) }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
