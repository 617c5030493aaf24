package import KintsugiCore
package import KintsugiVocabulary

/// Words that sentences for people are put together from.
package enum Phrases {
    /// A span as a person would say it: `250 ms`, `3.1 s`, `4 min`, `3 h`, `2 d`.
    package static func span(_ span: Milliseconds) -> String {
        switch max(span, 0) {
        case ..<1000: "\(max(span, 0)) ms"
        case ..<120_000:
            span / 100 % 10 == 0 ? "\(span / 1000) s" : "\(span / 1000).\(span / 100 % 10) s"
        case ..<7_200_000: "\(span / 60_000) min"
        case ..<172_800_000: "\(span / 3_600_000) h"
        default: "\(span / 86_400_000) d"
        }
    }

    /// What went wrong, as the end of a sentence that begins with "because".
    package static func cause(_ failure: Failure?) -> String {
        guard let failure else { return "something went wrong" }
        if let status = failure.httpStatus {
            return failure.type == .invalidResponse
                ? "the agent answered \(status) with something it should not" : "the agent answered \(status)"
        }
        return switch failure.type {
        case .timeout: "the agent did not answer in time"
        case .networkError: "the agent could not be reached"
        case .serverError: "the agent had an error of its own"
        case .rateLimit: "the agent asked for fewer calls"
        case .authFailure: "the agent refused our credentials"
        case .validationError: "the agent refused the input"
        case .notFound: "the agent did not find what the task is about"
        case .clientError: "the agent refused the request"
        case .missingCallback: "there is no agent with a callback to run it"
        case .addressRefused: "the agent's address may not be called"
        case .circuitOpen: "the circuit breaker is open"
        case .handlerError: "the handler threw an error"
        case .agentReported: "the agent reported a failure"
        case .invalidResponse: "the agent's answer could not be understood"
        case .workerLost: "the node that ran the attempt is gone"
        case .deadlineExceeded: "its deadline had passed"
        case .cancelled: "it was cancelled"
        }
    }

    static func attempts(_ count: Int) -> String { count == 1 ? "1 attempt" : "\(count) attempts" }

    /// What the event log calls someone, as a sentence does.
    static func who(_ actor: String) -> String {
        let actor = Actor.shown(actor)
        if actor == "system" { return "the system" }
        guard let colon = actor.firstIndex(of: ":") else { return actor }
        return "\(actor[..<colon]) \(actor[actor.index(after: colon)...])"
    }
}

/// Who did something, as the API writes it: `user:<id>`, `agent:<id>` or `system`.
package enum Actor {
    package static let system = "system"

    package static func user(_ id: UserID) -> String { "user:\(id.rawValue)" }
    package static func agent(_ id: AgentID?) -> String { id.map { "agent:\($0.rawValue)" } ?? system }

    /// Anything else that was stored is the system's.
    static func shown(_ stored: String) -> String {
        stored.hasPrefix("user:") || stored.hasPrefix("agent:") ? stored : system
    }
}
