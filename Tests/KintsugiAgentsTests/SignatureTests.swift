import KintsugiAgents
import KintsugiCore
import Testing

@Suite("Signatures by Standard Webhooks")
struct SignatureTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let now = Timestamp(milliseconds: 1_614_265_330_000)

    @Test("Match the vector of the reference libraries")
    func vector() {
        let header = Signature.header(id: id, seconds: 1_614_265_330, body: body, secrets: [secret])
        #expect(header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("Are checked, whatever their number and order, and not beyond five minutes")
    func verification() throws {
        let other = Signature.newSecret(Array(1...32))
        let header = try #require(
            Signature.header(id: id, seconds: 1_614_265_330, body: body, secrets: [other, secret]))
        #expect(header.split(separator: " ").count == 2)
        func verify(
            _ header: String, _ secrets: [String], at now: Timestamp, _ body: [UInt8],
            stamp: String = "1614265330"
        ) -> Bool {
            Signature.verify(header: header, id: id, timestamp: stamp, body: body, secrets: secrets, now: now)
        }
        #expect(verify(header, [secret], at: now, body) && verify(header, [other], at: now, body))
        #expect(verify("v2,nonsense v1,!!! " + header, [secret], at: now, body))
        #expect(!verify(header, [Signature.newSecret(Array(2...33))], at: now, body))
        #expect(!verify(header, [secret], at: now, body + [32]))
        #expect(!verify(header, [secret], at: now, body, stamp: "1614265331"))
        for stamp in ["", "x", "-1", "9223372036854775807", "-9223372036854775808"] {
            #expect(!verify(header, [secret], at: now, body, stamp: stamp))
        }
        #expect(verify(header, [secret], at: now + Signature.tolerance, body))
        #expect(!verify(header, [secret], at: now + (Signature.tolerance + 1000), body))
        #expect(!verify(header, [secret], at: now + -(Signature.tolerance + 1000), body))
    }

    @Test("A new secret is whsec_ and base64, and signs")
    func secrets() {
        #expect(Signature.newSecret(Array(0..<24)) == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
        #expect(
            Signature.header(id: id, seconds: 1, body: body, secrets: ["banana", "whsec_", "whsec_*"]) == nil)
    }
}
