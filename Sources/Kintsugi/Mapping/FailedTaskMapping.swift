package import KintsugiCore
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension FailedTaskResource {
    /// The entry as clients see it, with the task as it was when it came here.
    package init(_ entry: DeadLetter) {
        let state = entry.task.state
        self.init(task: TaskResource(state, Outlook(now: entry.failedAt)))
        id = entry.id.description
        status = entry.status
        reason = entry.reason
        agentID = entry.agentID?.rawValue
        error = entry.failure.map { ErrorResource($0, at: state.lastFailure?.at ?? entry.failedAt) }
        errorGroup = ErrorGroup.fingerprint(of: entry)
        attempts = entry.attempts
        alert = entry.alert.map { AlertMarkResource(id: $0.id.description, severity: $0.severity) }
        failedAt = entry.failedAt.rfc3339
        closedAt = entry.closedAt?.rfc3339
        closedBy = entry.closedBy.map(Actor.shown)
        note = entry.note
        suggestedStrategies = SuggestedStrategies.names(for: entry.failure)
    }
}

extension FailedTaskSummaryResource {
    package init(_ totals: Totals, oldestPending: Timestamp?, at now: Timestamp) {
        self.init()
        entered = totals.deadLettersIn
        pending = totals.deadLetters[.pending] ?? 0
        retried = totals.deadLetters[.retried] ?? 0
        resolved = totals.deadLetters[.resolved] ?? 0
        discarded = totals.deadLetters[.discarded] ?? 0
        value = totals.pendingMoney
        oldestPendingAt = oldestPending?.rfc3339
        at = now.rfc3339
    }
}

extension Totals {
    /// Money at stake in the pending dead letters, by currency.
    var pendingMoney: [Money] {
        pendingValue.sorted { $0.key < $1.key }.compactMap { Money($0.value, $0.key) }
            .filter { Decimal.compare($0.amount, "0") > 0 }
    }
}

/// A name for failures of one kind: what failed, at whom, how, in which words.
///
/// Numbers in the words do not count, so that "order 17 not found" and "order 18 not found" are one kind.
package enum ErrorGroup {
    package static func fingerprint(of entry: DeadLetter) -> String {
        fingerprint(type: entry.task.state.spec.type, agent: entry.agentID, entry.failure)
    }

    static func fingerprint(of state: TaskState) -> String {
        fingerprint(type: state.spec.type, agent: state.listedAgent, state.lastFailure?.failure)
    }

    private static func fingerprint(type: String, agent: AgentID?, _ failure: Failure?) -> String {
        let words: [String] = [
            type, agent?.rawValue ?? "", failure?.type.rawValue ?? "",
            failure?.httpStatus.map(String.init) ?? "",
        ]
        var text = Array(words.joined(separator: "\u{0}").utf8)
        for byte in (failure?.message ?? "").utf8.prefix(512) where !(48...57).contains(byte) {
            text.append(byte)
        }
        let hash = String(ReportMark(kind: "group", body: text).value, radix: 16)
        return String(repeating: "0", count: 16 - hash.utf8.count) + hash
    }
}

/// What a person may try first, by the kind of failure; replaced by what has worked once that is measured.
enum SuggestedStrategies {
    static func names(for failure: Failure?) -> [String] {
        switch failure?.type {
        case .timeout: ["wait_and_retry", "increase_timeout", "switch_agent"]
        case .networkError, .serverError, .circuitOpen, .workerLost:
            ["wait_and_retry", "switch_agent", "retry"]
        case .rateLimit: ["wait_and_retry", "switch_agent"]
        case .authFailure: ["refresh_credentials", "switch_agent", "escalate"]
        case .validationError, .clientError: ["modify_input", "switch_agent", "escalate"]
        case .notFound: ["modify_input", "escalate", "discard"]
        case .missingCallback, .addressRefused: ["switch_agent", "escalate"]
        case .invalidResponse: ["switch_agent", "retry", "escalate"]
        case .deadlineExceeded: ["retry", "increase_timeout", "discard"]
        case .handlerError, .agentReported: ["retry", "switch_agent", "escalate"]
        case .cancelled, nil: ["retry", "discard"]
        }
    }
}
