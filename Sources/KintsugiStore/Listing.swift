package import KintsugiCore
package import KintsugiVocabulary

/// What lists and counters make of a state; every store reads it here, so that they cannot differ.
extension TaskState {
    /// The agent that a list shows: the one asked for, else the one of the last attempt.
    package var listedAgent: AgentID? { agentID ?? attempt?.start.agentID }

    /// The error type that a list filters by: what it failed of; nil unless it failed.
    package var listedError: ErrorType? {
        guard case .failed = phase else { return nil }
        return lastFailure?.failure.type
    }

    /// Health and totals count what users asked for; deliveries and compensations are our own doing.
    package var isCounted: Bool { spec.origin == .user }

    /// How long the round took that ended now; nil if it never began.
    package var roundDuration: Milliseconds? {
        guard let finishedAt, let roundStartedAt else { return nil }
        return max(0, finishedAt - roundStartedAt)
    }
}

/// How an attempt ended, for its agent's figures.
package struct AttemptEnd: Sendable, Hashable {
    package var agentID: AgentID
    /// Nil: it succeeded.
    package var error: ErrorType?
    /// Nil: the agent was not asked, or nobody knows for how long.
    package var duration: Milliseconds?
}

extension TaskState {
    /// The attempt that this event ended, which is the last one taken in; nil: it ended none that says something
    /// about the agent. What we broke off ourselves, by cancelling or shutting down, does not.
    package func attemptEnd(_ event: TaskEvent) -> AttemptEnd? {
        let (error, duration): (ErrorType?, Milliseconds?)
        switch event {
        case .attemptSuccess(let success): (error, duration) = (nil, success.duration)
        case .attemptFailed(let failed):
            (error, duration) = (failed.failure.type, failed.failure.sent == .no ? nil : failed.duration)
        case .attemptAbandoned: (error, duration) = (.workerLost, nil)
        default: return nil
        }
        guard let agent = attempt?.start.agentID else { return nil }
        return AttemptEnd(agentID: agent, error: error, duration: duration)
    }
}

extension TaskAppend {
    /// What became of remedies and chains by these events.
    package var remedyCounts: [RemedyFold.Count] {
        guard var fold = before?.remedies else { return [] }
        var counts: [RemedyFold.Count] = []
        for event in events { fold.take(event, agent: before?.agentID, into: &counts) }
        return counts
    }
}

extension AppendUnit {
    /// When it was decided; the time by which an old idempotency row counts as expired.
    package var at: Timestamp? { tasks.first?.at ?? records.first?.at }
}

extension TaskQuery {
    /// Digits below which a text is no id prefix: it would match everything.
    package static let minPrefixDigits = 4

    /// The ids that begin with the text, if it can be the beginning of one.
    package var idRange: ClosedRange<UUID7>? { text.flatMap(UUID7.range(prefix:)) }
}

extension UUID7 {
    /// All identifiers whose canonical form begins so; nil for fewer than four digits or another character.
    package static func range(prefix: String) -> ClosedRange<UUID7>? {
        var nibbles: [UInt64] = []
        for (index, byte) in prefix.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibbles.append(UInt64(byte - UInt8(ascii: "0")))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibbles.append(UInt64(byte - UInt8(ascii: "a") + 10))
            default: return nil
            }
        }
        guard (TaskQuery.minPrefixDigits...32).contains(nibbles.count) else { return nil }
        func filled(with filler: UInt64) -> UUID7 {
            let all = nibbles + [UInt64](repeating: filler, count: 32 - nibbles.count)
            return UUID7(
                high: all[..<16].reduce(0) { $0 << 4 | $1 }, low: all[16...].reduce(0) { $0 << 4 | $1 })
        }
        return filled(with: 0)...filled(with: 15)
    }
}

extension Timestamp {
    /// The minute it lies in, counted from 1970; the unit in which activity is counted.
    package var minute: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 60_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// When that minute began.
    package var startOfMinute: Timestamp {
        Timestamp(milliseconds: minute.multipliedReportingOverflow(by: 60_000).partialValue)
    }
}
