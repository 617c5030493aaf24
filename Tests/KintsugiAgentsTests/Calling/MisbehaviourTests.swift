import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import NIOCore
import Testing

@Suite("Agents that misbehave on the wire")
struct MisbehaviourTests {
    private static let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

    @Test(
        "A connection that breaks before the answer is a network error, maybe sent",
        arguments: [
            [TestServer.Step.close], [.reset], [.send("HTTP/1.1 20"), .close],
            [.send("HTTP/1.1 200 OK\r\nx: y"), .reset],
            [.bytes([0x00, 0xff, 0xfe] + Array("SSH-2.0-surprise\r\n\r\n".utf8)), .close],
            [.send("HTTP/1.1 100 Continue\r\n\r\n"), .close], [.send("HTTP/9.9 200 OK\r\n\r\n")],
            [.send("HTTP/1.1 200 OK\r\n" + String(repeating: "x: y\r\n", count: 5000) + "\r\n")],
            [.send("HTTP/1.1 200 OK\r\nx: " + String(repeating: "y", count: 200_000) + "\r\n\r\n")],
            [.send("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"), .close],
            [.send("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), .close],
            [.send("200 OK\r\n\r\n"), .close],
        ])
    func broken(steps: [TestServer.Step]) async throws {
        let failure = try await Calls.result(of: steps).failure()
        #expect((failure.type, failure.errorClass) == (.networkError, .retryable), "\(failure.message)")
        #expect(failure.sent == .maybe && failure.httpStatus == nil)
    }

    @Test(
        "A body that breaks off is a network error, surely sent",
        arguments: [
            [TestServer.Step.send(head + "content-length: 1000\r\n\r\n{\"half"), .close],
            [.send(head + "content-length: 1000\r\n\r\n{\"half"), .reset],
            [.send(head + "transfer-encoding: chunked\r\n\r\n20\r\n{\"half\":"), .close],
            [.send(head + "transfer-encoding: chunked\r\n\r\nzz\r\n"), .close],
        ])
    func brokenBody(steps: [TestServer.Step]) async throws {
        let failure = try await Calls.result(of: steps).failure()
        #expect(
            (failure.type, failure.sent, failure.httpStatus) == (.networkError, .yes, 200),
            "\(failure.message)")
    }

    @Test("A body that ends with the connection is whole")
    func untilClose() async throws {
        let result = try await Calls.result(of: [.send(Self.head + "\r\n{\"a\":"), .send("1}"), .close])
        #expect(result.output == #"{"a":1}"#)
    }

    @Test("Silence is a timeout, maybe sent")
    func silence() async throws {
        let failure = try await Calls.result(of: [], timeout: 1499).failure()
        #expect((failure.type, failure.errorClass, failure.sent) == (.timeout, .retryable, .maybe))
        #expect(failure.message.contains("1499 ms"))
    }

    @Test("The time is for the whole exchange: a body that does not end is a timeout, surely sent")
    func slowBody() async throws {
        for steps in [
            [TestServer.Step.send(Self.head + "content-length: 9\r\n\r\n{\"dri")],
            [.send(Self.head + "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n")],
        ] {
            let failure = try await Calls.result(of: steps, timeout: 1500).failure()
            #expect((failure.type, failure.sent, failure.httpStatus) == (.timeout, .yes, 200))
        }
    }

    @Test(
        "More than was announced harms nobody: the answer counts and the connection goes"
    )
    func surplus() async throws {
        for surplus in [
            "trailing garbage", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n666", "\r\n\r\n", "\u{0}",
        ] {
            try await TestServer.run(
                .by { request in
                    .answer(200, "\(request.connection)") + [.send(surplus)]
                }
            ) { server in
                try await Calls.withCaller { caller in
                    for _ in 0..<5 {
                        let result = await caller.call(Calls.call("http://127.0.0.1:\(server.port)/"))
                        if result.output == nil {
                            let failure = try result.failure()
                            #expect(failure.type == .networkError)
                        }
                    }
                }
            }
        }
    }

    @Test("A server that talks before it is asked harms nobody")
    func unasked() async throws {
        for early in [".", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1", "HTTP/1.1 408 Timeout\r\n\r\n"] {
            try await TestServer.run(onConnect: [.send(early)], .always(.answer(200, "2"))) { server in
                try await Calls.withCaller { caller in
                    for _ in 0..<5 { _ = await caller.call(Calls.call("http://127.0.0.1:\(server.port)/")) }
                }
            }
        }
    }

    @Test("An error that comes before the request was read is an answer")
    func early() async throws {
        let input = "\"" + String(repeating: "x", count: 1_000_000) + "\""
        let answer = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        try await TestServer.run(onConnect: [.send(answer), .close], .always([])) { server in
            try await Calls.withCaller { caller in
                let call = Calls.call("http://127.0.0.1:\(server.port)/", input: input, timeout: 2000)
                let failure = try await caller.call(call).failure()
                #expect([.validationError, .networkError].contains(failure.type), "\(failure)")
            }
        }
    }

    @Test("Nobody there: a network error, nothing sent, at once")
    func refused() async throws {
        let port = try await TestServer.run(.always([])) { $0.port }
        try await Calls.withCaller { caller in
            let result = await caller.call(Calls.call("http://127.0.0.1:\(port)/"))
            let failure = try result.failure()
            #expect((failure.type, failure.errorClass, failure.sent) == (.networkError, .retryable, .no))
            #expect(failure.message.contains("connection refused") && !result.isLocalSaturation)
        }
    }

    @Test("TLS to a server without it is a network error, nothing sent")
    func noTLS() async throws {
        try await TestServer.run(.always(.answer())) { server in
            try await Calls.withCaller { caller in
                let failure = try await caller.call(Calls.call("https://127.0.0.1:\(server.port)/")).failure()
                #expect((failure.type, failure.sent) == (.networkError, .no), "\(failure.message)")
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test("Waiting for a connection of our own is local saturation, which speaks for nobody's health")
    func saturation() async throws {
        var configuration = HTTPAgentCallerConfiguration()
        configuration.maxConnectionsPerHost = 1
        configuration.connectTimeout = .seconds(2)
        try await TestServer.run(.always([])) { server in
            try await Calls.withCaller(configuration) { caller in
                await withTaskGroup(of: CallResult.self) { group in
                    let call = Calls.call("http://127.0.0.1:\(server.port)/")
                    group.addTask { await caller.call(call) }
                    for await _ in server.arrivals { break }
                    let result = await caller.call(call)
                    #expect(result.isLocalSaturation)
                    let failure = try? result.failure()
                    #expect(failure?.type == .networkError && failure?.sent == .no)
                    group.cancelAll()
                }
            }
        }
    }

    @Test(
        "A kept connection that the agent closes without a word costs at most the call that crosses the close"
    )
    func staleConnections() async throws {
        try await TestServer.run(.always(.answer(200, "1") + [.close])) { server in
            try await Calls.withCaller { caller in
                var failures = 0
                for _ in 0..<50 {
                    let result = await caller.call(Calls.call("http://127.0.0.1:\(server.port)/"))
                    guard result.output == nil else { continue }
                    failures += 1
                    let failure = try result.failure()
                    #expect((failure.type, failure.sent) == (.networkError, .maybe))
                }
                #expect(failures <= 25)
            }
        }
    }

    @Test("Calls share connections")
    func keepAlive() async throws {
        try await TestServer.run(.always(.answer(200, "1"))) { server in
            try await Calls.withCaller { caller in
                for _ in 0..<10 {
                    #expect(await caller.call(Calls.call("http://127.0.0.1:\(server.port)/")).output == "1")
                }
            }
            #expect(server.requests.count == 10 && server.connectionCount == 1)
        }
    }
}
