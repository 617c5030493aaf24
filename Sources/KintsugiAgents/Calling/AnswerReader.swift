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
    /// What we presented, and must not repeat.
    private let credential: String?
    /// Who answered, for the beginning of a sentence.
    private let speaker: String

    init(
        _ call: AgentCall, now: Timestamp, credential: String? = nil, speaker: String = "The agent"
    ) {
        self.call = call
        self.credential = credential
        self.speaker = speaker
        table = ClassificationTable(overrides: call.agent.classification)
        self.now = now
    }

    func read(_ result: ExchangeResult) -> CallResult { read(result, judging: success) }

    /// - Parameter judge: What an answer 2xx means.
    func read(_ result: ExchangeResult, judging judge: (HTTPAnswer) -> AttemptOutcome) -> CallResult {
        switch result {
        case .answered(let answer):
            // The status of an error stands whatever becomes of its body.
            CallResult(
                (200...299).contains(answer.status) ? judge(answer) : .failed(refusal(answer)))
        case .failed(let failure): read(failure)
        case .cancelled: CallResult(.cancelled)
        case .interrupted: CallResult(.interrupted)
        }
    }

    func missingCallback() -> CallResult {
        failed(.missingCallback, "The agent \(call.agent.profile.id) has no callback URL.", sent: .no)
    }

    /// What comes of an attempt that we had no credentials for: its agent was not asked.
    func read(_ problem: CredentialProblem) -> CallResult {
        switch problem {
        case .failed(let type, let text): failed(type, text, sent: .no)
        case .outOfTime:
            failed(.timeout, "The time was over before there was a token. Its time was \(span).", sent: .no)
        case .cancelled: CallResult(.cancelled)
        case .interrupted: CallResult(.interrupted)
        }
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

    /// A 202 stands whatever becomes of its body.
    private func success(_ answer: HTTPAnswer) -> AttemptOutcome {
        if answer.status == 202 { return .accepted }
        switch answer.ending {
        case .whole: return output(answer)
        case .tooLong: return unexpected(answer, "its body is too long")
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
            return unexpected(answer, "its body is not the JSON it should be: \(error)")
        }
    }

    func unexpected(_ answer: HTTPAnswer, _ reason: String) -> AttemptOutcome {
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
        return "\(speaker) answered \(answer.status)" + (reason.isEmpty ? "" : " \(reason)")
    }

    private var span: String {
        call.timeout % 1000 == 0 ? "\(call.timeout / 1000) s" : "\(call.timeout) ms"
    }

    /// So long that what says the cause is in it whatever identifiers stand before it: causes are told by it.
    private static let maxExcerpt = 500

    /// The first characters that can be shown, on one line, without the secrets we had sent.
    func excerpt(of body: [UInt8]) -> String {
        var text = PlainText.line(String(decoding: body, as: UTF8.self), atMost: .max)
        for secret in secrets where secret.utf8.count >= 4 { text = text.replacing(secret, with: "…") }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.maxExcerpt)))
    }

    private var secrets: [String] {
        [call.report.token] + (credential.map { [$0] } ?? []) + call.agent.secrets.map(\.value)
            + (call.agent.channel?.secretTexts ?? [])
    }
}
