import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Logging
import Synchronization
import Testing

/// One after the other: what measures time must not wait for others to be done.
@Suite("Telling channels over HTTP", .serialized, .timeLimit(.minutes(2)))
struct ChannelCallerTests {
    enum Kind: CaseIterable, Sendable {
        case webhook, slack, pagerduty, alertmanager

        func config(_ port: Int, path: String = "/hook") -> ChannelSettings.Config {
            let url = "http://127.0.0.1:\(port)\(path)"
            return switch self {
            case .webhook: .webhook(url: url)
            case .slack: .slack(url: url)
            case .pagerduty: .pagerduty(routingKey: "0123456789abcdef0123456789abcdef", url: url)
            case .alertmanager: .alertmanager(url: url)
            }
        }

        var welcome: [TestServer.Step] {
            switch self {
            case .webhook: .answer(204)
            case .slack: .answer(200, "ok", headers: ["content-type": "text/html"])
            case .pagerduty: .answer(202, #"{"status":"success","message":"Event processed"}"#)
            case .alertmanager: .answer(200)
            }
        }
    }

    private func tell(_ kind: Kind, _ steps: [TestServer.Step], timeout: Milliseconds = 10_000) async throws
        -> (result: CallResult, requests: [TestServer.Request])
    {
        try await TestServer.run(.always(steps)) { server in
            let result = try await Deliveries.withCaller { caller in
                await caller.call(Deliveries.call(kind.config(server.port), timeout: timeout))
            }
            return (result, server.requests)
        }
    }

    @Test("Each is told by one POST of JSON", arguments: Kind.allCases)
    func told(kind: Kind) async throws {
        let (result, requests) = try await tell(kind, kind.welcome)
        #expect(result.output != nil, "\(result)")
        #expect(requests.count == 1)
        let request = try #require(requests.first)
        #expect(request.line == (kind == .alertmanager ? "POST /hook/api/v2/alerts" : "POST /hook"))
        #expect(request["content-type"] == "application/json")
        #expect(request["user-agent"]?.hasPrefix("kintsugi/") == true)
        #expect((try? JSONNode(parsing: request.body)) != nil)
    }

    @Test(
        "An error is classified as an agent's is",
        arguments: [
            (400, ErrorType.validationError), (401, .authFailure), (403, .authFailure), (404, .notFound),
            (410, .notFound), (413, .validationError), (429, .rateLimit), (500, .serverError),
            (503, .serverError), (504, .timeout), (302, .clientError),
        ], Kind.allCases)
    func errors(error: (status: Int, type: ErrorType), kind: Kind) async throws {
        let steps: [TestServer.Step] = .answer(
            error.status, "invalid_payload", headers: ["retry-after": "7", "location": "/elsewhere"])
        let (result, requests) = try await tell(kind, steps)
        let failure = try result.failure()
        #expect((failure.type, failure.httpStatus) == (error.type, error.status))
        #expect(failure.errorClass == error.type.defaultClass)
        #expect(failure.retryAfter == (failure.errorClass == .retryable ? 7000 : nil))
        #expect(failure.message.hasPrefix("The channel answered \(error.status)"))
        #expect(failure.message.hasSuffix("invalid_payload"))
        #expect(requests.count == 1, "a redirect is not followed")
    }

    @Test("Slack has taken it when it says ok, PagerDuty when it says 202; no other answer counts")
    func notWelcome() async throws {
        for (kind, steps) in [
            (Kind.slack, [TestServer.Step].answer(200, "<html>please sign in</html>")),
            (.slack, .answer(200)),
            (.slack, .answer(204)), (.pagerduty, .answer(200, "ok")),
        ] {
            let failure = try await tell(kind, steps).result.failure()
            #expect(failure.type == .invalidResponse && failure.errorClass == .permanent)
        }
        #expect(try await tell(.slack, .answer(200, "ok\n")).result.output == #"{"answer":"ok"}"#)
    }

    @Test("A webhook that answers 2xx has taken it, whatever becomes of its body")
    func status() async throws {
        for steps in [
            .answer(202), .answer(200, "<html>"), .answer(299, "{"),
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort"), .close],
            .answer(200, String(repeating: "x", count: 200_000)),
        ] as [[TestServer.Step]] {
            #expect(try await tell(.webhook, steps).result.output != nil)
        }
    }

    @Test("No secret of a channel comes back in an error, and the address is not in it")
    func echo() async throws {
        let key = "0123456789abcdef0123456789abcdef"
        let pagerduty = try await tell(.pagerduty, .answer(400, "no such key: \(key)")).result.failure()
        #expect(pagerduty.message == "The channel answered 400 Bad Request: no such key: …")
        let slack = try await Deliveries.withCaller { caller in
            let config = ChannelSettings.Config.slack(url: "http://127.0.0.1:1/services/T0/B0/very-secret")
            return try await caller.call(Deliveries.call(config)).failure()
        }
        #expect(slack.type == .networkError && !slack.message.contains("very-secret"))
    }

    @Test(
        "The guard holds for channels, too",
        arguments: [
            "http://127.0.0.1:1/x", "http://169.254.169.254/latest", "http://[::1]/", "ftp://example.com/",
        ])
    func guarded(url: String) async throws {
        for config in [
            ChannelSettings.Config.webhook(url: url), .slack(url: url), .alertmanager(url: url),
            .pagerduty(routingKey: "k", url: url),
        ] {
            let failure = try await Deliveries.withCaller(allowPrivate: false) { caller in
                try await caller.call(Deliveries.call(config)).failure()
            }
            #expect(failure.type == .addressRefused && failure.sent == .no)
        }
    }

    @Test("A channel that does not answer in time has timed out")
    func timeout() async throws {
        let failure = try await tell(.webhook, [], timeout: 2000).result.failure()
        #expect(failure.type == .timeout && failure.sent == .maybe)
    }

    @Test("What is no alert is not told, and an agent that is no channel tells nothing")
    func misuse() async throws {
        try await Deliveries.withCaller { caller in
            let nonsense = Deliveries.call(.webhook(url: "http://127.0.0.1:1/"), input: #"{"n":1}"#)
            let unread = try await caller.call(nonsense).failure()
            #expect(unread.type == .validationError)
            let agent = try await caller.call(Calls.call("http://127.0.0.1:1/")).failure()
            #expect(agent.type == .missingCallback)
        }
    }

    @Test("A channel of kind log writes a line")
    func log() async throws {
        let book = LogBook()
        let logger = Logger(label: "alerts") { _ in book }
        let result = try await Deliveries.withCaller(logger: logger) { caller in
            await caller.call(Deliveries.call(.log))
        }
        #expect(result.outcome == .succeeded(output: nil, httpStatus: nil))
        #expect(book.lines == ["critical An alert was raised 212 tasks failing: server_error from acme-pay"])
    }
}

/// Keeps what is logged.
private struct LogBook: LogHandler {
    private final class Pages: Sendable {
        let lines = Mutex<[String]>([])
    }

    private let pages = Pages()
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.trace

    var lines: [String] { pages.lines.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let headline = event.metadata?["alert.headline"].map { "\($0)" } ?? ""
        pages.lines.withLock { $0.append("\(event.level) \(event.message) \(headline)") }
    }
}
