package import KintsugiVocabulary

/// Hides what must not be shown: values under names like `password`, in JSON and in plain text.
///
/// Wherever payloads or messages of others are shown beyond the task they belong to.
package enum Redaction {
    package static let mask = "•••"

    /// Whole words of a name, in lower case.
    private static let words: Set<String> = [
        "authorization", "password", "passwd", "passphrase", "secret", "secrets", "token", "tokens", "card",
        "cvc",
        "cvv", "pan", "pin", "iban", "cookie", "credential", "credentials", "apikey", "signature", "ssn",
        "otp", "bearer",
    ]
    /// Two words one after the other.
    private static let pairs: Set<String> = [
        "api key", "private key", "access key", "routing key", "secret key",
    ]
    /// Endings of words that were written together.
    private static let endings = ["password", "secret", "token", "authorization", "apikey"]

    /// Whether the value under this name is to be hidden: `card_number`, `accessToken`, `X-Api-Key`; not `discard`.
    package static func hides(_ name: String) -> Bool {
        let parts = parts(of: name)
        if parts.contains(where: { words.contains($0) || endings.contains(where: $0.hasSuffix) }) {
            return true
        }
        return zip(parts, parts.dropFirst()).contains { pairs.contains("\($0) \($1)") }
    }

    /// The words of a name, parted by punctuation and by capitals.
    private static func parts(of name: String) -> [String] {
        var parts: [String] = []
        var word = ""
        var wasLower = false
        for scalar in name.unicodeScalars {
            let isUpper = ("A"..."Z").contains(scalar)
            let isWord = isUpper || ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
            if !isWord || (isUpper && wasLower), !word.isEmpty {
                parts.append(word.lowercased())
                word = ""
            }
            if isWord { word.unicodeScalars.append(scalar) }
            wasLower = isWord && !isUpper
        }
        if !word.isEmpty { parts.append(word.lowercased()) }
        return parts
    }

    // MARK: JSON

    /// The document with the values under such names hidden, at any depth.
    package static func json(_ text: JSONText) -> JSONText {
        guard let node = try? JSONNode(parsing: text.bytes, maxDepth: JSONNode.maxDepth + 8) else {
            return JSONText(valid: Array("null".utf8))
        }
        var json = JSONWriter(reserving: text.bytes.count)
        write(node, text.bytes, into: &json)
        return JSONText(valid: json.bytes)
    }

    private static func write(_ node: JSONNode, _ bytes: [UInt8], into json: inout JSONWriter) {
        switch node.value {
        case .object(let members):
            json.object { json in
                for member in members {
                    json.key(text: member.name)
                    if hides(member.name), !member.node.isNull {
                        json.string(mask)
                    } else {
                        write(member.node, bytes, into: &json)
                    }
                }
            }
        case .array(let nodes):
            json.array { json in for node in nodes { write(node, bytes, into: &json) } }
        case .string(let text): json.string(self.text(text))
        default: json.json(bytes[node.range])
        }
    }

    // MARK: Text

    /// The text with what follows such a name and `=` or `:` hidden, and what follows `Bearer`.
    package static func text(_ text: String) -> String {
        var shown = ""
        var name = ""
        // What is to be hidden goes on until a blank or an end of value; a scheme's word is skipped with it.
        var hiding = Hiding.no
        for character in text {
            if hiding != .no {
                if hiding.takes(character) { continue }
                if hiding == .before, character == " " || character == "\"" || character == "'" {
                    shown.append(character)
                    continue
                }
                if hiding == .before {
                    shown += mask
                    hiding = .value("")
                    _ = hiding.takes(character)
                    continue
                }
                hiding = .no
                name = ""
            }
            shown.append(character)
            if character.isLetter || character.isNumber || character == "_" || character == "-" {
                name.append(character)
            } else if character == ":" || character == "=" {
                if hides(name) { hiding = .before }
                name = ""
            } else if character == " ", name.lowercased() == "bearer" {
                hiding = .before
                name = ""
            } else if character != "\"" && character != "'" {
                name = ""
            }
        }
        return shown
    }

    private enum Hiding: Equatable {
        case no
        /// The value is about to begin.
        case before
        /// What of it was hidden so far.
        case value(String)

        /// Whether the character belongs to the value.
        mutating func takes(_ character: Character) -> Bool {
            guard case .value(let hidden) = self else { return false }
            if character == " ", ["bearer", "basic"].contains(hidden.lowercased()) {
                self = .value("")
                return true
            }
            guard !character.isWhitespace, !",;&\"'<>)]}".contains(character) else { return false }
            self = .value(hidden + String(character))
            return true
        }
    }
}
