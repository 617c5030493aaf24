import HTTPTypes
import Hummingbird
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// What an agent that answered 202 tells later, with the token of its attempt.
enum ReportHandlers {
    @Sendable static func progress(_ exchange: Exchange) async throws -> Answer {
        try await report(exchange, ["percent", "message"]) { _, members, fields in
            let percent = fields.number(members, "percent", 0...100, required: true)
            let message = fields.text(members, "message", .free(0...2000))
            return .progress(percent: percent ?? 0, message: message)
        }
    }

    @Sendable static func complete(_ exchange: Exchange) async throws -> Answer {
        try await report(exchange, ["output"]) { body, members, fields in
            guard let output = members.node("output") else {
                fields.add(members, "output", "is required")
                return .complete(output: .null, ReportMark(kind: "complete", body: []))
            }
            return .complete(output: fields.raw(output), ReportMark(kind: "complete", body: body.bytes))
        }
    }

    @Sendable static func fail(_ exchange: Exchange) async throws -> Answer {
        try await report(exchange, ["message", "type", "retryable"]) { body, members, fields in
            let message = fields.text(members, "message", .free(0...2000), required: true) ?? ""
            let type = fields.text(members, "type", .word(100))
            let isRetryable = fields.flag(members, "retryable")
            let failure = failure(type, message, isRetryable)
            return .fail(failure, ReportMark(kind: "fail", body: body.bytes))
        }
    }

    /// The error types that an agent can know.
    private static let known: Set<ErrorType> = [
        .timeout, .networkError, .serverError, .rateLimit, .authFailure, .validationError, .notFound,
        .clientError,
        .handlerError, .invalidResponse,
    ]

    private static func failure(_ type: String?, _ message: String, _ isRetryable: Bool?) -> Failure {
        let errorClass = isRetryable.map { $0 ? ErrorClass.retryable : .permanent }
        if let type, let known = ErrorType(rawValue: type), Self.known.contains(known) {
            return Failure(type: known, errorClass: errorClass, message: message)
        }
        let told =
            type.map { $0 == ErrorType.agentReported.rawValue ? message : "\($0): \(message)" } ?? message
        return Failure(type: .agentReported, errorClass: errorClass, message: told)
    }

    private static func report(
        _ exchange: Exchange, _ names: [String],
        _ read: (Body, Fields.Members, inout Fields) -> AgentReport
    ) async throws -> Answer {
        let id = try exchange.taskID()
        let attempt = try attempt(of: id, exchange)
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        var fields = Fields(body.bytes)
        let report = fields.object(body.root, at: "", names).map { read(body, $0, &fields) }
        try fields.check()
        guard let report else { throw Problem(.malformedRequest, "A report is needed here.") }
        let task = try await exchange.engine.report(report, attempt: attempt, of: id)
        let receipt = ReportReceiptResource(
            taskID: id.description, attempt: attempt, status: status(after: report, task.state))
        return Answer(.ok, receipt)
    }

    private static func status(after report: AgentReport, _ state: TaskState) -> AttemptStatus {
        switch report {
        case .complete: .succeeded
        case .fail: .failed
        case .progress: if case .accepted = state.phase { .accepted } else { .running }
        }
    }

    /// The attempt whose token the caller holds: `kat_<attempt>_<code>`.
    private static func attempt(of id: TaskID, _ exchange: Exchange) throws(Problem) -> Int {
        let refusal = Problem(.unauthorized, "Send the token of the attempt, as it stood in report.token.")
        guard let token = exchange.request.bearerToken, token.hasPrefix("kat_"), token.utf8.count <= 200,
            let end = token.dropFirst(4).firstIndex(of: "_"), let attempt = Int(token.dropFirst(4)[..<end]),
            attempt > 0
        else { throw refusal }
        let right = exchange.engine.configuration.attemptToken(id.description, attempt)
        guard APIKey.areEqual(Array(token.utf8), Array(right.utf8)) else { throw refusal }
        return attempt
    }
}
