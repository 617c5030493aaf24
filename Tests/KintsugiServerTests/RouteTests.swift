import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import Logging
import NIOCore
import Testing

@testable import KintsugiServer

/// The API in this process: a store in memory and an engine that does not run, so that tasks stay where they are.
struct TestServer {
    let engine: Engine
    let keys: KeyRing
    let live: LiveTopics
    let alerts: AlertDispatcher
    let adminKey: String
    private let configuration: ServerConfiguration

    /// - Parameter store: One that an earlier server has left: then there is no new admin key.
    init(store: MemoryStore = MemoryStore(), assets: String? = nil, publicURL: String? = nil) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        engine = Engine(
            store: store, callers: [.local: LocalAgentCaller()],
            configuration: EngineConfiguration(
                node: "n", reportBaseURL: { "http://127.0.0.1:1" },
                now: { Timestamp(milliseconds: 1_769_851_800_000) }, seed: 7,
                attemptToken: { "kat_\($1)_\($0)" }, seal: { "sealed" + String($0.reversed()) },
                unseal: { String($0.dropFirst(6).reversed()) }),
            logger: logger)
        try await engine.prepare()
        live = try await LiveTopics(engine: engine)
        alerts = try await AlertDispatcher(engine: engine) { DeliveryDocument.render($0, base: "") }
        keys = KeyRing(engine: engine)
        adminKey = try await keys.bootstrap(adminKeyFromEnvironment: nil) ?? ""
        var configuration = ServerConfiguration(startedAt: .zero, logger: logger)
        configuration.assetFolder = assets
        configuration.publicURL = publicURL
        self.configuration = configuration
    }

    func key(_ role: Role, of user: String) async throws -> String {
        let (key, text) = keys.draft(name: "k", role: role, user: UserID(user), expiresAt: nil)
        try await keys.add(key, actor: "system", idempotency: nil)
        return text
    }

    func test(_ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void) async throws {
        let application = makeApplication(
            engine: engine, keys: keys, live: live, alerts: alerts, configuration: configuration)
        try await application.test(.router) { try await body($0) }
    }
}

extension TestClientProtocol {
    func ask(
        _ method: HTTPRequest.Method, _ path: String, key: String? = nil, _ body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        if let key { headers[.authorization] = "Bearer \(key)" }
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await execute(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
    }
}

extension TestResponse {
    func json() throws -> JSONNode { try JSONNode(parsing: Array(body.readableBytesView)) }
    var slug: String? { (try? json())?["type"]?.string?.split(separator: "/").last.map(String.init) }
}

@Suite("Requests and answers")
struct RouteTests {
    @Test("Every error is a problem, Hummingbird's own included")
    func problems() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        let viewer = try await server.key(.viewer, of: "v")
        try await server.test { client in
            let asked: [(TestResponse, Int, String)] = [
                (try await client.ask(.get, "/nowhere"), 404, "not-found"),
                (try await client.ask(.put, "/api/v1/tasks", key: admin), 405, "method-not-allowed"),
                (try await client.ask(.get, "/api/v1/tasks"), 401, "unauthorized"),
                (try await client.ask(.get, "/api/v1/tasks", key: admin + "A"), 401, "unauthorized"),
                (
                    try await client.ask(.post, "/api/v1/tasks", key: viewer, #"{"type":"t"}"#), 403,
                    "forbidden"
                ),
                (try await client.ask(.post, "/api/v1/tasks", key: admin, "{"), 400, "malformed-request"),
                (try await client.ask(.post, "/api/v1/tasks", key: admin), 400, "malformed-request"),
                (try await client.ask(.post, "/api/v1/tasks", key: admin, "{}"), 422, "invalid-request"),
                (try await client.ask(.get, "/api/v1/tasks/x", key: admin), 404, "not-found"),
                (try await client.ask(.get, "/api/v1/tasks?limit=0", key: admin), 422, "invalid-request"),
                (
                    try await client.ask(
                        .post, "/api/v1/tasks", key: admin, "{}", headers: [.contentType: "text/plain"]), 415,
                    "unsupported-media-type"
                ),
                (
                    try await client.ask(
                        .post, "/api/v1/tasks", key: admin, String(repeating: "[", count: 1 << 20) + "]"),
                    413,
                    "body-too-large"
                ),
                (
                    try await client.ask(.get, "/livez?" + String(repeating: "a", count: 9000)), 414,
                    "uri-too-long"
                ),
                (
                    try await client.ask(
                        .get, "/livez", headers: [.userAgent: String(repeating: "a", count: 17_000)]), 431,
                    "headers-too-large"
                ),
            ]
            var ids: Set<String> = []
            for (response, status, slug) in asked {
                #expect(response.status.code == status)
                #expect(response.headers[.contentType] == "application/problem+json")
                #expect(response.slug == slug)
                let problem = try response.json()
                #expect(problem["status"]?.int == Int64(status))
                ids.insert(try #require(problem["request_id"]?.string))
                #expect(response.headers[.requestID] == problem["request_id"]?.string)
            }
            #expect(ids.count == asked.count)
            #expect(asked[1].0.headers[.allow] == "POST, GET")
            #expect(asked[2].0.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
        }
    }

    @Test("A created task can be read, and a repeated request gets the same answer")
    func create() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let key: HTTPFields = [.idempotencyKey: "k1"]
            let body = #"{"type":"t","input":[1, 2.50]}"#
            let first = try await client.ask(.post, "/api/v1/tasks", key: admin, body, headers: key)
            #expect(first.status == .created)
            let location = try #require(first.headers[.location])
            let again = try await client.ask(
                .post, "/api/v1/tasks", key: admin, body, headers: [.idempotencyKey: "\"k1\""])
            #expect(again.body == first.body && again.headers[.location] == location)
            #expect(
                again.headers[.idempotencyReplayed] == "true" && first.headers[.idempotencyReplayed] == nil)
            let other = try await client.ask(
                .post, "/api/v1/tasks", key: admin, #"{"type":"u"}"#, headers: key)
            #expect(other.slug == "idempotency-key-reused")

            let shown = try await client.ask(.get, location, key: admin)
            #expect(shown.headers[.eTag] == "\"v1\"")
            #expect(String(buffer: shown.body).contains(#""input":[1, 2.50]"#))
            let known = try await client.ask(.get, location, key: admin, headers: [.ifNoneMatch: "\"v1\""])
            #expect(known.status == .notModified)
            let refused = try await client.ask(
                .post, location + "/cancel", key: admin, headers: [.ifMatch: "\"v9\""])
            #expect(refused.slug == "precondition-failed")
            let cancelled = try await client.ask(.post, location + "/cancel", key: admin, #"{"reason":"r"}"#)
            #expect(cancelled.status == .accepted)
            #expect(try cancelled.json()["status"]?.string == "cancelled")
            #expect(try await client.ask(.post, location + "/cancel", key: admin).slug == "task-ended")
        }
    }

    @Test("Below admin only what is one's own is there")
    func scope() async throws {
        let server = try await TestServer()
        let (admin, ann, bob) = (
            server.adminKey, try await server.key(.operator, of: "ann"),
            try await server.key(.operator, of: "bob")
        )
        try await server.test { client in
            let made = try await client.ask(.post, "/api/v1/tasks", key: ann, #"{"type":"t"}"#)
            let path = try #require(made.headers[.location])
            for door in ["", "/timeline", "/attempts"] {
                #expect(try await client.ask(.get, path + door, key: ann).status == .ok)
                #expect(try await client.ask(.get, path + door, key: admin).status == .ok)
                #expect(try await client.ask(.get, path + door, key: bob).slug == "not-found")
            }
            #expect(try await client.ask(.post, path + "/cancel", key: bob).slug == "not-found")
            for list in ["/api/v1/tasks", "/api/v1/tasks?user_id=ann"] {
                #expect(try await client.ask(.get, list, key: bob).json()["data"]?.array?.isEmpty == true)
                #expect(try await client.ask(.get, list, key: ann).json()["data"]?.array?.count == 1)
            }
            let forOthers = #"{"type":"t","user_id":"ann"}"#
            #expect(try await client.ask(.post, "/api/v1/tasks", key: bob, forOthers).slug == "forbidden")
            #expect(try await client.ask(.post, "/api/v1/tasks", key: admin, forOthers).status == .created)
        }
    }

    @Test("Secrets are shown once, and a repeated request gets them from a sealed record")
    func secrets() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let body = #"{"id":"a","name":"A","protocol":"http","callback_url":"https://a.example/"}"#
            let key: HTTPFields = [.idempotencyKey: "k"]
            let made = try await client.ask(.post, "/api/v1/agents", key: admin, body, headers: key)
            #expect(made.status == .created)
            let again = try await client.ask(.post, "/api/v1/agents", key: admin, body, headers: key)
            #expect(again.body == made.body)
            let secret = try #require(try made.json()["secret"]?.string)
            let kept = try await server.engine.store.idempotencyRecord(
                caller: "admin", operation: "POST /api/v1/agents", key: "k", at: server.engine.now)
            #expect(!String(decoding: try #require(kept).body, as: UTF8.self).contains(secret))
            let shown = try await client.ask(.get, "/api/v1/agents/a", key: admin)
            #expect(!String(buffer: shown.body).contains("whsec_"))
            let rotated = try await client.ask(.post, "/api/v1/agents/a/rotate-secret", key: admin)
            #expect(try rotated.json()["previous_expires_at"]?.string == "2026-02-01T09:30:00.000Z")
            #expect(server.engine.agent(AgentID("a"))?.secrets.map(\.value).last == secret)
        }
    }

    @Test("A patch changes what it names, null sets the default, and a fault changes nothing")
    func patch() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let body =
                #"{"id":"a","name":"A","protocol":"http","weight":3,"breaker":{"probes":1,"open_ms":5}}"#
            #expect(try await client.ask(.post, "/api/v1/agents", key: admin, body).status == .created)
            let changed = try await client.ask(
                .patch, "/api/v1/agents/a", key: admin,
                #"{"weight":null,"breaker":{"probes":null},"paused":true}"#)
            let agent = try changed.json()
            #expect(
                agent["weight"]?.int == 1 && agent["paused"]?.bool == true && agent["name"]?.string == "A")
            #expect(agent["breaker"]?["probes"]?.int == 3 && agent["breaker"]?["open_ms"]?.int == 5)
            let bad = try await client.ask(
                .patch, "/api/v1/agents/a", key: admin, #"{"weight":9,"name":null,"x":1}"#)
            #expect(try bad.json()["errors"]?.array?.count == 2)
            #expect(server.engine.agent(AgentID("a"))?.profile.weight == 1)
        }
    }

    @Test("An agent reports with the token of its attempt, and with nothing else")
    func reports() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let made = try await client.ask(.post, "/api/v1/tasks", key: admin, #"{"type":"t"}"#)
            let id = try #require(try made.json()["id"]?.string)
            let path = "/api/v1/tasks/\(id)/complete"
            for wrong in [admin, "kat_1_x", "kat_x_\(id)", "kat_2_"] {
                #expect(
                    try await client.ask(.post, path, key: wrong, #"{"output":1}"#).slug == "unauthorized")
            }
            let early = try await client.ask(.post, path, key: "kat_1_\(id)", #"{"output":1}"#)
            #expect(early.slug == "attempt-not-current")
            #expect(
                try await client.ask(.post, path, key: "kat_1_\(id)", #"{"x":1}"#).slug == "invalid-request")
        }
    }

    @Test("A revoked key works no longer, and the configuration's key is the configuration's")
    func keys() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        let given = "ks_env_" + String(repeating: "E", count: 40)
        #expect(try await server.keys.bootstrap(adminKeyFromEnvironment: given) == nil)
        try await server.test { client in
            let body = #"{"name":"n","role":"viewer","user_id":"v"}"#
            let made = try await client.ask(.post, "/api/v1/api-keys", key: admin, body).json()
            let (id, key) = (try #require(made["id"]?.string), try #require(made["key"]?.string))
            #expect(try await client.ask(.get, "/api/v1/me", key: key).json()["user_id"]?.string == "v")
            #expect(try await client.ask(.delete, "/api/v1/api-keys/\(id)", key: admin).status == .noContent)
            #expect(try await client.ask(.get, "/api/v1/me", key: key).slug == "unauthorized")
            #expect(try await client.ask(.get, "/api/v1/me", key: given).status == .ok)
            let kept = try await client.ask(.delete, "/api/v1/api-keys/env", key: admin)
            #expect(kept.slug == "key-in-configuration")
        }
        let changed = "ks_other_" + String(repeating: "F", count: 40)
        _ = try await server.keys.bootstrap(adminKeyFromEnvironment: changed)
        #expect(server.keys.caller(given, at: .zero) == nil)
        #expect(server.keys.caller(changed, at: .zero)?.role == .admin)
        await #expect(throws: InvalidAdminKey.self) {
            try await server.keys.bootstrap(adminKeyFromEnvironment: "secret")
        }
    }

    @Test("Lists go page by page and end")
    func pages() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let batch =
                #"{"tasks":["# + Array(repeating: #"{"type":"t"}"#, count: 7).joined(separator: ",") + "]}"
            let made = try await client.ask(.post, "/api/v1/tasks/batch", key: admin, batch).json()
            var seen: [String] = []
            var cursor = ""
            for _ in 0..<3 {
                let page = try await client.ask(.get, "/api/v1/tasks?limit=3\(cursor)", key: admin).json()
                seen += (page["data"]?.array ?? []).compactMap { $0["id"]?.string }
                cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            }
            #expect(cursor.isEmpty)
            #expect(seen.reversed() == (made["data"]?.array ?? []).compactMap { $0["id"]?.string })
        }
    }

    @Test("The open doors are open, and a problem explains itself")
    func open() async throws {
        let server = try await TestServer()
        try await server.test { client in
            for path in ["/livez", "/readyz", "/openapi.json", "/problems/not-found"] {
                #expect(try await client.ask(.get, path).status == .ok)
            }
            #expect(try await client.ask(.get, "/problems/nothing").slug == "not-found")
            let page = try await client.ask(
                .get, "/problems/conflict", headers: [.accept: "application/json"])
            #expect(try page.json()["status"]?.int == 409)
        }
    }
}
