import Crypto
import FoundationEssentials

/// The one secret of a server: seals other secrets at rest and makes the tokens of attempts.
///
/// Comes from outside the database (`KINTSUGI_SECRET_KEY`, a file, or `secret.key` in the data folder), so that
/// a copy of the database alone opens nothing.
package struct ServerSecret: Sendable {
    private let sealing: SymmetricKey
    private let tokens: SymmetricKey

    /// - Parameter secret: any text; both keys are derived from it.
    /// - Source: RFC 5869 (HKDF), with SHA-256.
    package init(_ secret: String) {
        let material = SymmetricKey(data: Data(secret.utf8))
        func derive(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: material, info: Data(purpose.utf8), outputByteCount: 32)
        }
        sealing = derive("kintsugi.seal.v1")
        tokens = derive("kintsugi.attempt-token.v1")
    }

    /// 256 random bits as text.
    package static func random() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { bytes in
            bytes.map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }

    /// The text, sealed with ChaCha20-Poly1305.
    package func seal(_ text: String) -> String {
        guard let box = try? ChaChaPoly.seal(Data(text.utf8), using: sealing) else {
            preconditionFailure("sealing a short text cannot fail")
        }
        return "c1." + box.combined.base64EncodedString()
    }

    /// The text again; nil if it was sealed with another secret or is damaged.
    package func unseal(_ sealed: String) -> String? {
        guard sealed.hasPrefix("c1."), let data = Data(base64Encoded: String(sealed.dropFirst(3))),
            let box = try? ChaChaPoly.SealedBox(combined: data),
            let open = try? ChaChaPoly.open(box, using: sealing)
        else { return nil }
        return String(decoding: open, as: UTF8.self)
    }

    /// `kat_<attempt>_<hex>`: says which attempt it is for, and that we made it.
    ///
    /// Nothing is stored for it: an attempt that is no longer current makes its token useless.
    package func attemptToken(task: String, attempt: Int) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(task)/\(attempt)".utf8), using: tokens)
        var hex: [UInt8] = []
        hex.reserveCapacity(48)
        let digits = Array("0123456789abcdef".utf8)
        for byte in code.prefix(20) {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        return "kat_\(attempt)_" + String(decoding: hex, as: UTF8.self)
    }
}
