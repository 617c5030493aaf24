package import KintsugiCore
package import KintsugiVocabulary

/// Which of the log's appends somebody wants to see.
package struct LogFilter: Sendable, Hashable {
    package var everything: Bool
    package var users: Set<UserID>
    package var tasks: Set<TaskNumber>

    package init(everything: Bool = false, users: Set<UserID> = [], tasks: Set<TaskNumber> = []) {
        self.everything = everything
        self.users = users
        self.tasks = tasks
    }

    package static let all = LogFilter(everything: true)

    /// Whether the streams of its tasks tell everything, so that nobody needs to walk through the log.
    package var isOfTasksOnly: Bool { !everything && users.isEmpty }

    package func matches(_ number: TaskNumber, of user: UserID) -> Bool {
        everything || tasks.contains(number) || users.contains(user)
    }
}

/// One append to a task's stream, as the log holds it.
package struct LogAppend: Sendable, Hashable {
    package var number: TaskNumber
    package var id: TaskID
    package var user: UserID
    /// Never empty; `seq` and position rise by one from event to event.
    package var events: [RecordedEvent]

    package init(number: TaskNumber, id: TaskID, user: UserID, events: [RecordedEvent]) {
        self.number = number
        self.id = id
        self.user = user
        self.events = events
    }

    /// Of its first event.
    package var position: Int64 { events.first?.position ?? 0 }
    /// Of its last event.
    package var last: Int64 { events.last?.position ?? 0 }
}

/// A stretch of the log: what was wanted of it, whole appends, in position order.
package struct LogSlice: Sendable, Hashable {
    package var appends: [LogAppend]
    /// Up to here everything was looked at; the next read goes on after it.
    package var through: Int64
    /// Whether the log goes on behind `through`.
    package var more: Bool

    /// How many appends a read looks at, at most, however few of them are wanted.
    package static let span = 1000

    package init(appends: [LogAppend], through: Int64, more: Bool) {
        self.appends = appends
        self.through = through
        self.more = more
    }
}

extension CommittedUnit {
    /// Those of the unit's task appends that are wanted, as the log holds them.
    package func appends(where isWanted: (TaskNumber, UserID) -> Bool) -> [LogAppend] {
        zip(unit.tasks, zip(receipt.numbers, receipt.positions)).compactMap { append, place in
            guard isWanted(place.0, append.after.spec.userID) else { return nil }
            return LogAppend(
                number: place.0, id: append.after.id, user: append.after.spec.userID,
                events: append.events.enumerated().map { index, event in
                    RecordedEvent(
                        seq: append.expectedVersion + index + 1, position: place.1 + Int64(index),
                        at: append.at,
                        event: event)
                })
        }
    }
}
