import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A server that reads HTTP as it should be read and answers with whatever bytes a test wants.
final class TestServer: Sendable {
    enum Step: Sendable {
        case send(String)
        case bytes([UInt8])
        /// Ends the connection in order.
        case close
        /// Ends it with RST.
        case reset
    }

    enum Script: Sendable {
        case always([Step])
        case by(@Sendable (Request) -> [Step])

        func steps(for request: Request) -> [Step] {
            switch self {
            case .always(let steps): steps
            case .by(let choose): choose(request)
            }
        }
    }

    struct Request: Sendable {
        var line: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]
        /// From 0, in the order in which they were accepted.
        var connection: Int

        func values(_ name: String) -> [String] {
            headers.filter { $0.name.lowercased() == name }.map(\.value)
        }
        subscript(_ name: String) -> String? { values(name).first }
    }

    private struct State {
        var requests: [Request] = []
        var connections = 0
    }

    let port: Int
    /// Each request when it is complete, and each connection when it is closed.
    let arrivals: AsyncStream<Void>
    let closings: AsyncStream<Int>
    private let state: SharedState
    private let channel: any Channel

    /// Nothing sent keeps the caller waiting.
    static func run<Result>(
        onConnect: [Step] = [], _ script: Script,
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let server = try await TestServer(onConnect: onConnect, script)
        do {
            let result = try await body(server)
            try await server.channel.close()
            return result
        } catch {
            try await server.channel.close()
            throw error
        }
    }

    private init(onConnect: [Step], _ script: Script) async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let (closings, closed) = AsyncStream<Int>.makeStream()
        let state = SharedState()
        (self.arrivals, self.closings, self.state) = (arrivals, closings, state)
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = state.connect()
                    channel.closeFuture.whenComplete { _ in closed.yield(number) }
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(number: number, onConnect: onConnect) { request in
                            state.add(request)
                            arrived.yield()
                            return script.steps(for: request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var requests: [Request] { state.requests }
    var connectionCount: Int { state.connectionCount }

    private final class SharedState: Sendable {
        private let state = Mutex(State())

        var requests: [Request] { state.withLock { $0.requests } }
        var connectionCount: Int { state.withLock { $0.connections } }
        func add(_ request: Request) { state.withLock { $0.requests.append(request) } }
        func connect() -> Int {
            state.withLock { state in
                defer { state.connections += 1 }
                return state.connections
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer

        private let number: Int
        private let onConnect: [Step]
        private let answer: (Request) -> [Step]
        private var current: Request?

        init(number: Int, onConnect: [Step], answer: @escaping (Request) -> [Step]) {
            self.number = number
            self.onConnect = onConnect
            self.answer = answer
        }

        func channelActive(context: ChannelHandlerContext) { perform(onConnect, context) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let headers = head.headers.map { (name: $0.name, value: $0.value) }
                current = Request(
                    line: "\(head.method) \(head.uri)", headers: headers, body: [], connection: number)
            case .body(let buffer): current?.body += buffer.readableBytesView
            case .end:
                guard let request = current else { return }
                current = nil
                perform(answer(request), context)
            }
        }

        /// What is no HTTP, such as a TLS handshake, is hung up on.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func perform(_ steps: [Step], _ context: ChannelHandlerContext) {
            for step in steps {
                switch step {
                case .send(let text):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                case .bytes(let bytes):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
                case .close: context.close(promise: nil)
                case .reset:
                    (context.channel as? any SocketOptionProvider)?.setSoLinger(
                        linger(l_onoff: 1, l_linger: 0)
                    )
                    .whenComplete { _ in }
                    context.close(promise: nil)
                }
            }
        }
    }
}

extension [TestServer.Step] {
    /// A whole answer with the right length.
    static func answer(_ status: Int = 200, _ body: String = "", headers: [String: String] = [:]) -> Self {
        var text = "HTTP/1.1 \(status) Whatever\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if status != 204 { text += "content-length: \(body.utf8.count)\r\n" }
        return [.send(text + "\r\n" + body)]
    }
}
