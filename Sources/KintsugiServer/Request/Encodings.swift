/// Bytes as hexadecimal digits.
enum Hex {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Bytes as text.
/// - Source: RFC 4648, sections 4 (with padding) and 5 (URL-safe, here without padding).
enum Base64 {
    private static let standard = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text = encode(bytes, standard)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    static func encodeURL(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes, urlSafe), as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        let body = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        return decode(Array(body), standard)
    }

    static func decodeURL(_ text: String) -> [UInt8]? { decode(Array(text.utf8), urlSafe) }

    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 3 * 4 + 4)
        var (bits, count): (UInt32, Int) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return text
    }

    private static func decode(_ text: [UInt8], _ alphabet: [UInt8]) -> [UInt8]? {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var (bits, count): (UInt32, Int) = (0, 0)
        for character in text {
            let value = values[Int(character)]
            guard value != 255 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return text.count % 4 == 1 ? nil : bytes
    }
}

/// Secrets that nobody can guess.
enum RandomText {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// Letters and digits, about 5.95 random bits each.
    static func letters(_ count: Int) -> String { text(count, Self.letters[...]) }

    /// Small letters and digits.
    static func small(_ count: Int) -> String { text(count, Self.letters[26...]) }

    /// A signing secret as Standard Webhooks wants it: 32 random bytes.
    static func signingSecret() -> String {
        var random = SystemRandomNumberGenerator()
        return "whsec_" + Base64.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    private static func text(_ count: Int, _ alphabet: ArraySlice<UInt8>) -> String {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<count).compactMap { _ in alphabet.randomElement(using: &random) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
