internal import Crypto
package import KintsugiCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import FoundationEssentials
#endif

/// Signs what we send, and checks what was signed so, by Standard Webhooks.
///
/// - Source: Standard Webhooks specification 1.0.0, "Signature scheme": `v1,` and the base64 of HMAC-SHA256
///   over `id.timestamp.body`, with the bytes that stand in base64 behind `whsec_` as its key.
package enum Signature {
    /// How far a timestamp may lie from the receiver's clock.
    package static let tolerance: Milliseconds = 5 * 60_000

    private static let prefix = "whsec_"
    /// The last of the year 9999.
    private static let farthestSecond: Int64 = 253_402_300_799

    /// A new secret from 24 to 64 random bytes.
    package static func newSecret(_ random: [UInt8]) -> String {
        precondition((24...64).contains(random.count), "a secret has 24 to 64 bytes, not \(random.count)")
        return prefix + Data(random).base64EncodedString()
    }

    /// The value of `webhook-signature`: one signature a secret, in their order, separated by spaces.
    ///
    /// A secret that is not of the form `whsec_` and base64 signs nothing; nil if none does.
    package static func header(id: String, seconds: Int64, body: [UInt8], secrets: [String]) -> String? {
        let signatures = secrets.compactMap { secret -> String? in
            guard let key = key(of: secret) else { return nil }
            var mac = HMAC<SHA256>(key: key)
            mac.update(data: Data("\(id).\(seconds).".utf8))
            mac.update(data: body)
            return "v1," + Data(mac.finalize()).base64EncodedString()
        }
        return signatures.isEmpty ? nil : signatures.joined(separator: " ")
    }

    /// Whether one of the header's signatures was made with one of the secrets, not too long ago.
    ///
    /// Compared in constant time. Signatures of other versions than `v1` are passed over.
    package static func verify(
        header: String, id: String, timestamp: String, body: [UInt8], secrets: [String], now: Timestamp
    ) -> Bool {
        guard let seconds = Int64(timestamp), (0...farthestSecond).contains(seconds),
            abs(now.milliseconds / 1000 - seconds) <= tolerance / 1000
        else { return false }
        var message = Array("\(id).\(timestamp).".utf8)
        message += body
        let codes = header.split(separator: " ").filter { $0.hasPrefix("v1,") }.compactMap {
            Data(base64Encoded: String($0.dropFirst(3)))
        }
        return secrets.contains { secret in
            guard let key = key(of: secret) else { return false }
            return codes.contains {
                HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: message, using: key)
            }
        }
    }

    private static func key(of secret: String) -> SymmetricKey? {
        guard secret.hasPrefix(prefix),
            let bytes = Data(base64Encoded: String(secret.dropFirst(prefix.count))),
            !bytes.isEmpty
        else { return nil }
        return SymmetricKey(data: bytes)
    }
}
