package import KintsugiVocabulary

/// What a strategy can be told in a chain's step: the single source of the catalogue and of the checks.
package struct StrategyParameter: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case whole(ClosedRange<Int64>)
        case number(ClosedRange<Double>)
        /// At most so many characters.
        case text(Int)
        case word([String])
        /// The id of a registered agent.
        case agent
        /// Any JSON value.
        case json
        /// A task to create.
        case task
    }

    package let name: String
    package let kind: Kind
    package let isRequired: Bool
    /// What holds when it is left out; nil: nothing, or what the description says.
    package let standard: JSONText?
    /// A sentence for a person.
    package let about: String

    init(_ name: String, _ kind: Kind, required: Bool = false, standard: String? = nil, _ about: String) {
        self.name = name
        self.kind = kind
        isRequired = required
        self.standard = standard.map { JSONText(valid: Array($0.utf8)) }
        self.about = about
    }
}

extension Strategy {
    /// The longest wait of a step, a year.
    private static let longest: Int64 = 31_536_000_000
    private static let day: Int64 = 86_400_000
    private static let maxText = 2000

    /// In the order in which they are told.
    package var parameters: [StrategyParameter] {
        switch self {
        case .retry:
            [
                .init("max_attempts", .whole(1...100), standard: "1", "Attempts of this step."),
                .init("delay_ms", .whole(0...Self.longest), standard: "0", "The wait before each of them."),
            ]
        case .waitAndRetry:
            [
                .init(
                    "delay_ms", .whole(0...Self.longest),
                    "The wait; left out: as long as the agent asked for, else the task's backoff.")
            ]
        case .switchAgent:
            [
                .init(
                    "agent_id", .agent,
                    "The agent; left out: the next healthy one that can do it, never the one that failed.")
            ]
        case .increaseTimeout:
            [
                .init("factor", .number(1.01...100), standard: "2", "How many times as long as before."),
                .init("max_ms", .whole(1...Self.day), "Not longer than this."),
            ]
        case .refreshCredentials: []
        case .modifyInput:
            [
                .init(
                    "patch", .json, required: true,
                    "A JSON merge patch (RFC 7396) for the input: members that are null are removed.")
            ]
        case .useOutput: [.init("output", .json, required: true, "The output that the task completes with.")]
        case .compensate:
            [
                .init(
                    "task", .task, required: true,
                    "`type`, and optionally `agent_id`, `capability`, `input` (else the failed task's), `priority`, "
                        + "`timeout_ms`.")
            ]
        case .notify: [.init("message", .text(Self.maxText), "What the alert says.")]
        case .escalate:
            [
                .init("message", .text(Self.maxText), "What the person is told."),
                .init("timeout_ms", .whole(1...Self.longest), "How long it waits; left out: for ever."),
                .init(
                    "then", .word(EscalationEnd.allCases.map(\.rawValue)), standard: #""fail""#,
                    "What follows when nobody has decided in time."),
            ]
        case .discard: [.init("note", .text(Self.maxText), "What its dead letter is closed with.")]
        }
    }

    package func parameter(_ name: String) -> StrategyParameter? { parameters.first { $0.name == name } }
}
