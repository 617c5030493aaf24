import HTTPTypes
import Hummingbird
import HummingbirdTesting
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import KintsugiServer

@Suite("Signing in and out")
struct SessionTests {
    private static let day: Milliseconds = 86_400_000
    private static let ours: HTTPFields = [.secFetchSite: "same-origin"]

    /// The cookie that a sign-in's answer sets, to be sent back.
    private func cookie(of response: TestResponse) throws -> String {
        let text = try #require(response.headers[.setCookie])
        return String(text.prefix { $0 != ";" })
    }

    private func signIn(_ client: any TestClientProtocol, _ key: String) async throws -> String {
        let response = try await client.ask(.post, Paths.session, #"{"key":"\#(key)"}"#)
        #expect(response.status == .ok)
        return try cookie(of: response)
    }

    private func value(_ cookie: String) -> Substring { cookie.dropFirst(Session.cookieName.count + 1) }

    // MARK: The door

    @Test("A session does what its key does, and a key that is sent goes first")
    func admit() async throws {
        let server = try await TestServer()
        let viewer = try await server.key(.viewer, of: "v")
        try await server.test { client in
            let cookie = try await signIn(client, viewer)
            let headers = Self.ours + [.cookie: "theme=dark; \(cookie)"]
            let me = try await client.ask(.get, Paths.me, headers: headers).json()
            #expect(me["user_id"]?.string == "v" && me["role"]?.string == "viewer")
            #expect(me["session"]?.bool == true && me["method"]?.string == "session")
            #expect(me["expires_at"]?.string == "2026-02-07T09:30:00.000Z")
            #expect(me["server"]?["node"]?.string == "n" && me["at"]?.string == "2026-01-31T09:30:00.000Z")
            let act = try await client.ask(.post, Paths.tasks, #"{"type":"t"}"#, headers: headers)
            #expect(act.slug == "forbidden")
            let both = try await client.ask(.get, Paths.me, key: server.adminKey, headers: headers).json()
            #expect(both["user_id"]?.string == "admin" && both["session"]?.bool == false)
            for wrong in [cookie + "x", "\(Session.cookieName)=", "\(Session.cookieName)=a_b", "x\(cookie)"] {
                let refused = try await client.ask(.get, Paths.me, headers: [.cookie: wrong])
                #expect(refused.slug == "unauthorized")
            }
            let basic: HTTPFields = [.cookie: cookie, .authorization: "Basic eDp5"]
            #expect(try await client.ask(.get, Paths.me, headers: basic).slug == "unauthorized")
        }
    }

    @Test(
        "What the browser says of a request's origin decides",
        arguments: [
            ("same-origin", nil, Origin.ours), ("none", nil, .ours), ("same-origin", "https://evil", .ours),
            ("cross-site", nil, .foreign), ("same-site", nil, .foreign), ("", nil, .foreign),
            ("cross-site", "http://h:1", .foreign), (nil, "http://h:1", .ours), (nil, "https://h:1", .ours),
            (nil, "HTTPS://public.example", .ours), (nil, "http://h:2", .foreign), (nil, "null", .foreign),
            (nil, "http://h:1.evil", .foreign), (nil, "", .foreign), (nil, nil, .untold),
        ] as [(String?, String?, Origin)])
    func origin(secFetchSite: String?, origin: String?, expected: Origin) {
        let seen = Origin(
            secFetchSite: secFetchSite, origin: origin, host: "h:1", publicURL: "https://public.example/")
        #expect(seen == expected)
    }

    @Test("By cookie only our own pages change something; reading and a key need no proof")
    func crossSite() async throws {
        let server = try await TestServer()
        let admin = server.adminKey
        try await server.test { client in
            let cookie = try await signIn(client, admin)
            let foreign: [HTTPFields] = [
                [:], [.secFetchSite: "cross-site"], [.secFetchSite: "same-site"], [.origin: "https://evil"],
            ]
            for headers in foreign {
                let headers = headers + [.cookie: cookie]
                let act = try await client.ask(.post, Paths.tasks, #"{"type":"t"}"#, headers: headers)
                #expect(act.slug == "forbidden")
                #expect(try act.json()["detail"]?.string?.contains("Sec-Fetch-Site") == true)
                #expect(try await client.ask(.delete, Paths.session, headers: headers).slug == "forbidden")
                #expect(try await client.ask(.get, Paths.me, headers: headers).status == .ok)
                let byKey = try await client.ask(
                    .post, Paths.tasks, key: admin, #"{"type":"t"}"#, headers: headers)
                #expect(byKey.status == .created)
            }
            let own = Self.ours + [.cookie: cookie]
            let act = try await client.ask(.post, Paths.tasks, #"{"type":"t"}"#, headers: own)
            #expect(act.status == .created)
            let key = #"{"key":"\#(admin)"}"#
            for site in ["cross-site", "same-site"] {
                let lured = try await client.ask(.post, Paths.session, key, headers: [.secFetchSite: site])
                #expect(lured.slug == "forbidden")
            }
        }
    }

    @Test("Exactly one of key and token signs in, and a wrong one is told what to do")
    func fields() async throws {
        let server = try await TestServer()
        try await server.test { client in
            for body in ["{}", #"{"key":"a","token":"b"}"#, #"{"key":1}"#, #"{"key":"a","x":1}"#, "[]"] {
                #expect(try await client.ask(.post, Paths.session, body).slug == "invalid-request")
            }
            for (body, hint) in [(#"{"key":"ks_a_b"}"#, "admin"), (#"{"token":"abc"}"#, "link")] {
                let refused = try await client.ask(.post, Paths.session, body)
                #expect(refused.slug == "unauthorized" && refused.headers[.setCookie] == nil)
                #expect(try refused.json()["detail"]?.string?.contains(hint) == true)
            }
        }
    }

    @Test("The cookie is for the server only, and secure where the world comes by https")
    func cookieFlags() async throws {
        for (publicURL, isSecure) in [
            (nil, false), ("http://k.example", false), ("https://k.example/", true),
        ] {
            let server = try await TestServer(publicURL: publicURL)
            try await server.test { client in
                let body = #"{"key":"\#(server.adminKey)"}"#
                let text = try #require(
                    try await client.ask(.post, Paths.session, body).headers[.setCookie])
                #expect(text.contains("; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"))
                #expect(text.hasSuffix("; Secure") == isSecure)
            }
        }
    }

    @Test("Ten failures within a minute close the door, for good keys too")
    func throttled() async throws {
        let server = try await TestServer()
        try await server.test { client in
            for _ in 0..<SignInThrottle.maxPerPeer {
                let refused = try await client.ask(.post, Paths.session, #"{"key":"wrong"}"#)
                #expect(refused.slug == "unauthorized")
            }
            let late = try await client.ask(.post, Paths.session, #"{"key":"\#(server.adminKey)"}"#)
            #expect(late.slug == "rate-limited" && late.headers[.retryAfter] == "60")
        }
    }

    // MARK: Its end

    @Test("A session lasts seven days, but no longer than its key")
    func expiry() async throws {
        let server = try await TestServer()
        let keys = server.keys
        let now = server.engine.now
        let (_, cookie) = try await keys.signIn(.key(server.adminKey), from: "p", at: now)
        #expect(keys.caller(cookie: cookie, at: now + 7 * Self.day + -1) != nil)
        #expect(keys.caller(cookie: cookie, at: now + 7 * Self.day) == nil)

        let (short, text) = keys.draft(
            name: "k", role: .viewer, user: UserID("v"), expiresAt: now + Self.day)
        try await keys.add(short, actor: "system", idempotency: nil)
        let (caller, brief) = try await keys.signIn(.key(text), from: "p", at: now)
        #expect(caller.expiresAt == now + Self.day)
        #expect(keys.isValid(caller, at: now + Self.day + -1))
        #expect(!keys.isValid(caller, at: now + Self.day))
        #expect(keys.caller(cookie: brief, at: now + Self.day) == nil)
    }

    @Test("A revoked key ends its sessions and nobody else's, for good")
    func revoked() async throws {
        let server = try await TestServer()
        let text = try await server.key(.operator, of: "o")
        let now = server.engine.now
        let (own, cookie) = try await server.keys.signIn(.key(text), from: "p", at: now)
        let (other, kept) = try await server.keys.signIn(.key(server.adminKey), from: "p", at: now)
        try await server.keys.revoke(try #require(own.keyID), actor: "user:admin")
        #expect(server.keys.caller(cookie: cookie, at: now) == nil && !server.keys.isValid(own, at: now))
        #expect(server.keys.caller(cookie: kept, at: now) != nil && server.keys.isValid(other, at: now))
        #expect(try await server.engine.store.records(.session).count == 1)
    }

    @Test("Signing out ends that session only, twice is no fault, and the cookie is cleared")
    func signOut() async throws {
        let server = try await TestServer()
        try await server.test { client in
            let (first, second) = (
                try await signIn(client, server.adminKey), try await signIn(client, server.adminKey)
            )
            for _ in 0..<2 {
                let out = try await client.ask(.delete, Paths.session, headers: Self.ours + [.cookie: first])
                #expect(out.status == .noContent)
                #expect(out.headers[.setCookie]?.contains("kintsugi_session=; ") == true)
                #expect(out.headers[.setCookie]?.contains("Max-Age=0") == true)
            }
            #expect(try await client.ask(.get, Paths.me, headers: [.cookie: first]).slug == "unauthorized")
            #expect(try await client.ask(.get, Paths.me, headers: [.cookie: second]).status == .ok)
        }
    }

    @Test("Sessions outlive the process; what is over is removed at the next start")
    func restart() async throws {
        let store = MemoryStore()
        let first = try await TestServer(store: store)
        let now = first.engine.now
        let (_, cookie) = try await first.keys.signIn(.key(first.adminKey), from: "p", at: now)
        _ = try await first.keys.signIn(.key(first.adminKey), from: "p", at: now + -7 * Self.day)
        let records = try await store.records(.session)
        #expect(records.count == 2)
        let secret = try #require(cookie.split(separator: "_").last)
        #expect(records.allSatisfy { !String(decoding: $0.document.bytes, as: UTF8.self).contains(secret) })

        let second = try await TestServer(store: store)
        #expect(second.keys.caller(cookie: cookie, at: now)?.isAdmin == true)
        #expect(try await store.records(.session).map(\.key) == [String(cookie.prefix { $0 != "_" })])
    }

    @Test("A configured key with another secret is another key: its sessions end")
    func replacedKey() async throws {
        let store = MemoryStore()
        let server = try await TestServer(store: store)
        let (given, changed) = (
            "ks_env_" + String(repeating: "E", count: 40), "ks_env_" + String(repeating: "F", count: 40)
        )
        _ = try await server.keys.bootstrap(adminKeyFromEnvironment: given)
        let now = server.engine.now
        let (caller, cookie) = try await server.keys.signIn(.key(given), from: "p", at: now)
        _ = try await server.keys.bootstrap(adminKeyFromEnvironment: given)
        #expect(server.keys.caller(cookie: cookie, at: now) != nil)
        _ = try await server.keys.bootstrap(adminKeyFromEnvironment: changed)
        #expect(server.keys.caller(cookie: cookie, at: now) == nil && !server.keys.isValid(caller, at: now))
        #expect(try await store.records(.session).isEmpty)
    }

    @Test("The oldest session gives way when a key has too many")
    func tooMany() async throws {
        let server = try await TestServer()
        let now = server.engine.now
        let (_, first) = try await server.keys.signIn(.key(server.adminKey), from: "p", at: now)
        var last = first
        for number in 1...SessionBook.maxPerKey {
            last = try await server.keys.signIn(
                .key(server.adminKey), from: "p", at: now + Milliseconds(number)
            ).cookie
        }
        #expect(server.keys.caller(cookie: first, at: now) == nil)
        #expect(server.keys.caller(cookie: last, at: now) != nil)
        #expect(try await server.engine.store.records(.session).count == SessionBook.maxPerKey)
    }

    // MARK: Links and limits

    @Test("A link opens once, within 15 minutes, for the newest valid admin key")
    func links() async throws {
        let server = try await TestServer()
        let keys = server.keys
        let now = server.engine.now
        let token = try #require(keys.makeSignInToken())
        #expect(token.count == 32 && token.allSatisfy { $0.isLetter || $0.isNumber })
        let (caller, _) = try await keys.signIn(.token(token), from: "p", at: now + 899_999)
        #expect(caller.isAdmin && caller.sessionID != nil)
        await #expect(throws: Problem.self) {
            try await keys.signIn(.token(token), from: "p", at: now)
        }
        let late = try #require(keys.makeSignInToken())
        await #expect(throws: Problem.self) {
            try await keys.signIn(.token(late), from: "p", at: now + 900_000)
        }
        let orphan = try #require(keys.makeSignInToken())
        try await keys.revoke(try #require(caller.keyID), actor: "system")
        await #expect(throws: Problem.self) {
            try await keys.signIn(.token(orphan), from: "p", at: now)
        }
        #expect(keys.makeSignInToken() == nil)
    }

    @Test("The throttle counts by address and in all, forgets after a minute, and says when")
    func throttle() {
        var throttle = SignInThrottle()
        let now = Timestamp(milliseconds: 1_000_000)
        for number in 0..<10 {
            #expect(throttle.wait("a", at: now + Milliseconds(number)) == nil)
            throttle.failed("a", at: now + Milliseconds(number))
        }
        #expect(throttle.wait("a", at: now + 10) == 60)
        #expect(throttle.wait("b", at: now + 10) == nil)
        #expect(throttle.wait("a", at: now + 59_999) == 1)
        #expect(throttle.wait("a", at: now + 60_000) == nil)
        for number in 0..<200 { throttle.failed("peer \(number)", at: now + 60_100) }
        #expect(throttle.wait("new", at: now + 60_100) == 60)
        #expect(throttle.wait("new", at: now + 120_100) == nil)
    }
}

extension HTTPFields {
    fileprivate static func + (lhs: HTTPFields, rhs: HTTPFields) -> HTTPFields {
        var sum = lhs
        for field in rhs { sum[field.name] = field.value }
        return sum
    }
}
