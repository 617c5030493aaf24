package import KintsugiVocabulary

/// The spans of a task, known from its id alone: no restart loses one, and every node gives them the same ids.
///
/// `send` (it was taken in) is followed by a `process` for each round, that by its attempts, and each attempt by the
/// call of its agent. The trace is the submitter's; without one it is the task's own.
package struct TaskTrace: Sendable, Hashable {
    package let submitter: SpanContext?
    /// The context of `send`.
    package let send: SpanContext
    private let id: UUID7

    /// - Parameter samples: Whether a trace of ours with this last half of its id is wanted.
    package init(_ id: TaskID, traceparent: String?, samples: (UInt64) -> Bool) {
        self.id = id.uuid
        submitter = traceparent.flatMap(SpanContext.init(traceparent:))
        let span = Self.span(id.uuid, .send, 0)
        send =
            submitter?.with(spanID: span)
            ?? SpanContext(
                traceHigh: id.uuid.high, traceLow: id.uuid.low, spanID: span,
                isSampled: samples(id.uuid.low))
    }

    package func process(round: Int) -> SpanContext { send.with(spanID: Self.span(id, .process, round)) }
    package func attempt(_ number: Int) -> SpanContext { send.with(spanID: Self.span(id, .attempt, number)) }
    /// What the agent is told as its parent.
    package func call(_ number: Int) -> SpanContext { send.with(spanID: Self.span(id, .call, number)) }

    private enum Kind: UInt64 {
        case send = 1
        case process, attempt, call
    }

    private static func span(_ id: UUID7, _ kind: Kind, _ number: Int) -> UInt64 {
        var high = SeededGenerator(seed: id.high)
        var both = SeededGenerator(seed: high.next() ^ id.low)
        var span = SeededGenerator(seed: both.next() ^ kind.rawValue << 32 ^ UInt64(number))
        return max(1, span.next())
    }
}
