package import KintsugiVocabulary

/// What failures of one cause have in common: who failed, how, and in which words.
///
/// Groups of dead letters and alerts are made by it. Neither the task's type nor the agent belongs to it, so one
/// outage of a provider is one cause, whatever it hits.
package struct ErrorSignature: Sendable, Hashable {
    package var provider: String
    package var type: ErrorType
    package var httpStatus: Int?
    /// The message without what differs from case to case; see `MessagePattern`.
    package var pattern: String

    package init(provider: String, type: ErrorType, httpStatus: Int?, pattern: String) {
        self.provider = provider
        self.type = type
        self.httpStatus = httpStatus
        self.pattern = pattern
    }

    package init(provider: String, failure: Failure) {
        self.init(
            provider: provider, type: failure.type, httpStatus: failure.httpStatus,
            pattern: MessagePattern.of(failure.message))
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
}
