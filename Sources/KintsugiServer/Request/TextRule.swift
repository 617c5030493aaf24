import KintsugiVocabulary

/// What a text of a request must look like.
enum TextRule: Sendable {
    /// `^[a-z0-9][a-z0-9._-]{0,63}$`
    case slug
    /// `^[a-z0-9._-]{1,n}$`
    case word(Int)
    /// 1 to 128 visible ASCII characters.
    case userID
    /// Visible ASCII characters.
    case visible(ClosedRange<Int>)
    /// Printable ASCII characters, the space included.
    case printable(ClosedRange<Int>)
    /// Anything but U+0000, counted in code points.
    case free(ClosedRange<Int>)
    case oneOf([String])

    /// What is wrong with the text; nil: nothing.
    func fault(_ text: String) -> String? {
        switch self {
        case .slug:
            Self.isSlug(text) ? nil : "must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit"
        case .word(let limit):
            (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isWord)
                ? nil : "must be 1 to \(limit) of a-z 0-9 . _ -"
        case .userID:
            (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) }
                ? nil : "must be 1 to 128 visible ASCII characters"
        case .visible(let length):
            length.contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) }
                ? nil : "must be \(length.lowerBound) to \(length.upperBound) visible ASCII characters"
        case .printable(let length):
            length.contains(text.utf8.count) && text.utf8.allSatisfy { (32...126).contains($0) }
                ? nil : "must be \(length.lowerBound) to \(length.upperBound) printable ASCII characters"
        case .free(let length): Self.freeFault(text, length)
        case .oneOf(let words): words.contains(text) ? nil : "must be one of " + words.joined(separator: ", ")
        }
    }

    static func isSlug(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "_"),
            first != UInt8(ascii: "-")
        else { return false }
        return text.utf8.count <= 64 && text.utf8.allSatisfy(isWord)
    }

    private static func freeFault(_ text: String, _ length: ClosedRange<Int>) -> String? {
        // A text has at least as many bytes as code points and at most four times as many.
        let count = text.utf8.count <= length.upperBound ? text.utf8.count : text.unicodeScalars.count
        if text.utf8.isEmpty ? length.lowerBound > 0 : count > length.upperBound {
            return "must have \(length.lowerBound) to \(length.upperBound) characters"
        }
        return text.utf8.contains(0) ? "must not hold the character U+0000" : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
