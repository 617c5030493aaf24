/// A callback URL, taken apart once and strictly.
///
/// The request is sent to a URL that is put together again from these parts, so no second parser can read
/// another host out of the same text.
/// - Source: RFC 3986; WHATWG URL for hosts that are numbers.
package struct CallbackURL: Sendable, Hashable {
    package enum Host: Sendable, Hashable {
        /// Lower case, ASCII, without a dot at the end.
        case name(String)
        case address(IPAddress)
    }

    package struct Problem: Error, Sendable, Hashable {
        package let sentence: String
    }

    package let isSecure: Bool
    package let host: Host
    package let port: Int
    /// Path and query, as sent in the request line.
    package let target: String

    static let maxLength = 8192

    package init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.maxLength else {
            throw Problem(sentence: "The URL is longer than \(Self.maxLength) bytes.")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw Problem(
                sentence:
                    "The URL has a space, a backslash or another character that must be percent-encoded "
                    + "(or punycode in a name).")
        }
        let (scheme, rest) = try Self.scheme(of: text)
        isSecure = scheme == "https"
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else {
            throw Problem(sentence: "The URL must not contain a user name or password; use the agent's auth.")
        }
        let (hostText, portText) = try Self.split(authority: authority)
        host = try Self.host(hostText)
        port = try Self.port(portText) ?? (isSecure ? 443 : 80)
        let target = rest.dropFirst(authority.count).prefix { $0 != "#" }
        self.target = target.first == "/" ? String(target) : "/" + target
    }

    /// The `Host` header.
    package var hostHeader: String {
        let name =
            switch host {
            case .name(let name): name
            case .address(let address): address.authority
            }
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static func scheme(of text: String) throws(Problem) -> (String, Substring) {
        guard let colon = text.firstIndex(of: ":") else {
            throw Problem(sentence: "The URL must begin with http:// or https://.")
        }
        let scheme = text[..<colon].lowercased()
        let rest = text[colon...].dropFirst()
        guard scheme == "http" || scheme == "https", rest.hasPrefix("//") else {
            throw Problem(sentence: "The URL must begin with http:// or https://.")
        }
        return (scheme, rest.dropFirst(2))
    }

    private static func split(authority: Substring) throws(Problem) -> (Substring, Substring?) {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw Problem(sentence: "The address in brackets does not end.")
            }
            let after = authority[end...].dropFirst()
            guard after.isEmpty || after.hasPrefix(":") else {
                throw Problem(sentence: "After the address in brackets only a port can follow.")
            }
            return (authority[...end], after.isEmpty ? nil : after.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        return (authority[..<colon], authority[colon...].dropFirst())
    }

    private static func port(_ text: Substring?) throws(Problem) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(text),
            (1...65_535).contains(port)
        else { throw Problem(sentence: "The port must be a number from 1 to 65535.") }
        return port
    }

    /// The host that stands alone, an IPv6 address with or without brackets.
    static func host(of text: String) throws(Problem) -> Host {
        try host(text.contains(":") && !text.hasPrefix("[") ? "[\(text)]" : text[...])
    }

    private static func host(_ text: Substring) throws(Problem) -> Host {
        if text.hasPrefix("[") {
            guard let address = IPAddress(text.dropFirst().dropLast()), case .v6 = address else {
                throw Problem(
                    sentence: "What stands in brackets is not an IPv6 address (zones are not allowed).")
            }
            return .address(address)
        }
        if IPAddress.looksNumeric(text) {
            guard let address = IPAddress(looseV4: text) else {
                throw Problem(sentence: "The host looks like an IPv4 address but is none.")
            }
            return .address(address)
        }
        let name = (text.hasSuffix(".") ? text.dropLast() : text).lowercased()
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.utf8.count <= 253,
            labels.allSatisfy({ (1...63).contains($0.count) && $0.allSatisfy(isNameByte) })
        else { throw Problem(sentence: "The URL has no host, or one that is not a name.") }
        return .name(name)
    }

    /// Underscores are no part of host names by the book, but of container networks.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
