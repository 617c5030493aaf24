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

    /// Whether a trace is wanted, by the last half of its id and by what its submitter says; nil: there is none.
    package typealias Sampler = @Sendable (_ traceLow: UInt64, _ parent: Bool?) -> Bool

    package init(_ id: TaskID, traceparent: String?, samples: Sampler) {
        self.id = id.uuid
        submitter = traceparent.flatMap(SpanContext.init(traceparent:))
        let (high, low) = submitter.map { ($0.traceHigh, $0.traceLow) } ?? (id.uuid.high, id.uuid.low)
        send = SpanContext(
            traceHigh: high, traceLow: low, spanID: Self.span(id.uuid, .send, 0),
            isSampled: samples(low, submitter?.isSampled))
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
