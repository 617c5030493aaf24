import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Logging
import NIOCore
import Testing

/// Calls with the members that most tests do not care about.
enum Calls {
    static let startedAt = Timestamp(milliseconds: 1_769_851_800_250)
    static let taskID = TaskID(UUID7(milliseconds: 1_769_851_800_000, random: 1, 2))

    static func call(
        _ url: String?, input: String = #"{"n":1}"#, attempt: Int = 1, round: Int = 1, inputRevision: Int = 1,
        deadline: Timestamp? = nil, metadata: [MetadataPair] = [], trace: SpanContext? = nil,
        timeout: Milliseconds = 10_000, auth: AgentRecord.Auth? = nil, secrets: [AgentRecord.Secret] = [],
        classification: [ClassificationTable.Rule] = []
    ) -> AgentCall {
        let agent = AgentRecord(
            profile: AgentProfile(id: AgentID("demo")), name: "Demo", kind: .http, callbackURL: url,
            secrets: secrets,
            auth: auth, classification: classification, createdAt: startedAt, updatedAt: startedAt)
        return AgentCall(
            agent: agent, taskID: taskID, type: "demo.echo", attempt: attempt, round: round,
            input: JSONText(valid: Array(input.utf8)), inputRevision: inputRevision, deadline: deadline,
            metadata: metadata, trace: trace, timeout: timeout, startedAt: startedAt,
            report: ReportAddress(baseURL: "http://127.0.0.1:7420", token: "report-token"))
    }

    static func withCaller<Result>(
        _ configuration: HTTPAgentCallerConfiguration = HTTPAgentCallerConfiguration(version: "1.2.3"),
        allowPrivate: Bool = true, _ body: (HTTPAgentCaller) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let caller = HTTPAgentCaller(
            configuration: configuration, guard: AddressGuard(policy: .init(allowPrivate: allowPrivate)),
            logger: logger)
        do {
            let result = try await body(caller)
            try await caller.shutdown()
            return result
        } catch {
            try await caller.shutdown()
            throw error
        }
    }

    /// One call to a server that answers every request so.
    static func result(
        of steps: [TestServer.Step], timeout: Milliseconds = 10_000,
        classification: [ClassificationTable.Rule] = [],
        auth: AgentRecord.Auth? = nil
    ) async throws -> CallResult {
        try await TestServer.run(.always(steps)) { server in
            try await withCaller { caller in
                await caller.call(
                    call(
                        "http://127.0.0.1:\(server.port)/hook", timeout: timeout, auth: auth,
                        classification: classification))
            }
        }
    }
}

extension CallResult {
    /// The failure, which must be one.
    func failure(_ location: SourceLocation = #_sourceLocation) throws -> Failure {
        guard case .failed(let failure) = outcome else {
            Issue.record("not a failure: \(outcome)", sourceLocation: location)
            throw UnexpectedOutcome()
        }
        return failure
    }

    var output: String? {
        guard case .succeeded(let output, _) = outcome else { return nil }
        return output.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
}

struct UnexpectedOutcome: Error {}
