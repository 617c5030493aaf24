/// A mail address, with a name or without: `ops@example.com`, `On call <ops@example.com>`.
///
/// Only forms that need no quoting are taken, because what is quoted is read differently by different
/// programs; nothing in it can end a line or a command.
/// - Source: RFC 5322, section 3.4 (mailbox with dot-atom); RFC 6532 for letters beyond ASCII; RFC 5321,
///   section 4.5.3.1 for the lengths.
package struct MailAddress: Sendable, Hashable {
    /// Empty: none.
    package let name: String
    package let local: String
    package let domain: String

    package var address: String { "\(local)@\(domain)" }
    /// Whether a server must know SMTPUTF8 to take it.
    package var isInternational: Bool { !address.utf8.allSatisfy { $0 < 0x80 } }

    package init?(_ text: String) {
        var address = Substring(text)
        var name = Substring()
        if text.hasSuffix(">"), let open = text.lastIndex(of: "<") {
            name = text[..<open]
            address = text[text.index(after: open)...].dropLast()
        }
        while name.last == " " { name.removeLast() }
        if name.utf8.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
            name = name.dropFirst().dropLast()
        }
        guard name.utf8.count <= 200, name.unicodeScalars.allSatisfy(Self.isShown) else { return nil }
        guard let at = address.lastIndex(of: "@") else { return nil }
        let (local, domain) = (address[..<at], address[address.index(after: at)...])
        guard (1...64).contains(local.utf8.count), (1...255).contains(domain.utf8.count),
            Self.isDotAtom(local, Self.isAtomScalar), Self.isDotAtom(domain, Self.isDomainScalar)
        else { return nil }
        (self.name, self.local, self.domain) = (String(name), String(local), String(domain))
    }

    private static func isDotAtom(_ text: Substring, _ isAllowed: (Unicode.Scalar) -> Bool) -> Bool {
        let atoms = text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        return atoms.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAllowed) }
    }

    private static func isAtomScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            ? scalar.properties.isAlphabetic || (48...57).contains(scalar.value)
                || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar) : isLetter(scalar)
    }

    private static func isDomainScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            ? scalar.properties.isAlphabetic || (48...57).contains(scalar.value) || scalar == "-"
            : isLetter(scalar)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        isShown(scalar) && scalar.properties.generalCategory != .spaceSeparator
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            false
        default: true
        }
    }
}
