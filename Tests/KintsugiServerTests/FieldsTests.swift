import KintsugiCore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import KintsugiServer

@Suite("Bodies and queries are read strictly")
struct FieldsTests {
    private func faults(_ json: String, isAdmin: Bool = true) throws -> [String] {
        let bytes = Array(json.utf8)
        var fields = Fields(bytes)
        let caller = Caller(
            userID: UserID("u"), role: isAdmin ? .admin : .operator, keyID: nil, expiresAt: nil)
        var input = TaskInput(
            caller: caller, now: .zero, traceparent: nil, isAgent: { $0.rawValue == "known" },
            isChain: { $0 == "chain" })
        _ = input.read(try JSONNode(parsing: bytes), at: "", &fields)
        return fields.faults.map {
            guard case .pointer(let pointer) = $0.place else { return "?" }
            return pointer
        }
    }

    @Test("A good task has no faults")
    func good() throws {
        let json = """
            {"type":"payment.capture","agent_id":"known","capability":null,"input":{"a":1,"a":2},"priority":-100,
             "run_at":"2026-01-31T09:30:00+01:00","timeout_ms":1e3,"retry_policy":{"jitter":0,"max_attempts":1000},
             "payment":{"amount":"250.00","currency":"USD","kind":"payment"},"metadata":{"a b":"ü"},
             "fallback_chain_id":"chain"}
            """
        #expect(try faults(json).isEmpty)
    }

    @Test("All faults are listed, not the first")
    func all() throws {
        let json = """
            {"agent_id":"nobody","priority":500,"colour":1,"retry_policy":{"jitter":2,"max_attempts":0,"x":1},
             "payment":{"amount":1},"metadata":{"a":1,"b":"\\u0000"},"run_at":"soon","delay_ms":-1,"a/b~c":1}
            """
        let expected: Set = [
            "/type", "/agent_id", "/priority", "/colour", "/retry_policy/jitter",
            "/retry_policy/max_attempts",
            "/retry_policy/x", "/payment/amount", "/payment/currency", "/payment/kind", "/metadata/a",
            "/metadata/b", "/run_at", "/delay_ms", "/a~1b~0c",
        ]
        #expect(Set(try faults(json)) == expected)
    }

    @Test(
        "A bad member is named",
        arguments: [
            (#"{"type":"t","type":"t"}"#, "/type"), (#"{"type":"kintsugi.test"}"#, "/type"),
            (#"{"type":null}"#, "/type"), (#"{"type":"a\n"}"#, "/type"),
            (#"{"type":"t","timeout_ms":9223372036854775808}"#, "/timeout_ms"),
            (#"{"type":"t","priority":true}"#, "/priority"), (#"{"type":"t","priority":1.5}"#, "/priority"),
            (#"{"type":"t","metadata":{"a":"1","a":"2"}}"#, "/metadata/a"),
            (#"{"type":"t","delay_ms":1,"run_at":"2026-01-31T09:30:00Z"}"#, "/delay_ms"),
            (#"{"type":"t","fallback_chain_id":"x"}"#, "/fallback_chain_id"),
            (#"{"type":"t","deadline_at":"2016-12-31T23:59:60Z"}"#, "/deadline_at"),
        ])
    func named(json: String, pointer: String) throws {
        #expect(try faults(json) == [pointer])
    }

    @Test("A query names its faults: unknown, twice, badly encoded, out of range")
    func query() {
        var query = Query("limit=0&colour=1&q=a&q=b&after=%zz&status=pending,nope&cursor=%00")
        _ = query.limit()
        _ = query.words("status", TaskStatus.self)
        _ = query.numberCursor()
        var names: [String] = []
        do throws(Problem) {
            try query.check(["limit", "q", "after", "status", "cursor"])
        } catch {
            names = error.errors.map {
                guard case .parameter(let name) = $0.place else { return "?" }
                return name
            }
        }
        #expect(Set(names) == ["limit", "colour", "q", "after", "status", "cursor"])
    }

    @Test("A cursor comes back as it was")
    func cursor() {
        var query = Query("cursor=" + Query.cursorText("9223372036854775807"))
        #expect(query.numberCursor() == .max)
    }

    @Test("Base64 is what it should be, both ways", arguments: 0..<8)
    func base64(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ 250) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
    }

    @Test("Keys are read as ks_<id>_<secret>")
    func keys() {
        let secret = String(repeating: "a", count: 32)
        #expect(APIKey.parts("ks_admin_" + secret)?.id == "admin")
        for bad in [
            "", "ks__" + secret, "ks_a_" + secret.dropLast(), "ks_A_" + secret, "kx_a_" + secret, "ks_a",
        ] {
            #expect(APIKey.parts(bad) == nil, "\(bad)")
        }
    }

    @Test("Callback addresses are http, without user info")
    func addresses() {
        for good in ["http://127.0.0.1:9/x", "https://a.example/hook?x=1", "http://[::1]:80/"] {
            #expect(CallbackURL.fault(good) == nil, "\(good)")
        }
        let bad = [
            "", "ftp://a/", "http://", "http://u:p@a/", "http://a:70000/", "http://a b/", "http://a#f",
            "http://-a/",
            "http://ü/",
        ]
        for bad in bad { #expect(CallbackURL.fault(bad) != nil, "\(bad)") }
    }

    @Test("A trace context is continued only if it is one")
    func traceparent() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(TaskInput.traceparent(good) == good)
        for bad in [
            "banana", good.uppercased(), "ff" + good.dropFirst(2), "00-" + String(repeating: "0", count: 52),
        ] {
            #expect(TaskInput.traceparent(bad) == nil, "\(bad)")
        }
    }
}
