import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Error signatures")
struct ErrorSignatureTests {
    @Test(
        "What differs from case to case becomes a star, what says the cause stays",
        arguments: [
            ("Order 17 not found", "Order * not found"),
            ("order 0190a3c4-8f1e-7b32-a1d0-5c6e7f809a1b not found", "order * not found"),
            ("Order 01J9ZK4Q0W3VQ9W4H6M2N8P7XR not found.", "Order * not found"),
            ("commit deadbeefcafebabe is unknown", "commit * is unknown"),
            (
                "request req_8f3ab2 was refused: insufficient funds",
                "request * was refused insufficient funds"
            ),
            ("card_declined", "card_declined"),
            ("INSUFFICIENT_FUNDS for account acct_1MqLBq2eZvKYlo", "INSUFFICIENT_FUNDS for account *"),
            ("HTTP/1.1 503 Service Unavailable", "HTTP/* * Service Unavailable"),
            ("connect ECONNREFUSED 10.1.2.3:443", "connect ECONNREFUSED *"),
            ("dial tcp [fe80::1]:443: connect: connection refused", "dial tcp * connect connection refused"),
            ("dial tcp 2001:db8::8a2e:370:7334 timed out", "dial tcp * timed out"),
            (
                "getaddrinfo ENOTFOUND api.eu-west.acme.com api.eu-west.acme.com:443",
                "getaddrinfo ENOTFOUND *"
            ),
            ("no route to localhost", "no route to *"),
            (
                "java.net.SocketTimeoutException: Read timed out",
                "java.net.SocketTimeoutException Read timed out"
            ),
            ("order.amount is required", "order.amount is required"),
            ("GET https://api.acme.com/v1/orders/17?x=1 failed", "GET * failed"),
            ("POST /v1/orders/17/refund failed", "POST /*/orders/*/refund failed"),
            (
                "Max retries exceeded with url: /search?q=hi&limit=3 (Caused by X)",
                "Max retries exceeded with url /search * Caused by X"
            ),
            ("mail to jane.doe@example.org bounced", "mail to * bounced"),
            ("timed out after 30 s", "timed out after *"),
            ("timed out after 1 second", "timed out after *"),
            ("timed out after 250ms (limit 200ms)", "timed out after * limit *"),
            ("Tue, 24 Nov 2026 19:43:00 GMT worker lost", "* worker lost"),
            ("[24/Nov/2026:19:43:00 +0000] upstream timed out", "* upstream timed out"),
            ("2026-11-24T19:43:00.250Z worker lost", "* worker lost"),
            ("limit of EUR 12.50 exceeded", "limit of * exceeded"),
            ("Key 'abc' is unknown", "Key * is unknown"),
            ("Key “John Smith” is unknown", "Key * is unknown"),
            ("The agent's key can't be read", "The agent's key can't be read"),
            (
                #"{"error":"insufficient_funds","request_id":"qwPlbNmE","amount":12}"#,
                "error insufficient_funds request_id * amount *"
            ),
            (
                #"{"message": "Card was declined.", "trace": "abc"}"#,
                "message Card was declined trace *"
            ),
            (
                #"level=error user=alice reason=timeout msg="no answer""#,
                "level * user * reason timeout msg no answer"
            ),
            (
                """
                HTTPSConnectionPool(host='api.acme.com', port=443): Max retries exceeded with url: /login (Caused by \
                NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f111b758610>: Failed to establish \
                a new connection: [Errno 111] Connection refused'))
                """,
                """
                HTTPSConnectionPool host * port * Max retries exceeded with url /login Caused by NewConnectionError * \
                object at * Failed to establish a new connection Errno * Connection refused
                """
            ),
            ("signature c2lnbmF0dXJlIG9mIGEgcmVxdWVzdA== is invalid", "signature * is invalid"),
            ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def expired", "token * expired"),
            ("pod payments-xkqzwvb-bzqrt is gone", "pod * is gone"),
            ("NoSuchKey: the object does not exist", "NoSuchKey the object does not exist"),
            ("ConditionalCheckFailedException", "ConditionalCheckFailedException"),
            ("Учётная запись 17 не найдена", "Учётная запись * не найдена"),
            ("口座 ١٢٣ が見つかりません", "口座 * が見つかりません"),
            ("items [1, 2, 3] are gone", "items * are gone"),
            ("12345", "*"),
            ("", ""),
        ] as [(String, String)])
    func pattern(message: String, expected: String) { #expect(MessagePattern.of(message) == expected) }

    @Test("Messages of different causes keep different patterns")
    func different() {
        let causes = [
            "Connection refused", "Connection reset by peer", "Card was declined", "Insufficient funds",
            #"{"error":"invalid_request"}"#, #"{"error":"card_declined"}"#, "timed out after 30 s",
        ]
        #expect(Set(causes.map(MessagePattern.of)).count == causes.count)
    }

    @Test("10,000 noisy texts of three causes are three patterns")
    func noisy() {
        var noise = Noise(seed: 41)
        var patterns: [String: Int] = [:]
        for number in 0..<10_000 {
            patterns[MessagePattern.of(noise.message(cause: number % 3)), default: 0] += 1
        }
        #expect(patterns.count == 3, "\(patterns.sorted { $0.value > $1.value }.prefix(8))")
    }

    @Test("Whatever the text, the work and the pattern are bounded and harmless")
    func hostile() {
        let texts = [
            String(repeating: "A", count: 1_000_000), String(repeating: "a ", count: 500_000),
            String(repeating: "\"", count: 100_000), String(repeating: "'a' ", count: 100_000),
            String(repeating: "{\"error\":", count: 100_000), String(repeating: "é", count: 500_000),
            String(repeating: "🏳️‍🌈", count: 10_000), "a" + String(repeating: "\u{301}", count: 100_000),
            String(repeating: "/", count: 100_000), String(repeating: ":", count: 100_000),
            String(repeating: "\\\"", count: 100_000), String(repeating: "a://", count: 100_000),
            "\u{0}\u{1b}[31mred\u{7}\r\n\tfailed\u{202e}evil\u{2066}\u{feff}\u{200b}x",
        ]
        for text in texts {
            let pattern = MessagePattern.of(text)
            #expect(pattern.utf8.count < 1000)
            let isClean = pattern.unicodeScalars.allSatisfy {
                ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                    $0.properties.generalCategory)
            }
            #expect(isClean, "\(pattern)")
        }
    }

    @Test("Any text gives words with one space between them, and no two stars in a row")
    func form() {
        var rng = SeededGenerator(seed: 7)
        let alphabet = Array("abcXYZ019 \"'/:=.@-_{}[],\\<>é漢\u{301}\u{0}".unicodeScalars)
        for _ in 0..<2000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...80, using: &rng) {
                text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &rng)])
            }
            let pattern = MessagePattern.of(String(text))
            let words = pattern.split(separator: " ", omittingEmptySubsequences: false)
            #expect(pattern.isEmpty || !words.contains(""))
            #expect(!zip(words, words.dropFirst()).contains { $0 == "*" && $1 == "*" })
        }
    }

    @Test("A fingerprint is of the provider, the type, the status and the pattern")
    func fingerprint() {
        func mark(_ provider: String, _ type: ErrorType, _ status: Int?, _ message: String) -> String {
            ErrorSignature(
                provider: provider, failure: Failure(type: type, message: message, httpStatus: status)
            )
            .fingerprint
        }
        let one = mark("acme", .serverError, 503, "order 17 is locked")
        #expect(one == mark("acme", .serverError, 503, "order 18 is locked"))
        #expect(one.utf8.count == 16)
        let others = [
            mark("bolt", .serverError, 503, "order 17 is locked"),
            mark("acme", .timeout, 503, "order 17 is locked"),
            mark("acme", .serverError, 500, "order 17 is locked"),
            mark("acme", .serverError, nil, "order 17 is locked"),
            mark("acme", .serverError, 503, "order 17 is gone"),
        ]
        #expect(Set(others + [one]).count == 6)
    }
}

/// Texts as providers write them: one cause, and everything that differs from call to call.
private struct Noise {
    private var rng: SeededGenerator
    init(seed: UInt64) { rng = SeededGenerator(seed: seed) }

    private static let hex = Array("0123456789abcdef")
    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    private static let crockford = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private mutating func digits(_ count: Int, _ alphabet: [Character]) -> String {
        String((0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &rng)] })
    }
    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &rng) }
    private mutating func pick(_ words: [String]) -> String { words[number(0...(words.count - 1))] }

    private mutating func id() -> String {
        switch number(0...6) {
        case 0:
            [8, 4, 4, 4, 12].map { digits($0, Self.hex) }.joined(separator: "-")
        case 1: digits(26, Self.crockford)
        case 2: "req_" + digits(12, Self.hex) + "\(number(0...9))"
        case 3: digits(32, Self.base64) + "=="
        case 4: digits(40, Self.hex)
        case 5: "\(number(1...9_999_999))"
        default: "0x" + digits(12, Self.hex)
        }
    }

    private mutating func time() -> String {
        switch number(0...2) {
        case 0: "2026-11-\(number(10...28))T\(number(10...23)):\(number(10...59)):00.\(number(100...999))Z"
        case 1: "\(pick(Self.days)), \(number(1...28)) \(pick(Self.months)) 2026 \(number(10...23)):00:01 GMT"
        default: "\(number(1_700_000_000...1_800_000_000))"
        }
    }

    private mutating func host() -> String {
        switch number(0...3) {
        case 0: "10.\(number(0...255)).\(number(0...255)).\(number(0...255)):\(number(1...65535))"
        case 1: "[2001:db8::\(digits(4, Self.hex)):\(digits(4, Self.hex))]:443"
        case 2: "node-\(number(1...99)).\(pick(["eu", "us", "ap"])).acme.com"
        default: "\(pick(["api", "pay", "gw"])).acme.internal:8443"
        }
    }

    mutating func message(cause: Int) -> String {
        switch cause {
        case 0:
            "\(time()) upstream \(host()) refused the connection for \(id()) after \(number(1...5000)) ms"
        case 1:
            #"{"error":{"code":"card_declined","message":"The card ending in \#(number(1000...9999)) was declined"#
                + #" by its bank","request_id":"\#(id())","at":"\#(time())"}}"#
        default:
            "Account '\(id())' of \(pick(["ann", "bob", "eve"]))@\(pick(["a", "b"])).example may not withdraw EUR"
                + " \(number(1...999)).\(number(10...99)): see https://\(host())/limits/\(id())?t=\(id())"
        }
    }
}
