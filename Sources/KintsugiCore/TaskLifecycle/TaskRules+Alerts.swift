import KintsugiVocabulary

/// When a task needs a person, and when no longer.
extension TaskRules {
    /// What the command makes happen to the task, its alert included.
    ///
    /// Empty: the command needs no answer in the record.
    package static func decide(
        _ command: TaskCommand, _ state: TaskState, _ facts: Facts = Facts(), at now: Timestamp,
        using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        settling(try decideLife(command, state, facts, at: now, using: &rng), of: state)
    }

    /// That the task needs a person because of this failure; nothing for work of our own.
    ///
    /// Comes right after `moved_to_dlq`, with `task_escalated`, and for a chain's `notify`.
    static func alert(
        for failure: Failure, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        guard state.spec.origin != .internal else { return [] }
        let spec = state.spec
        let severity = AlertRule.severity(
            taskType: spec.type, payment: spec.payment, thresholds: facts.thresholds)
        let id = UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next())
        let cause = ErrorSignature(provider: state.blamed, failure: failure).fingerprint
        return [.alertRaised(AlertMark(id: id, severity: severity, cause: cause))]
    }

    /// The events with one alert at a time: the same cause is the same alert, another cause ends the one before,
    /// and whatever cures the task ends it too.
    private static func settling(_ events: [TaskEvent], of state: TaskState) -> [TaskEvent] {
        guard state.alert != nil || events.contains(where: \.isRaise) else { return events }
        var open = state.alert
        var settled: [TaskEvent] = []
        var isCured = false
        for event in events {
            switch event {
            case .alertRaised(var mark):
                if let before = open, before.cause == mark.cause {
                    mark.id = before.id
                } else if let before = open {
                    settled.append(.alertResolved(id: before.id))
                }
                open = mark
                settled.append(.alertRaised(mark))
                continue
            case .alertResolved(let id): if open?.id == id { open = nil }
            case .taskCompleted, .taskCancelled, .deadLetterResolved, .deadLetterDiscarded: isCured = true
            default: break
            }
            settled.append(event)
        }
        if isCured, let open { settled.append(.alertResolved(id: open.id)) }
        return settled
    }
}

extension TaskEvent {
    fileprivate var isRaise: Bool { if case .alertRaised = self { true } else { false } }
}
