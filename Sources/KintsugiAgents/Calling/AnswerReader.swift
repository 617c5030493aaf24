internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOHTTP1

/// Says what came of an attempt, from what came of its exchange.
struct AnswerReader {
    private let call: AgentCall
    private let table: ClassificationTable
    /// The time at which the exchange ended, for a `Retry-After` that is a date.
    private let now: Timestamp

    init(_ call: AgentCall, now: Timestamp) {
        self.call = call
        table = ClassificationTable(overrides: call.agent.classification)
        self.now = now
    }

    func read(_ result: ExchangeResult) -> CallResult {
        switch result {
        case .answered(let answer): CallResult(read(answer))
        case .failed(let failure): read(failure)
        case .cancelled: CallResult(.cancelled)
        case .interrupted: CallResult(.interrupted)
        }
    }

    func missingCallback() -> CallResult {
        failed(.missingCallback, "The agent \(call.agent.profile.id) has no callback URL.", sent: .no)
    }

    private func read(_ failure: ExchangeFailure) -> CallResult {
        switch failure {
        case .unsendable(let text): failed(.clientError, text, sent: .no)
        case .addressRefused(let text): failed(.addressRefused, text, sent: .no)
        case .unreachable(let text): failed(.networkError, text, sent: .no)
        case .saturated(let text): failed(.networkError, text, sent: .no, isLocalSaturation: true)
        case .broken(let text): failed(.networkError, text, sent: .maybe)
        case .outOfTime(let text, let wasSent):
            failed(.timeout, "\(text) Its time was \(span).", sent: wasSent ? .maybe : .no)
        }
    }

    private func failed(
        _ type: ErrorType, _ message: String, httpStatus: Int? = nil, sent: Sent,
        isLocalSaturation: Bool = false
    ) -> CallResult {
        let named = table.classify(type)
        let failure = Failure(
            type: named.type, errorClass: named.errorClass, message: message, httpStatus: httpStatus,
            sent: sent)
        return CallResult(.failed(failure), isLocalSaturation: isLocalSaturation)
    }

    /// The status of an error, and of 202, stands whatever becomes of its body.
    private func read(_ answer: HTTPAnswer) -> AttemptOutcome {
        if answer.status == 202 { return .accepted }
        guard (200...299).contains(answer.status) else { return .failed(refusal(answer)) }
        switch answer.ending {
        case .whole: return output(answer)
        case .tooLong: return invalid(answer, "its body is too long")
        case .broken(let reason):
            return failed(
                .networkError, "\(saying(answer)), but its body broke off: \(reason).",
                httpStatus: answer.status, sent: .yes
            ).outcome
        case .outOfTime:
            return failed(
                .timeout, "\(saying(answer)), but its body was not complete within \(span).",
                httpStatus: answer.status, sent: .yes
            ).outcome
        }
    }

    private func output(_ answer: HTTPAnswer) -> AttemptOutcome {
        guard !answer.body.isEmpty else { return .succeeded(output: .null, httpStatus: answer.status) }
        do throws(JSONSyntaxError) {
            let node = try JSONNode(parsing: answer.body)
            let isWhole = node.range == 0..<answer.body.count
            let bytes = isWhole ? answer.body : Array(answer.body[node.range])
            return .succeeded(output: JSONText(valid: bytes), httpStatus: answer.status)
        } catch {
            return invalid(answer, "its body is not the JSON it should be: \(error)")
        }
    }

    private func invalid(_ answer: HTTPAnswer, _ reason: String) -> AttemptOutcome {
        failed(.invalidResponse, "\(saying(answer)), but \(reason).", httpStatus: answer.status, sent: .yes)
            .outcome
    }

    private func refusal(_ answer: HTTPAnswer) -> Failure {
        let (type, errorClass) = table.classify(httpStatus: answer.status) ?? (.invalidResponse, .permanent)
        var message = saying(answer)
        if (300...399).contains(answer.status) { message += " (redirects are not followed)" }
        let excerpt = excerpt(of: answer.body)
        message += excerpt.isEmpty ? "." : ": \(excerpt)"
        let retryAfter = errorClass == .retryable ? answer.retryAfter : nil
        return Failure(
            type: type, errorClass: errorClass, message: message, httpStatus: answer.status,
            retryAfter: retryAfter.flatMap { Backoff.retryAfter(header: $0, now: now) }, sent: .yes)
    }

    private func saying(_ answer: HTTPAnswer) -> String {
        let reason = HTTPResponseStatus(statusCode: answer.status).reasonPhrase
        return "The agent answered \(answer.status)" + (reason.isEmpty ? "" : " \(reason)")
    }

    private var span: String {
        call.timeout % 1000 == 0 ? "\(call.timeout / 1000) s" : "\(call.timeout) ms"
    }

    /// So long that what says the cause is in it whatever identifiers stand before it: causes are told by it.
    private static let maxExcerpt = 500

    /// The first characters that can be shown, on one line, without the secrets we had sent.
    private func excerpt(of body: [UInt8]) -> String {
        var text = ""
        var isGap = false
        for scalar in String(decoding: body, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .spaceSeparator, .lineSeparator, .paragraphSeparator: isGap = !text.isEmpty
            case .format, .privateUse, .surrogate, .unassigned: continue
            default:
                if isGap { text.unicodeScalars.append(" ") }
                isGap = false
                text.unicodeScalars.append(scalar)
            }
        }
        for secret in secrets where secret.utf8.count >= 4 { text = text.replacing(secret, with: "…") }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.maxExcerpt)))
    }

    private var secrets: [String] {
        let auth: [String] =
            switch call.agent.auth {
            case .bearer(let token): [token]
            case .basic(_, let password): [password]
            case .header(_, let value): [value]
            case nil: []
            }
        return [call.report.token] + auth + call.agent.secrets.map(\.value)
    }
}
