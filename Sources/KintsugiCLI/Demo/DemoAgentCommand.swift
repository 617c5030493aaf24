import ArgumentParser
import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import KintsugiVocabulary
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import UnixSignals

/// How an agent of the demo misbehaves.
enum DemoAgentKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Answers at once.
    case steady
    /// Fails twice, then works.
    case flaky
    /// Takes three seconds.
    case slow
    /// Goes down for six seconds with its first call, and every twenty seconds again.
    case outage
    /// Answers 422, always.
    case picky
    /// Accepts, reports progress and completes later.
    case patient
    /// Declines an expired card until a person mends the input.
    case payments
}

/// One agent of the demo or the bench; ends with its standard input.
struct DemoAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-agent", abstract: "An HTTP agent that misbehaves as real ones do.",
        shouldDisplay: false)

    @Option(help: "How it behaves.")
    var kind: DemoAgentKind

    static func start(_ kind: DemoAgentKind) async throws -> ChildProcess {
        try await .start("demo-agent", "--kind", kind.rawValue)
    }

    func run() async throws {
        ChildProcess.endWithParent()
        let agent = DemoAgent(kind: kind)
        let router = Router()
        router.post("/") { request, _ in try await agent.answer(request) }
        let quiet = Logger(label: "demo-agent") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                Terminal.output("http://127.0.0.1:\(channel.localAddress?.port ?? 0)/")
            },
            logger: quiet)
        try await application.runService(gracefulShutdownSignals: [.sigterm])
    }
}

/// The agent's memory and manners.
final class DemoAgent: Sendable {
    private let kind: DemoAgentKind
    private let calls = Mutex<[String: Int]>([:])
    private let firstCall = Mutex<ContinuousClock.Instant?>(nil)

    init(kind: DemoAgentKind) { self.kind = kind }

    func answer(_ request: Request) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: 1 << 20)
        switch kind {
        case .steady: return reply(.ok, #"{"ok":true}"#)
        case .flaky:
            let key = request.headers[.init("idempotency-key") ?? .eTag] ?? ""
            let count = calls.withLock { calls in
                calls[key, default: 0] += 1
                return calls[key] ?? 1
            }
            if count == 1 { return reply(.serviceUnavailable, #"{"error":"please come back later"}"#) }
            if count == 2 { return reply(.tooManyRequests, #"{"error":"not so fast"}"#) }
            calls.withLock { $0[key] = nil }
            return reply(.ok, #"{"summary":"third time lucky"}"#)
        case .slow:
            try await Task.sleep(for: .seconds(3))
            return reply(.ok, #"{"ok":true}"#)
        case .outage:
            if isDown() { return reply(.badGateway, #"{"error":"upstream is down"}"#) }
            return reply(.ok, #"{"delivered":true}"#)
        case .picky: return reply(.unprocessableContent, #"{"error":"address.zip is missing"}"#)
        case .patient: return try accept(Array(buffer: body))
        case .payments:
            let node = try JSONNode(parsing: Array(buffer: body))
            if node["input"]?["card"]?.string == "expired" {
                return reply(.init(code: 402), #"{"error":"card expired"}"#)
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...400)))
            return reply(.ok, #"{"receipt":"R-1"}"#)
        }
    }

    private func isDown() -> Bool {
        let now = ContinuousClock.now
        let first = firstCall.withLock { first in
            first = first ?? now
            return first ?? now
        }
        return (now - first).components.seconds % 20 < 6
    }

    private func reply(_ status: HTTPResponse.Status, _ json: String) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: json)))
    }

    /// Says 202 and goes on in the background, as an agent with a queue of its own does.
    private func accept(_ body: [UInt8]) throws -> Response {
        let report = try JSONNode(parsing: body)["report"]
        guard let progress = report?["progress_url"]?.string, let complete = report?["complete_url"]?.string,
            let token = report?["token"]?.string
        else { return reply(.badRequest, #"{"error":"no report addresses"}"#) }
        Task {
            for percent in [20, 45, 70, 95] {
                try await Task.sleep(for: .milliseconds(1500))
                try await self.report(
                    to: progress, token, #"{"percent":\#(percent),"message":"rendering page \#(percent)"}"#)
            }
            try await Task.sleep(for: .milliseconds(1000))
            try await self.report(to: complete, token, #"{"output":{"pages":95}}"#)
        }
        return reply(.accepted, "")
    }

    private func report(to url: String, _ token: String, _ json: String) async throws {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "authorization", value: "Bearer \(token)")
        request.body = .bytes(ByteBuffer(string: json))
        _ = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
    }
}
