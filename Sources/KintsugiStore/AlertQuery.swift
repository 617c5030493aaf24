package import KintsugiCore
package import KintsugiVocabulary

/// Which alerts, the one that was raised last first. Empty and nil members mean all.
package struct AlertQuery: Sendable, Hashable {
    /// Only this user's; nil: everybody's, and those that are nobody's.
    package var user: UserID?
    package var statuses: [AlertStatus] = []
    package var severities: [AlertSeverity] = []
    package var kinds: [AlertKind] = []
    /// Only those whose tasks are not all cured, or whose breaker is open, whatever a person said of them.
    package var isOngoing = false
    package var before: PageCursor?
    package var limit = 50

    package init() {}

    package func matches(_ alert: Alert) -> Bool {
        (before.map { alert.raised < $0.before } ?? true)
            && (user == nil || alert.user == user)
            && (statuses.isEmpty || statuses.contains(alert.status))
            && (severities.isEmpty || severities.contains(alert.severity))
            && (kinds.isEmpty || kinds.contains(alert.kind))
            && (!isOngoing || alert.open > 0)
    }
}

/// Something that concerns an alert, with where it stands in the log.
package struct AlertHappening: Sendable, Hashable {
    package enum What: Sendable, Hashable {
        case raised(AlertMark, Raise)
        /// The task is cured, or fails for another cause now.
        case cured(UUID7, task: TaskNumber, Money?)
        case breakerOpened(UUID7, ProviderID)
        case breakerClosed(ProviderID)
        case acknowledged(UUID7, actor: String, note: String?)
        case closed(UUID7, actor: String, note: String?)
        case notified(UUID7, count: Int)
    }

    /// The task that raises it.
    package struct Raise: Sendable, Hashable {
        package var task: TaskNumber
        package var id: TaskID
        package var user: UserID
        package var provider: ProviderID
        package var agentID: AgentID?
        package var type: String
        package var fault: Alert.Fault?
        package var money: Money?

        package init(task: TaskNumber, _ state: TaskState) {
            self.task = task
            id = state.id
            user = state.spec.userID
            provider = ProviderID(state.blamed)
            agentID = state.listedAgent
            type = state.spec.type
            fault = state.lastFailure.map { Alert.Fault($0.failure) }
            money = state.spec.payment?.money
        }
    }

    package var position: Int64
    package var at: Timestamp
    package var what: What

    package init(position: Int64, at: Timestamp, what: What) {
        self.position = position
        self.at = at
        self.what = what
    }

    /// Nil: the event concerns no alert.
    ///
    /// - Parameter state: The task after the event's append.
    package init?(_ recorded: RecordedEvent, of task: TaskNumber, _ state: @autoclosure () -> TaskState) {
        let what: What
        switch recorded.event {
        case .alertRaised(let mark): what = .raised(mark, Raise(task: task, state()))
        case .alertResolved(let id): what = .cured(id, task: task, state().spec.payment?.money)
        default: return nil
        }
        self.init(position: recorded.position, at: recorded.at, what: what)
    }

    /// Nil: the record concerns no alert.
    package init?(_ append: RecordAppend, position: Int64) {
        self.init(
            append.event, kind: append.kind, key: append.key, data: append.data, at: append.at,
            position: position)
    }

    package init?(
        _ event: RecordEventType, kind: RecordKind, key: String, data: JSONText, at now: Timestamp,
        position: Int64
    ) {
        let what: What
        switch (kind, event) {
        case (.provider, .breakerOpened), (.provider, .breakerForcedOpen):
            guard let id = Self.text("alert_id", in: data).flatMap({ UUID7($0) }) else { return nil }
            what = .breakerOpened(id, ProviderID(key))
        case (.provider, .breakerClosed), (.provider, .breakerForcedClosed):
            what = .breakerClosed(ProviderID(key))
        case (.alert, .alertAcknowledged), (.alert, .alertClosed):
            guard let id = UUID7(key) else { return nil }
            let (actor, note) = (Self.text("actor", in: data) ?? "system", Self.text("note", in: data))
            what =
                event == .alertClosed
                ? .closed(id, actor: actor, note: note) : .acknowledged(id, actor: actor, note: note)
        case (.notification, .alertNotified):
            guard let id = UUID7(key), let count = (try? JSONNode(parsing: data.bytes))?["sent"]?.int else {
                return nil
            }
            what = .notified(id, count: Int(clamping: count))
        default: return nil
        }
        self.init(position: position, at: now, what: what)
    }

    private static func text(_ name: String, in data: JSONText) -> String? {
        (try? JSONNode(parsing: data.bytes))?[name]?.string
    }
}

extension Sequence<RecordedEvent> {
    /// What a task's coming to the dead letter queue raised, told by the events after it.
    package var alertOfEntry: AlertMark? {
        for recorded in self {
            switch recorded.event {
            case .alertRaised(let mark): return mark
            case .alertResolved: continue
            default: return nil
            }
        }
        return nil
    }
}
