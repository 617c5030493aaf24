internal import AsyncHTTPClient
internal import KintsugiCore
package import KintsugiEngine
package import Logging
package import NIOCore

/// Calls agents over HTTP: one POST an attempt, signed, guarded and limited.
///
/// | what happens | outcome |
/// |---|---|
/// | 202 | accepted |
/// | other 2xx with JSON, or nothing, in the body | succeeded |
/// | other 2xx | `invalid_response`; `network_error` or `timeout` if the body does not come whole |
/// | any other status | by the agent's classification |
/// | no connection (name, refused, TLS, nobody there in 5 s) | `network_error`, not sent |
/// | all our own connections or descriptors in use | the same, and `isLocalSaturation` |
/// | connection broken after the request went out | `network_error`, maybe sent |
/// | the attempt's time is over | `timeout`, maybe sent, or not if there was no connection |
/// | the guard refuses the address | `address_refused`, not sent |
/// | a URL or header that cannot be sent | `client_error`, not sent |
/// | no token: the token server refuses us, a file cannot be read | `auth_failure`, not sent |
/// | no token: the token server is not there or ill | `network_error`, not sent |
package struct HTTPAgentCaller: AgentCaller {
    private let client: GuardedClient
    private let credentials: Credentials
    private let userAgent: String
    private let logger: Logger

    /// - Parameter eventLoopGroup: Whose threads do the calls; never shut down by us.
    package init(
        configuration: HTTPAgentCallerConfiguration = HTTPAgentCallerConfiguration(), guard: AddressGuard,
        eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup, logger: Logger
    ) {
        client = GuardedClient(configuration: configuration, guard: `guard`, eventLoopGroup: eventLoopGroup)
        userAgent = "kintsugi/\(configuration.version)"
        credentials = Credentials(
            client: client, folder: configuration.secretFolder, userAgent: userAgent,
            eventLoopGroup: eventLoopGroup)
        self.logger = logger
    }

    /// Ends the calls that are under way as `.interrupted` and closes all connections; once is enough.
    package func shutdown() async throws { try await client.shutdown() }

    package func call(_ call: AgentCall) async -> CallResult {
        let begin = NIODeadline.now()
        let deadline = begin + .milliseconds(min(max(call.timeout, 1), Self.longestTimeout))
        guard let text = call.agent.callbackURL else {
            return AnswerReader(call, now: call.startedAt).missingCallback()
        }
        let presented: Credentials.Presented?
        switch await credentials.present(call, begin: begin, deadline: deadline) {
        case .success(let found): presented = found
        case .failure(let problem): return AnswerReader(call, now: call.startedAt).read(problem)
        }
        let result: ExchangeResult
        do throws(CallbackURL.Problem) {
            let url = try CallbackURL(text)
            let request = AgentRequest(call, url: url, credentials: presented, userAgent: userAgent)
            result = await client.post(
                url, headers: request.headers, body: ByteBuffer(bytes: request.body), deadline: deadline)
        } catch {
            result = .failed(.addressRefused(error.sentence))
        }
        if case .answered(let answer) = result, answer.status == 401 { credentials.refused(call.agent.auth) }
        let spent = (NIODeadline.now() - begin).nanoseconds / 1_000_000
        let read = AnswerReader(call, now: call.startedAt + spent, credential: presented?.secret).read(result)
        if read.isLocalSaturation {
            logger.debug(
                "No free connection to call an agent with",
                metadata: ["agent.id": "\(call.agent.profile.id)", "task.id": "\(call.taskID)"])
        }
        return read
    }

    /// A day, the longest timeout of a task.
    private static let longestTimeout: Int64 = 86_400_000
}
