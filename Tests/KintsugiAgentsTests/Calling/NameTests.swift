import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite("Names, their addresses and the guard")
struct NameTests {
    /// Answers look-ups from a script, one a question, the last for ever.
    private final class Names: Sendable {
        private let state: Mutex<(answers: [[String]], asked: [String])>

        init(_ answers: [String]...) { state = Mutex((answers, [])) }

        var asked: [String] { state.withLock { $0.asked } }

        func lookup(_ name: String) throws(LookupError) -> [IPAddress] {
            let texts = state.withLock { state in
                state.asked.append(name)
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers.first ?? []
            }
            guard !texts.isEmpty else { throw LookupError(reason: "nobody knows it") }
            return texts.compactMap { IPAddress($0) }
        }

        func configuration(timeToLive: TimeAmount = .seconds(5)) -> HTTPAgentCallerConfiguration {
            var configuration = HTTPAgentCallerConfiguration()
            configuration.addressTimeToLive = timeToLive
            configuration.lookup = { name throws(LookupError) in try self.lookup(name) }
            return configuration
        }
    }

    @Test("The connection goes to the address that was looked up here, with the name in the Host header")
    func pinned() async throws {
        let names = Names(["127.0.0.1"])
        try await TestServer.run(.always(.answer(200, "1"))) { server in
            try await Calls.withCaller(names.configuration()) { caller in
                for _ in 0..<3 {
                    let call = Calls.call("http://Agent.Invalid.:\(server.port)/x")
                    #expect(await caller.call(call).output == "1")
                }
            }
            #expect(names.asked == ["agent.invalid"])
            #expect(
                server.requests.map { $0["host"] }
                    == Array(repeating: "agent.invalid:\(server.port)", count: 3))
            #expect(server.connectionCount == 1)
        }
    }

    @Test("A name that turns to another address after it was checked gains nothing")
    func rebinding() async throws {
        let names = Names(["127.0.0.1"], ["169.254.169.254"])
        try await TestServer.run(.always(.answer(200, "1"))) { server in
            try await Calls.withCaller(names.configuration(timeToLive: .zero)) { caller in
                let call = Calls.call("http://agent.invalid:\(server.port)/")
                #expect(await caller.call(call).output == "1")
                let failure = try await caller.call(call).failure()
                #expect(
                    (failure.type, failure.errorClass, failure.sent) == (.addressRefused, .permanent, .no))
                #expect(failure.message.contains("169.254.169.254"))
            }
            #expect(server.requests.count == 1 && names.asked.count == 2)
        }
    }

    @Test("One address that is refused refuses the name")
    func mixed() async throws {
        let names = Names(["8.8.8.8", "127.0.0.1"])
        try await Calls.withCaller(names.configuration(), allowPrivate: false) { caller in
            for url in ["http://agent.invalid/", "https://agent.invalid/"] {
                let failure = try await caller.call(Calls.call(url)).failure()
                #expect(failure.type == .addressRefused && failure.message.contains("127.0.0.1"))
            }
        }
    }

    @Test("Literal addresses and URLs that are none are refused at the call too")
    func literals() async throws {
        try await TestServer.run(.always(.answer())) { server in
            try await Calls.withCaller(allowPrivate: false) { caller in
                for host in [
                    "127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "localhost", "u:p@127.0.0.1", "a b",
                ] {
                    let failure = try await caller.call(Calls.call("http://\(host):\(server.port)/"))
                        .failure()
                    #expect(
                        (failure.type, failure.errorClass, failure.sent) == (.addressRefused, .permanent, .no)
                    )
                }
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test("A name without an address is a network error, nothing sent")
    func unknown() async throws {
        try await Calls.withCaller(Names().configuration()) { caller in
            let failure = try await caller.call(Calls.call("http://agent.invalid/")).failure()
            #expect((failure.type, failure.errorClass, failure.sent) == (.networkError, .retryable, .no))
            #expect(failure.message.contains("nobody knows it"))
        }
        try await Calls.withCaller { caller in
            let failure = try await caller.call(Calls.call("http://no-such-host.invalid/")).failure()
            #expect((failure.type, failure.sent) == (.networkError, .no), "by the system: \(failure.message)")
        }
    }

    @Test("If nobody listens at the first address the next one is tried, and is the first from then on")
    func fallback() async throws {
        let names = Names(["::1", "127.0.0.2", "127.0.0.1"])
        try await TestServer.run(.always(.answer(200, "1"))) { server in
            try await Calls.withCaller(names.configuration(timeToLive: .zero)) { caller in
                for _ in 0..<3 {
                    #expect(
                        await caller.call(Calls.call("http://agent.invalid:\(server.port)/")).output == "1")
                }
            }
        }
    }

    @Test("Many calls to one name ask once")
    func shared() async throws {
        let names = Names(["127.0.0.1"])
        try await TestServer.run(.always(.answer(200, "1"))) { server in
            try await Calls.withCaller(names.configuration()) { caller in
                await withTaskGroup(of: CallResult.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            await caller.call(Calls.call("http://agent.invalid:\(server.port)/"))
                        }
                    }
                    for await result in group { #expect(result.output == "1") }
                }
            }
            #expect(names.asked.count == 1)
        }
    }

    @Test("Who waits for a name leaves at once when cancelled, and when the time is over")
    func slowNames() async throws {
        let (asked, ask) = AsyncStream<Void>.makeStream()
        let gate = Gate()
        var configuration = HTTPAgentCallerConfiguration()
        configuration.lookup = { _ throws(LookupError) in
            ask.yield()
            gate.wait()
            throw LookupError(reason: "too late")
        }
        try await Calls.withCaller(configuration) { caller in
            let late = try await caller.call(Calls.call("http://slow.invalid/", timeout: 100)).failure()
            #expect((late.type, late.sent) == (.timeout, .no))
            await withTaskGroup(of: CallResult.self) { group in
                group.addTask { await caller.call(Calls.call("http://other.invalid/")) }
                for await _ in asked.dropFirst() { break }
                group.cancelAll()
                for await result in group { #expect(result.outcome == .cancelled) }
            }
            gate.open()
        }
    }

    @Test(
        "TLS asks for the name at the address that was checked",
        arguments: ["agent.invalid", "xn--bcher-kva.invalid"])
    func tls(name: String) async throws {
        let (hellos, hello) = AsyncStream<[UInt8]>.makeStream()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener { hello.yield($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let names = Names(["127.0.0.1"])
        try await Calls.withCaller(names.configuration()) { caller in
            let port = server.localAddress?.port ?? 0
            let failure = try await caller.call(Calls.call("https://\(name):\(port)/")).failure()
            #expect((failure.type, failure.sent) == (.networkError, .no))
        }
        try await server.close()
        var first: [UInt8] = []
        for await bytes in hellos {
            first = bytes
            break
        }
        #expect(String(decoding: first, as: UTF8.self).contains(name), "the name in the ClientHello")
        #expect(names.asked == [name])
    }

    /// Gives the first bytes on and hangs up.
    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let heard: ([UInt8]) -> Void

        init(_ heard: @escaping ([UInt8]) -> Void) { self.heard = heard }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            heard(Array(unwrapInboundIn(data).readableBytesView))
            context.close(promise: nil)
        }
    }
}
