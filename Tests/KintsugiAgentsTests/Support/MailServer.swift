import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A mail server that reads commands as it should and answers with whatever a test wants.
final class MailServer: Sendable {
    enum Step: Sendable, Hashable {
        /// One reply; its lines are ended here.
        case say(String)
        case bytes([UInt8])
        /// TLS begins after what was said.
        case secure
        case close
    }

    /// What a client sent: a command, or the whole message with its dot.
    struct Heard: Sendable, Hashable {
        var text: String
        var isSecure: Bool
    }

    /// What is answered to a command; the empty one is the connection itself.
    typealias Script = @Sendable (_ command: String) -> [Step]

    let port: Int
    private let state: SharedState
    private let channel: any Channel

    var heard: [Heard] { state.heard.withLock { $0 } }
    var commands: [String] { heard.map(\.text) }

    static let certificateFile: String = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(folder)/Fixtures/localhost.pem"
    }()

    /// Made once: it is costly.
    private static let tls = Result {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificateFile).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: certificateFile, format: .pem))))
    }

    /// Says yes to everything but what `overrides` answer by the beginning of the command, the longest first.
    static func polite(extensions: [String] = [], _ overrides: [String: [Step]] = [:]) -> Script {
        let keys = overrides.keys.sorted { $0.utf8.count > $1.utf8.count }
        return { command in
            if command.isEmpty { return overrides[""] ?? [.say("220 localhost ready")] }
            if let key = keys.first(where: { !$0.isEmpty && command.hasPrefix($0) }) {
                return overrides[key] ?? []
            }
            switch command.prefix(4) {
            case "EHLO":
                let lines = ["localhost"] + extensions
                return [
                    .say(
                        lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }
                            .joined(separator: "\r\n"))
                ]
            case "STAR": return [.say("220 go ahead"), .secure]
            case "AUTH": return [.say("235 2.7.0 welcome")]
            case "DATA": return [.say("354 tell")]
            case "QUIT": return [.say("221 bye"), .close]
            default: return [.say("250 2.0.0 fine")]
            }
        }
    }

    static func run<Result>(
        implicitTLS: Bool = false, _ script: @escaping Script,
        _ body: (MailServer) async throws -> Result
    ) async throws -> Result {
        let server = try await MailServer(implicitTLS: implicitTLS, script)
        do {
            let result = try await body(server)
            try await server.channel.close()
            return result
        } catch {
            try await server.channel.close()
            throw error
        }
    }

    private final class SharedState: Sendable {
        let heard = Mutex<[Heard]>([])
    }

    private init(implicitTLS: Bool, _ script: @escaping Script) async throws {
        let state = SharedState()
        let context = try Self.tls.get()
        self.state = state
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if implicitTLS { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(
                        Handler(context, isSecure: implicitTLS) { heard in
                            state.heard.withLock { $0.append(heard) }
                            return script(heard.text)
                        } connected: {
                            script("")
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let tls: NIOSSLContext
        private var isSecure: Bool
        private let answer: (Heard) -> [Step]
        private let connected: () -> [Step]
        private var received = ""
        private var isMessage = false

        init(
            _ tls: NIOSSLContext, isSecure: Bool, answer: @escaping (Heard) -> [Step],
            connected: @escaping () -> [Step]
        ) {
            self.tls = tls
            self.isSecure = isSecure
            self.answer = answer
            self.connected = connected
        }

        func channelActive(context: ChannelHandlerContext) { perform(connected(), context) }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            while let end = received.range(of: isMessage ? "\r\n.\r\n" : "\r\n") {
                let text = String(received[..<(isMessage ? end.upperBound : end.lowerBound)])
                received.removeSubrange(..<end.upperBound)
                isMessage = false
                perform(answer(Heard(text: text, isSecure: isSecure)), context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func perform(_ steps: [Step], _ context: ChannelHandlerContext) {
            for step in steps {
                switch step {
                case .say(let text):
                    isMessage = text.hasPrefix("354")
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
                case .bytes(let bytes):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
                case .secure:
                    isSecure = true
                    try? context.pipeline.syncOperations.addHandler(
                        NIOSSLServerHandler(context: tls), position: .first)
                case .close: context.close(promise: nil)
                }
            }
        }
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        // By bytes: for characters CR LF is one, and a dot before it would hide it.
        let (all, wanted) = (Array(utf8), Array(text.utf8))
        guard all.count >= wanted.count else { return nil }
        for start in 0...(all.count - wanted.count)
        where all[start..<(start + wanted.count)].elementsEqual(wanted) {
            let lower = utf8.index(utf8.startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: wanted.count)
        }
        return nil
    }
}
