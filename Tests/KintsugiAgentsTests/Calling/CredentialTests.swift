import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import NIOCore
import NIOPosix
import Testing

@testable import KintsugiAgents

@Suite("Credentials that are fetched")
struct CredentialTests {
    private let source = CredentialSource.file("x")
    private let eventLoops = MultiThreadedEventLoopGroup.singleton
    private var soon: NIODeadline { .now() + .seconds(10) }

    private func good(_ secret: String, _ lifetime: TimeAmount = .seconds(60))
        -> Result<CredentialCache.Credential, CredentialProblem>
    {
        .success(CredentialCache.Credential(secret: secret, lifetime: lifetime))
    }

    @Test("One that is not out of date is not fetched again, unless it must be newer")
    func kept() async {
        let cache = CredentialCache(eventLoopGroup: eventLoops)
        let first = await cache.secret(from: source, asOf: nil, deadline: soon) { good("a") }
        let second = await cache.secret(from: source, asOf: nil, deadline: soon) { good("b") }
        let fresh = await cache.secret(from: source, asOf: .now(), deadline: soon) { good("c") }
        #expect(first == .success("a") && second == .success("a"))
        #expect(fresh == .success("a"), "it was fetched just now")
        let newer = await cache.secret(from: source, asOf: .now() + .seconds(2), deadline: soon) { good("d") }
        let last = await cache.secret(from: source, asOf: nil, deadline: soon) { good("e") }
        #expect(newer == .success("d") && last == .success("d"))
    }

    @Test("One that is out of date, or failed, or was refused, is fetched again")
    func again() async {
        let cache = CredentialCache(eventLoopGroup: eventLoops)
        let problem = CredentialProblem.failed(.authFailure, "no")
        let failed = await cache.secret(from: source, asOf: nil, deadline: soon) { .failure(problem) }
        #expect(failed == .failure(problem))
        #expect(
            await cache.secret(from: source, asOf: nil, deadline: soon) { good("a", .zero) } == .success("a"))
        #expect(await cache.secret(from: source, asOf: nil, deadline: soon) { good("b") } == .success("b"))
        cache.refused(source)
        #expect(await cache.secret(from: source, asOf: nil, deadline: soon) { good("c") } == .success("c"))
        cache.refused(source)
        #expect(
            await cache.secret(from: source, asOf: nil, deadline: soon) { good("d") } == .success("c"),
            "refusals make us fetch now and then only")
    }

    @Test("Who comes while it is fetched waits for it and shares it")
    func shared() async {
        let cache = CredentialCache(eventLoopGroup: eventLoops)
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let (mayEnd, letEnd) = AsyncStream<Void>.makeStream()
        let source = source
        let answers = await withTaskGroup(of: CredentialCache.Answer.self) { group in
            group.addTask {
                await cache.secret(from: source, asOf: nil, deadline: .now() + .seconds(10)) {
                    begins.yield()
                    for await _ in mayEnd { break }
                    return .success(CredentialCache.Credential(secret: "one", lifetime: .seconds(60)))
                }
            }
            for await _ in begun { break }
            for _ in 0..<20 {
                group.addTask {
                    await cache.secret(from: source, asOf: nil, deadline: .now() + .seconds(10)) {
                        .success(CredentialCache.Credential(secret: "another", lifetime: .seconds(60)))
                    }
                }
            }
            letEnd.yield()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 21 && answers.allSatisfy { $0 == .success("one") })
    }

    @Test("A fetch that was broken off is made again by the next; who has no time left does not wait")
    func brokenOff() async {
        let cache = CredentialCache(eventLoopGroup: eventLoops)
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let (mayEnd, letEnd) = AsyncStream<Void>.makeStream()
        let source = source
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let first = await cache.secret(from: source, asOf: nil, deadline: .now() + .seconds(10)) {
                    begins.yield()
                    for await _ in mayEnd { break }
                    return .failure(.cancelled)
                }
                #expect(first == .failure(.cancelled))
            }
            for await _ in begun { break }
            let hurried = await cache.secret(from: source, asOf: nil, deadline: .now()) { good("x") }
            #expect(hurried == .failure(.outOfTime))
            group.addTask {
                let second = await cache.secret(from: source, asOf: nil, deadline: .now() + .seconds(10)) {
                    .success(CredentialCache.Credential(secret: "second", lifetime: .seconds(60)))
                }
                #expect(second == .success("second"))
            }
            letEnd.yield()
            await group.waitForAll()
        }
    }

    @Test("A client's id and secret are form-encoded before they are put together")
    func encoded() {
        #expect(TokenServer.encoded("a b:ü+*-._~") == "a+b%3A%C3%BC%2B*-._%7E")
    }

    @Test("A call asks the token server first and shows the token to the agent")
    func call() async throws {
        let script = TestServer.Script.by { request in
            request.line == "POST /token"
                ? .answer(200, #"{"access_token":"abc-123","token_type":"bearer","expires_in":"3600"}"#)
                : .answer(401, #"{"you":"sent abc-123"}"#)
        }
        try await TestServer.run(script) { server in
            let base = "http://127.0.0.1:\(server.port)"
            let client = AgentRecord.ClientCredentials(
                tokenURL: base + "/token", clientID: "me:", clientSecret: "s ü", scope: "a b")
            try await Calls.withCaller { caller in
                let call = Calls.call(base + "/hook", auth: .clientCredentials(client))
                let failure = try await caller.call(call).failure()
                #expect(failure.type == .authFailure && failure.httpStatus == 401)
                #expect(!failure.message.contains("abc-123") && failure.message.contains("sent …"))
            }
            let (asked, called) = (server.requests[0], server.requests[1])
            #expect(asked["authorization"] == "Basic bWUlM0E6cyslQzMlQkM=")
            #expect(String(decoding: asked.body, as: UTF8.self) == "grant_type=client_credentials&scope=a+b")
            #expect(called["authorization"] == "Bearer abc-123")
        }
    }
}
