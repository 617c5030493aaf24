package import KintsugiCore
import KintsugiVocabulary
package import KintsugiWire

extension AlertResource {
    /// The alert as people see it: secrets in messages are hidden.
    ///
    /// - Parameter base: the address of the dashboard, without a slash at its end.
    package init(_ alert: Alert, isSilenced: Bool, base: String) {
        self.init()
        id = alert.id.description
        status = alert.status
        severity = alert.severity
        kind = alert.kind
        title = AlertPhrases.title(of: alert)
        summary = AlertPhrases.summary(of: alert)
        cause = alert.cause
        userID = alert.user?.rawValue
        provider = alert.provider.rawValue
        agentID = alert.agentID?.rawValue
        taskType = alert.taskType
        error = alert.fault.map {
            AlertErrorResource(
                type: $0.type, message: AlertPhrases.message(of: $0), httpStatus: $0.httpStatus)
        }
        count = alert.openTasks
        total = alert.kind == .task ? alert.total : 0
        taskIDs = alert.taskIDs.map(\.description)
        value = alert.money
        firstRaisedAt = alert.firstRaisedAt.rfc3339
        lastRaisedAt = alert.lastRaisedAt.rfc3339
        acknowledgedAt = alert.acknowledgedAt?.rfc3339
        acknowledgedBy = alert.acknowledgedBy.map(Actor.shown)
        resolvedAt = alert.resolvedAt?.rfc3339
        resolvedBy = alert.resolvedBy.map(Actor.shown)
        note = alert.note
        self.isSilenced = isSilenced
        notificationsSent = alert.notified
        lastNotifiedAt = alert.notifiedAt?.rfc3339
        url = "\(base)/alerts/\(id)"
    }
}

extension Alert {
    /// Money of its open tasks, by currency.
    var money: [Money] {
        value.sorted { $0.key < $1.key }.compactMap { Money($0.value, $0.key) }
            .filter { Decimal.compare($0.amount, "0") > 0 }
    }
}

/// What an alert says.
package enum AlertPhrases {
    private static let maxMessage = 300

    /// `212 tasks, agent stripe, server_error`.
    package static func title(of alert: Alert) -> String {
        switch alert.kind {
        case .breaker: return "The circuit breaker of \(alert.provider) is open"
        case .channel: return "The alert channel \(channel(alert)) cannot be reached"
        case .task:
            let count = alert.open > 0 ? alert.open : alert.total
            let words: [String?] = [
                count == 1 ? "1 task" : "\(count) tasks",
                alert.agentID.map { "agent \($0)" } ?? "provider \(alert.provider)",
                alert.fault?.type.rawValue,
            ]
            return words.compactMap(\.self).joined(separator: ", ")
        }
    }

    package static func summary(of alert: Alert) -> String {
        switch alert.kind {
        case .breaker:
            return "Calls to \(alert.provider) fail; its tasks are held until it answers again."
        case .channel:
            return "Alerts for the channel \(channel(alert)) wait until its receiver answers again."
        case .task:
            var sentences: [String] = []
            if let fault = alert.fault { sentences.append(message(of: fault)) }
            if !alert.money.isEmpty {
                let sums = alert.money.map { "\($0.amount) \($0.currency)" }
                sentences.append("At stake: \(sums.joined(separator: ", ")).")
            }
            return sentences.joined(separator: " ")
        }
    }

    static func message(of fault: Alert.Fault) -> String {
        let text = Redaction.text(fault.message)
        return text.count > maxMessage ? text.prefix(maxMessage) + "…" : text
    }

    private static func channel(_ alert: Alert) -> String {
        Reserved.channel(of: alert.provider) ?? alert.provider.rawValue
    }
}
