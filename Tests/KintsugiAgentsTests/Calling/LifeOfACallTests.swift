import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Testing

@Suite("Calls that end otherwise, and many at once")
struct LifeOfACallTests {
    @Test("A cancelled call ends at once and hangs up, before the answer and within it")
    func cancellation() async throws {
        for steps in [[], [TestServer.Step.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1,")]] {
            try await TestServer.run(.always(steps)) { server in
                try await Calls.withCaller { caller in
                    let call = Calls.call("http://127.0.0.1:\(server.port)/", timeout: 3_600_000)
                    await withTaskGroup(of: CallResult.self) { group in
                        group.addTask { await caller.call(call) }
                        for await _ in server.arrivals { break }
                        group.cancelAll()
                        for await result in group { #expect(result.outcome == .cancelled) }
                    }
                    for await _ in server.closings { break }
                }
            }
        }
    }

    @Test("A call that is cancelled before it begins sends nothing")
    func cancelledBefore() async throws {
        try await TestServer.run(.always(.answer())) { server in
            try await Calls.withCaller { caller in
                let call = Calls.call("http://127.0.0.1:\(server.port)/")
                let result = await withTaskGroup(of: CallResult.self) { group in
                    group.cancelAll()
                    group.addTask { await caller.call(call) }
                    return await group.next()
                }
                #expect(result?.outcome == .cancelled)
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test("Our own shutdown interrupts what is under way, and what comes after")
    func shutdown() async throws {
        try await TestServer.run(.always([])) { server in
            try await Calls.withCaller { caller in
                let call = Calls.call("http://127.0.0.1:\(server.port)/")
                try await withThrowingTaskGroup(of: CallResult.self) { group in
                    group.addTask { await caller.call(call) }
                    for await _ in server.arrivals { break }
                    try await caller.shutdown()
                    for try await result in group { #expect(result.outcome == .interrupted) }
                }
                #expect(await caller.call(call).outcome == .interrupted)
                #expect(
                    await caller.call(Calls.call("http://localhost:\(server.port)/")).outcome == .interrupted)
                #expect(
                    await caller.call(Calls.call("https://localhost:\(server.port)/")).outcome == .interrupted
                )
            }
        }
    }

    @Test("An agent without a callback is told so")
    func missing() async throws {
        try await Calls.withCaller { caller in
            let failure = try await caller.call(Calls.call(nil)).failure()
            #expect((failure.type, failure.errorClass, failure.sent) == (.missingCallback, .permanent, .no))
        }
    }

    @Test("Five hundred calls at once each get their own answer")
    func many() async throws {
        try await TestServer.run(.by { .answer(200, "\"\($0["webhook-id"] ?? "")\"") }) { server in
            try await Calls.withCaller { caller in
                await withTaskGroup(of: (Int, CallResult).self) { group in
                    for number in 2..<502 {
                        let call = Calls.call("http://127.0.0.1:\(server.port)/", inputRevision: number)
                        group.addTask { (number, await caller.call(call)) }
                    }
                    for await (number, result) in group {
                        #expect(result.output == "\"\(Calls.taskID)-\(number)\"")
                    }
                }
            }
            #expect(server.requests.count == 500)
        }
    }

    @Test("Agents from hell, two hundred at a time and mixed, end every call and leave the good ones alone")
    func chaos() async throws {
        let tricks: [[TestServer.Step]] = [
            [.close], [.reset], [.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n1"), .reset],
            [.send("\u{0}?\r\n\r\n")],
            .answer(503, "no"), .answer(200, "1") + [.send("surplus")], .answer(200, "1") + [.close],
            .answer(202),
            .answer(200, String(repeating: "x", count: 2 << 20)),
            .answer(500, String(repeating: "x", count: 1 << 18)), [],
            .answer(200, "1"), .answer(200, "1"),
        ]
        try await TestServer.run(
            .by { request in
                tricks[Int(request["kintsugi-attempt"] ?? "").map { $0 % tricks.count } ?? 0]
            }
        ) { server in
            try await Calls.withCaller { caller in
                await withTaskGroup(of: CallResult.self) { group in
                    for number in 0..<1000 {
                        if number >= 200 { _ = await group.next() }
                        let call = Calls.call(
                            "http://127.0.0.1:\(server.port)/", attempt: number,
                            timeout: number % 13 == 10 ? 50 : 20_000)
                        group.addTask { await caller.call(call) }
                    }
                }
                let calm = Calls.call("http://127.0.0.1:\(server.port)/", attempt: 11)
                #expect(await caller.call(calm).output == "1")
            }
        }
    }
}
