import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Testing

@Suite("What an agent gets")
struct RequestTests {
    /// The one request that a call makes, to `/hook` unless said.
    private func request(target: String = "/hook", _ make: (String) -> AgentCall) async throws
        -> TestServer.Request
    {
        try await TestServer.run(.always(.answer())) { server in
            try await Calls.withCaller { caller in
                let result = await caller.call(make("http://127.0.0.1:\(server.port)\(target)"))
                #expect(result.outcome == .succeeded(output: .null, httpStatus: 200))
            }
            #expect(server.requests.count == 1)
            return try #require(server.requests.first)
        }
    }

    @Test("The body holds the input as it was written, and every member")
    func body() async throws {
        let seen = try await request { url in
            Calls.call(
                url, input: #"{"big": 9007199254740993, "ü":[1.0,null]}"#, attempt: 3, round: 2,
                deadline: Timestamp(milliseconds: 1_769_851_860_000),
                metadata: [MetadataPair(key: "order \"7\"", value: "a\nb")])
        }
        let task = "\(Calls.taskID)"
        let urls = ["progress", "complete", "fail"].map {
            #""\#($0)_url":"http://127.0.0.1:7420/api/v1/tasks/\#(task)/\#($0)""#
        }
        let expected =
            #"{"task_id":"\#(task)","type":"demo.echo","attempt":3,"round":2,"#
            + #""input":{"big": 9007199254740993, "ü":[1.0,null]},"deadline_at":"2026-01-31T09:31:00.000Z","#
            + #""metadata":{"order \"7\"":"a\nb"},"report":{\#(urls.joined(separator: ",")),"token":"report-token"}}"#
        #expect(String(decoding: seen.body, as: UTF8.self) == expected)
        #expect(seen.line == "POST /hook")
        #expect(seen["content-type"] == "application/json" && seen["user-agent"] == "kintsugi/1.2.3")
        #expect(seen["content-length"] == "\(seen.body.count)" && seen["transfer-encoding"] == nil)
        #expect(seen["kintsugi-attempt"] == "3" && seen["accept-encoding"] == nil)
    }

    @Test("Members without a value are null")
    func nulls() async throws {
        let seen = try await request { Calls.call($0, input: "null") }
        let text = String(decoding: seen.body, as: UTF8.self)
        #expect(text.contains(#""input":null,"deadline_at":null,"metadata":{},"#))
    }

    @Test("The key is the task's, and changes only with the input")
    func key() async throws {
        let first = try await request { Calls.call($0, attempt: 5, round: 2) }
        #expect(first["webhook-id"] == "\(Calls.taskID)" && first["idempotency-key"] == "\(Calls.taskID)")
        let edited = try await request { Calls.call($0, inputRevision: 3) }
        #expect(
            edited["webhook-id"] == "\(Calls.taskID)-3" && edited["idempotency-key"] == "\(Calls.taskID)-3")
    }

    @Test("It is signed with every secret whose time is not over")
    func signed() async throws {
        let secrets = (0..<3).map { number in Signature.newSecret(Array(repeating: UInt8(number), count: 24))
        }
        let seen = try await request { url in
            Calls.call(
                url,
                secrets: [
                    .init(value: secrets[0]), .init(value: secrets[1], until: Calls.startedAt + 1),
                    .init(value: secrets[2], until: Calls.startedAt),
                ])
        }
        let (header, id) = (try #require(seen["webhook-signature"]), try #require(seen["webhook-id"]))
        let stamp = try #require(seen["webhook-timestamp"])
        #expect(stamp == "1769851800")
        let valid = secrets.map { secret in
            Signature.verify(
                header: header, id: id, timestamp: stamp, body: seen.body, secrets: [secret],
                now: Calls.startedAt)
        }
        #expect(valid == [true, true, false])
    }

    @Test("The agent is told the span that its own belong to, if there is one")
    func trace() async throws {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let seen = try await request { Calls.call($0, trace: SpanContext(traceparent: parent)) }
        #expect(seen["traceparent"] == parent)
        let without = try await request { Calls.call($0) }
        #expect(without["traceparent"] == nil)
    }

    @Test("We present ourselves as the agent wants it")
    func auth() async throws {
        let bearer = try await request { Calls.call($0, auth: .bearer(token: "t-1")) }
        #expect(bearer.values("authorization") == ["Bearer t-1"])
        let basic = try await request {
            Calls.call($0, auth: .basic(username: "Aladdin", password: "open sesame"))
        }
        #expect(basic.values("authorization") == ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="])
        let custom = try await request { Calls.call($0, auth: .header(name: "X-Api-Key", value: "k")) }
        #expect(custom.values("x-api-key") == ["k"])
    }

    @Test(
        "No auth takes the place of our own headers",
        arguments: [
            "Host", "Content-Length", "content-type", "Transfer-Encoding", "WEBHOOK-ID", "webhook-signature",
            "webhook-timestamp", "Idempotency-Key", "Kintsugi-Attempt", "traceparent", "user-agent",
            "Connection",
        ])
    func reserved(name: String) async throws {
        let seen = try await request { url in
            Calls.call(
                url, auth: .header(name: name, value: "mine"),
                secrets: [.init(value: Signature.newSecret(Array(1...24)))])
        }
        #expect(!seen.headers.contains { $0.value == "mine" })
        #expect(Set(seen.headers.map { $0.name.lowercased() }).count == seen.headers.count)
    }

    @Test("A header that would break the request is not sent", arguments: ["a\r\nx: y", "a\nb", "a\u{0}b"])
    func broken(value: String) async throws {
        try await TestServer.run(.always(.answer())) { server in
            try await Calls.withCaller { caller in
                for auth in [AgentRecord.Auth.header(name: "x-key", value: value), .bearer(token: value)] {
                    let result = await caller.call(Calls.call("http://127.0.0.1:\(server.port)/", auth: auth))
                    let failure = try result.failure()
                    #expect(
                        (failure.type, failure.errorClass, failure.sent) == (.clientError, .permanent, .no))
                    #expect(!failure.message.contains(value))
                }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "Path and query arrive as they stand in the URL",
        arguments: ["/", "/a//b/../c%20d%2Fe?x=1&y=%2F+z&empty=", "/?", "//double", "/a;b=c,d@e:f!$'()*"])
    func target(text: String) async throws {
        let seen = try await request(target: text) { Calls.call($0) }
        #expect(seen.line == "POST \(text)")
    }
}
