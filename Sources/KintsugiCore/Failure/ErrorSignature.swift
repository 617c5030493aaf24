package import KintsugiVocabulary

/// What failures of one cause have in common: who failed, how, and in which words.
///
/// Groups of dead letters and alerts are made by it. Neither the task's type nor the agent belongs to it, so one
/// outage of a provider is one cause, whatever it hits.
package struct ErrorSignature: Sendable, Hashable {
    package var provider: String
    package var type: ErrorType
    package var httpStatus: Int?
    /// The message without what differs from case to case.
    package var pattern: String

    package init(provider: String, failure: Failure) {
        self.provider = provider
        type = failure.type
        httpStatus = failure.httpStatus
        pattern = Self.pattern(of: failure.message)
    }

    /// 16 hexadecimal digits that are equal for equal signatures.
    ///
    /// - Source: FNV-1a, offset basis and prime for 64 bits.
    package var fingerprint: String {
        let words = [provider, type.rawValue, httpStatus.map(String.init) ?? "", pattern]
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in words.joined(separator: "\u{0}").utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    /// Bytes of a message that are looked at.
    private static let maxLength = 512

    /// The message with every word that holds a digit, and every host and address, replaced by `*`.
    static func pattern(of message: String) -> String {
        var words: [String] = []
        for word in String(decoding: message.utf8.prefix(maxLength), as: UTF8.self).split(separator: " ") {
            let stripped = strip(word)
            if stripped == "*", words.last == "*" { continue }
            words.append(stripped)
        }
        return words.joined(separator: " ")
    }

    private static func strip(_ word: Substring) -> String {
        let isNoise = word.utf8.contains { (48...57).contains($0) || $0 == UInt8(ascii: "@") }
        if isNoise || word.contains("://") { return "*" }
        // A host: letters on both sides of a dot.
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 && parts.dropLast().allSatisfy({ !$0.isEmpty }) && !(parts.last ?? "").isEmpty
            ? "*" : String(word)
    }
}
