package import KintsugiVocabulary

/// Something that needs a person: tasks of one user that failed for one cause, or a provider whose breaker is open.
///
/// Its tasks come and go; it resolves when the last of them is cured, or when a person says so.
package struct Alert: Sendable, Hashable {
    /// What went wrong with the task that raised it last.
    package struct Fault: Sendable, Hashable {
        package var type: ErrorType
        package var message: String
        package var httpStatus: Int?

        package init(type: ErrorType, message: String, httpStatus: Int?) {
            self.type = type
            self.message = message
            self.httpStatus = httpStatus
        }

        package init(_ failure: Failure) {
            self.init(type: failure.type, message: failure.message, httpStatus: failure.httpStatus)
        }
    }

    package var id: UUID7
    package var kind: AlertKind
    package var status = AlertStatus.firing
    /// The highest of the tasks that it has had since none was open.
    package var severity: AlertSeverity
    /// Whose tasks; nil: a breaker's or a channel's, which is the admins' business.
    package var user: UserID?
    package var provider: ProviderID
    /// The fingerprint of what went wrong; nil for a breaker or a channel.
    package var cause: String?
    /// Of the task that raised it last.
    package var agentID: AgentID?
    package var taskType: String?
    package var fault: Fault?
    /// Tasks that are not cured; a breaker or channel counts for one while it is open.
    package var open = 0
    /// Tasks ever.
    package var total = 0
    /// Money of the open ones, by currency.
    package var value: [String: String] = [:]
    /// The newest of the open ones, or once none is open of all; at most `maxTaskIDs`.
    package var taskIDs: [TaskID] = []
    package var firstRaisedAt: Timestamp
    package var lastRaisedAt: Timestamp
    package var acknowledgedAt: Timestamp?
    package var acknowledgedBy: String?
    package var resolvedAt: Timestamp?
    package var resolvedBy: String?
    package var note: String?
    /// Notifications that were handed to channels.
    package var notified = 0
    package var notifiedAt: Timestamp?
    /// Where in the log it was raised last, and where anything happened to it last.
    package var raised: Int64
    package var changed: Int64

    package static let maxTaskIDs = 20

    package init(
        id: UUID7, kind: AlertKind, severity: AlertSeverity, user: UserID?, provider: ProviderID,
        cause: String?, at now: Timestamp, position: Int64
    ) {
        self.id = id
        self.kind = kind
        self.severity = severity
        self.user = user
        self.provider = provider
        self.cause = cause
        (firstRaisedAt, lastRaisedAt) = (now, now)
        (raised, changed) = (position, position)
    }

    /// Tasks that are not cured, as people count them.
    package var openTasks: Int { kind == .task ? open : 0 }
}

extension AlertKind {
    /// What an open breaker of this provider is.
    package init(breakerOf provider: ProviderID) {
        self = Reserved.channel(of: provider) == nil ? .breaker : .channel
    }
}
