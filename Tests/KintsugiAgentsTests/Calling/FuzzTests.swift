import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import NIOCore
import NIOPosix
import Synchronization
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A server that does not read what it is told, and says what the dice say when they say so.
private final class DiceServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var dice: SeededGenerator

    init(seed: UInt64) { dice = SeededGenerator(seed: seed) }

    private static let phrases = [
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1", "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n{",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1", "HTTP/1.0 200 OK\r\n\r\n7",
        "HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 103 Early\r\n\r\n",
        "HTTP/1.1 503 Sorry\r\ncontent-length: 2\r\n\r\nno", "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n",
        "\r\n", "x",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 302 X\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
        "\u{0}\u{1}",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ]

    func channelActive(context: ChannelHandlerContext) {
        if dice.next() % 4 == 0 { act(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard dice.next() % 5 != 0 else { return act(context) }
        // Mostly at the end of what came at once, so that calls do come through.
        guard unwrapInboundIn(data).readableBytesView.last == UInt8(ascii: "}") else { return }
        act(context)
    }

    private func act(_ context: ChannelHandlerContext) {
        for _ in 0...(dice.next() % 3) {
            let wait = TimeAmount.microseconds(dice.next() % 3 == 0 ? Int64(dice.next() % 2000) : 0)
            let choice = dice.next() % 24
            let phrase = Self.phrases[Int(dice.next() % UInt64(Self.phrases.count))]
            let cut = dice.next() % 8 == 0 ? Int(dice.next() % UInt64(phrase.utf8.count)) : phrase.utf8.count
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: wait) {
                let context = bound.value
                switch choice {
                case 0: context.close(promise: nil)
                case 1:
                    context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                case 2: context.close(mode: .output, promise: nil)
                case 3: break
                default:
                    let bytes = ByteBuffer(bytes: phrase.utf8.prefix(cut))
                    context.writeAndFlush(NIOAny(bytes), promise: nil)
                }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@Suite("Agents that throw dice")
struct FuzzTests {
    /// More seeds: `KINTSUGI_FUZZ_SEEDS=1000`.
    private var seeds: UInt64 {
        ProcessInfo.processInfo.environment["KINTSUGI_FUZZ_SEEDS"].flatMap { UInt64($0) } ?? 3
    }

    @Test("Every call ends, in time, with one outcome, and nothing falls over")
    func dice() async throws {
        for seed in 1...seeds {
            let accepted = Mutex(seed << 20)
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1024)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let number = accepted.withLock { number in
                            number += 1
                            return number
                        }
                        try channel.pipeline.syncOperations.addHandler(DiceServer(seed: number))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let port = server.localAddress?.port ?? 0
            try await Calls.withCaller { caller in await play(seed, caller, port) }
            try await server.close()
        }
    }

    private func play(_ seed: UInt64, _ caller: HTTPAgentCaller, _ port: Int) async {
        var dice = SeededGenerator(seed: seed)
        let long = "\"" + String(repeating: "x", count: 300_000) + "\""
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                if number >= 40 { await group.next() }
                let input = dice.next() % 6 == 0 ? long : "1"
                let timeout = dice.next() % 4 == 0 ? Milliseconds(1 + dice.next() % 8) : 40
                let call = Calls.call("http://127.0.0.1:\(port)/", input: input, timeout: timeout)
                let isCancelled = dice.next() % 5 == 0
                group.addTask {
                    guard isCancelled else {
                        _ = await caller.call(call)
                        return
                    }
                    await withTaskGroup(of: Void.self) { inner in
                        inner.addTask { _ = await caller.call(call) }
                        inner.addTask { await Task.yield() }
                        await inner.next()
                        inner.cancelAll()
                    }
                }
            }
        }
    }
}
