package import KintsugiVocabulary

/// Which alerts: all of what is given must fit.
package struct AlertMatch: Sendable, Hashable {
    package var agentID: AgentID?
    package var provider: ProviderID?
    package var taskType: String?
    package var errorType: ErrorType?
    package var user: UserID?
    package var cause: String?
    package var kind: AlertKind?
    /// Up to this one.
    package var maxSeverity: AlertSeverity?

    package init() {}

    package func matches(_ alert: Alert) -> Bool {
        func fits<Value: Equatable>(_ wanted: Value?, _ value: Value?) -> Bool {
            wanted == nil || wanted == value
        }
        return fits(agentID, alert.agentID) && fits(provider, alert.provider)
            && fits(taskType, alert.taskType)
            && fits(errorType, alert.fault?.type) && fits(user, alert.user) && fits(cause, alert.cause)
            && fits(kind, alert.kind) && (maxSeverity.map { alert.severity <= $0 } ?? true)
    }
}

/// Nobody is told of what it covers while it lasts; it always has an end.
package struct AlertSilence: Sendable, Hashable {
    package var id: UUID7
    package var match: AlertMatch
    package var startsAt: Timestamp
    package var endsAt: Timestamp
    package var comment: String?
    package var createdBy: String
    package var createdAt: Timestamp

    package init(
        id: UUID7, match: AlertMatch, startsAt: Timestamp, endsAt: Timestamp, comment: String?,
        createdBy: String, createdAt: Timestamp
    ) {
        self.id = id
        self.match = match
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.comment = comment
        self.createdBy = createdBy
        self.createdAt = createdAt
    }

    package func covers(_ alert: Alert, at now: Timestamp) -> Bool {
        startsAt <= now && now < endsAt && match.matches(alert)
    }
}
