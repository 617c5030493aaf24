import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// Clients that each keep one connection and post again as soon as they are answered, all on one thread.
struct LoadGenerator: Sendable {
    var url: String
    var path: String
    var key: String
    var body: String

    /// Posts so many times on each connection; how long each answer took, in microseconds.
    func run(connections: Int, each: Int) async throws -> [UInt64] {
        guard let host = URLComponents(string: url)?.host, let port = URLComponents(string: url)?.port else {
            throw CommandFailure(description: "\(url) has no host and port.")
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var clients: [EventLoopFuture<[UInt64]>] = []
        for _ in 0..<connections {
            let finished = loop.makePromise(of: [UInt64].self)
            let connection = ClientBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        LoadClient(posting: self, times: each, finished: finished))
                }
            }.connect(host: host, port: port)
            connection.whenFailure { finished.fail($0) }
            clients.append(finished.futureResult)
        }
        return try await EventLoopFuture.whenAllSucceed(clients, on: loop).get().flatMap { $0 }
    }
}

private final class LoadClient: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private var left: Int
    private var sentAt = NIODeadline.now()
    private var latencies: [UInt64] = []
    private let finished: EventLoopPromise<[UInt64]>

    init(posting load: LoadGenerator, times: Int, finished: EventLoopPromise<[UInt64]>) {
        body = ByteBuffer(string: load.body)
        head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: load.path,
            headers: [
                "host": "127.0.0.1", "authorization": "Bearer \(load.key)",
                "content-type": "application/json",
                "content-length": "\(body.readableBytes)",
            ])
        left = times
        self.finished = finished
        latencies.reserveCapacity(times)
    }

    func channelActive(context: ChannelHandlerContext) { post(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            guard head.status == .created else {
                return end(
                    context, throwing: CommandFailure(description: "The server answered \(head.status)."))
            }
        case .body: break
        case .end:
            latencies.append(UInt64((NIODeadline.now() - sentAt).nanoseconds / 1000))
            left -= 1
            if left > 0 { return post(context) }
            finished.succeed(latencies)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context, throwing: error) }

    func channelInactive(context: ChannelHandlerContext) {
        if left > 0 { end(context, throwing: CommandFailure(description: "The server hung up.")) }
    }

    private func post(_ context: ChannelHandlerContext) {
        sentAt = .now()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func end(_ context: ChannelHandlerContext, throwing error: any Error) {
        left = 0
        finished.fail(error)
        context.close(promise: nil)
    }
}
