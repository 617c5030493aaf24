internal import AsyncHTTPClient
internal import KintsugiCore
package import KintsugiEngine
internal import KintsugiVocabulary
package import Logging
package import NIOCore
internal import NIOHTTP1

/// Tells people: renders the alert for its channel at the attempt and sends it.
///
/// | kind | told when |
/// |---|---|
/// | webhook, alertmanager | any 2xx |
/// | slack | 200 with `ok` in the body |
/// | pagerduty | 202 |
/// | email | the server took the message for at least one recipient |
/// | log | always |
///
/// Anything else is classified as an agent's answer is; for mail a reply 4xx is a retryable `server_error`, 5xx
/// permanent. The guard against calling what only we can reach holds for channels, too.
package struct ChannelCaller: AgentCaller {
    private let client: GuardedClient
    private let mail: SMTPClient
    private let userAgent: String
    private let logger: Logger

    /// - Parameters:
    ///   - logger: Where channels of kind `log` write.
    ///   - mailStepTimeout: How long a mail server may take for one answer.
    package init(
        configuration: HTTPAgentCallerConfiguration = Self.defaultConfiguration(), guard: AddressGuard,
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup,
        mailStepTimeout: TimeAmount = .seconds(20), logger: Logger
    ) {
        client = GuardedClient(configuration: configuration, guard: `guard`, eventLoopGroup: eventLoopGroup)
        mail = SMTPClient(
            names: client.names, eventLoopGroup: eventLoopGroup,
            connectTimeout: configuration.connectTimeout, stepTimeout: mailStepTimeout)
        userAgent = "kintsugi/\(configuration.version)"
        self.logger = logger
    }

    /// Channels are few and seldom called.
    package static func defaultConfiguration(version: String = "0") -> HTTPAgentCallerConfiguration {
        var configuration = HTTPAgentCallerConfiguration(version: version)
        configuration.maxConnectionsPerHost = 16
        configuration.resolverThreads = 4
        configuration.bodyLimits.success = 64 << 10
        return configuration
    }

    package func shutdown() async throws { try await client.shutdown() }

    package func call(_ call: AgentCall) async -> CallResult {
        let begin = NIODeadline.now()
        let deadline = begin + .milliseconds(min(max(call.timeout, 1), 86_400_000))
        guard let channel = call.agent.channel else {
            return CallResult(
                .failed(Failure(type: .missingCallback, message: "It is no channel.", sent: .no)))
        }
        guard let payload = DeliveryPayload(call.input) else {
            return Self.invalid("What the channel was given to tell is no alert.")
        }
        let delivery = Delivery(
            taskID: call.taskID, channel: channel, payload: payload, baseURL: call.report.baseURL,
            now: call.startedAt)
        switch Outgoing(delivery) {
        case .post(let post):
            let result = await send(post, deadline: deadline)
            let spent = (NIODeadline.now() - begin).nanoseconds / 1_000_000
            let reader = AnswerReader(call, now: call.startedAt + spent, speaker: "The channel")
            return reader.read(result) { Self.judge($0, channel.kind, reader) }
        case .mail(let message, let server):
            return Self.read(await mail.send(message, via: server, deadline: deadline), channel)
        case .log(let line):
            line.write(to: logger)
            return CallResult(.succeeded(output: nil, httpStatus: nil))
        case nil: return Self.invalid("The channel has an address that is none.")
        }
    }

    private func send(_ post: Outgoing.HTTPPost, deadline: NIODeadline) async -> ExchangeResult {
        do throws(CallbackURL.Problem) {
            let url = try CallbackURL(post.url)
            var headers: HTTPHeaders = [
                "host": url.hostHeader, "content-type": "application/json", "user-agent": userAgent,
            ]
            for (name, value) in post.headers { headers.add(name: name, value: value) }
            return await client.post(
                url, headers: headers, body: ByteBuffer(bytes: post.body), deadline: deadline)
        } catch {
            return .failed(.addressRefused(error.sentence))
        }
    }

    /// What an answer 2xx means.
    private static func judge(
        _ answer: HTTPAnswer, _ kind: ChannelKind, _ reader: AnswerReader
    ) -> AttemptOutcome {
        let excerpt = reader.excerpt(of: answer.body)
        let isTold =
            switch kind {
            case .slack: answer.status == 200 && excerpt == "ok"
            case .pagerduty: answer.status == 202
            case .webhook, .alertmanager, .email, .log: true
            }
        guard isTold else { return reader.unexpected(answer, "that is not how it takes a message") }
        let output = JSONWriter.object { $0.member("answer", excerpt) }
        return .succeeded(output: JSONText(valid: output), httpStatus: answer.status)
    }

    private static func read(_ result: SMTPClient.Result, _ channel: ChannelSettings) -> CallResult {
        switch result {
        case .cancelled: return CallResult(.cancelled)
        case .ended(.failed(var failure)):
            failure.message = channel.hidingSecrets(in: failure.message)
            return CallResult(.failed(failure))
        case .ended(.delivered(let reply, let refusals)):
            let output = JSONWriter.object { json in
                json.member("answer", channel.hidingSecrets(in: reply.text))
                json.member("refused", array: refusals) { json, refusal in
                    json.object {
                        $0.member("recipient", refusal.recipient)
                        $0.member("answer", channel.hidingSecrets(in: refusal.reply.text))
                    }
                }
            }
            return CallResult(.succeeded(output: JSONText(valid: output), httpStatus: nil))
        }
    }

    private static func invalid(_ message: String) -> CallResult {
        CallResult(.failed(Failure(type: .validationError, message: message, sent: .no)))
    }
}
