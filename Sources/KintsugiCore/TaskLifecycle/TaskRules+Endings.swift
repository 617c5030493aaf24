import KintsugiVocabulary

/// How rounds end and new ones begin.
extension TaskRules {
    static func ending(
        _ reason: DeadLetterReason, _ failure: Failure, _ state: TaskState, _ facts: Facts, at now: Timestamp,
        using rng: inout SeededGenerator
    ) -> [TaskEvent] {
        [
            .taskFailed(reason: reason, failure: failure),
            .movedToDLQ(newDeadLetter(at: now, using: &rng), reason: reason),
        ] + alert(for: failure, state, facts, at: now, using: &rng)
    }

    static func newDeadLetter(at now: Timestamp, using rng: inout SeededGenerator) -> DeadLetterID {
        DeadLetterID(UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next()))
    }

    static func requeue(
        _ retry: Retry, _ state: TaskState, at now: Timestamp, using rng: inout SeededGenerator
    ) throws(Rejection) -> [TaskEvent] {
        var events: [TaskEvent] = []
        let entry: DeadLetterID
        switch state.phase {
        case .failed:
            guard let deadLetter = state.deadLetter else { throw .outOfDate }
            entry = deadLetter.id
        case .cancelled:
            entry = newDeadLetter(at: now, using: &rng)
            events.append(.movedToDLQ(entry, reason: .cancelled))
        default: throw .notRetryable(state.status)
        }
        if let input = retry.input, input != state.input {
            events.append(
                .inputEdited(
                    before: state.input, after: input, revision: state.inputRevision + 1, actor: retry.actor))
        }
        let kept = state.deadline.flatMap { $0 > now ? $0 : nil }
        events.append(
            .taskRequeued(
                Requeue(
                    round: state.round + 1, cause: retry.cause, actor: retry.actor, failedTaskID: entry,
                    due: now + retry.delay, agentID: retry.agentID, deadline: retry.deadline ?? kept,
                    reason: retry.reason)))
        return events
    }

    static func pendingDeadLetter(_ state: TaskState) throws(Rejection) -> DeadLetterID {
        guard let entry = state.deadLetter, entry.status == .pending, case .failed = state.phase else {
            throw .noPendingDeadLetter(state.deadLetter?.status)
        }
        return entry.id
    }
}
