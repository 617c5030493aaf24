/// Tells the words of a message that say something from those that only identify a case.
enum MessageWord {
    /// Longer words are noise, and longer paths.
    private static let maxLength = 64
    private static let maxPathLength = 120

    /// What stays of a token: its words, or `*` in their places.
    static func words(of token: ArraySlice<UInt8>) -> [String] {
        let token = trimmed(token)
        if token.isEmpty { return [] }
        if token.contains(UInt8(ascii: "@")) || contains("://", in: token) || isIPv6OrTime(token) {
            return ["*"]
        }
        if token.contains(UInt8(ascii: "/")) { return path(token) }
        return token.split(separator: UInt8(ascii: ":")).map(word)
    }

    /// Words that say how to read the number beside them: days, months, zones, units, currencies.
    static func isUnit(_ word: String) -> Bool { units.contains(word) }

    private static let units = Set(
        """
        Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday
        Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec
        January February March April June July August September October November December
        AM PM am pm Z UTC GMT CET CEST BST EST EDT CST CDT MST MDT PST PDT IST JST
        ms msec msecs millisecond milliseconds s sec secs second seconds min mins minute minutes h hour hours
        day days b B byte bytes kB KB MB GB KiB MiB GiB
        USD EUR GBP JPY CHF CNY INR AUD CAD SEK NOK DKK PLN BRL MXN
        """.split { $0 == " " || $0 == "\n" }.map(String.init))

    // MARK: Tokens

    private static func trimmed(_ token: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let marks = ".:-_+#~&$^%".utf8
        var token = token
        while let first = token.first, marks.contains(first) { token.removeFirst() }
        while let last = token.last, marks.contains(last) || last == UInt8(ascii: "/") { token.removeLast() }
        return token
    }

    private static func contains(_ text: StaticString, in token: ArraySlice<UInt8>) -> Bool {
        text.withUTF8Buffer { wanted in
            token.indices.contains { token[$0...].starts(with: wanted) }
        }
    }

    /// Hexadecimal digits with two colons or more: `::1`, `fe80::1`, `12:30:45`, a hardware address.
    private static func isIPv6OrTime(_ token: ArraySlice<UInt8>) -> Bool {
        let colons = token.count { $0 == UInt8(ascii: ":") }
        return colons >= 2
            && token.allSatisfy { $0.isHexDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
    }

    /// A path keeps the segments that are words.
    private static func path(_ token: ArraySlice<UInt8>) -> [String] {
        let hasQuery = token.contains(UInt8(ascii: "?"))
        let bare = token.prefix { $0 != UInt8(ascii: "?") }
        var segments: [String] = []
        for segment in bare.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            let segment = segment.isEmpty ? "" : word(segment)
            if segment == "*", segments.last == "*" { continue }
            segments.append(segment)
        }
        let hasNoise = segments.contains("*")
        // A date such as 24/Nov/2026, and Base64, in which a slash is a digit like others.
        let saysNothing = segments.allSatisfy { $0.isEmpty || $0 == "*" || isUnit($0) }
        let isBase64 =
            token.count >= 20 && token.contains(where: \.isUpper)
            && !token.contains { "._-".utf8.contains($0) }
        let text = segments.joined(separator: "/")
        if saysNothing || hasNoise && isBase64 || text.utf8.count > maxPathLength { return ["*"] }
        return hasQuery ? [text, "*"] : [text]
    }

    // MARK: Words

    private static func word(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.count <= maxLength, !bytes.contains(where: \.isDigit), !isHost(bytes) else { return "*" }
        let pieces = bytes.split { !$0.isLetter }
        return pieces.isEmpty || pieces.contains(where: isOpaque)
            ? "*" : String(decoding: bytes, as: UTF8.self)
    }

    /// Names with dots in lower case whose end is one of a host; `java.net.SocketException` and `order.amount` are
    /// none.
    private static func isHost(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.elementsEqual("localhost".utf8) { return true }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count > 1, !bytes.contains(where: \.isUpper), labels.allSatisfy({ !$0.isEmpty }) else {
            return false
        }
        return hostEnds.contains(String(decoding: labels[labels.count - 1], as: UTF8.self))
    }

    private static let hostEnds = Set(
        """
        com net org io dev app cloud internal local localdomain lan corp intranet svc example test invalid biz co ai
        eu uk de fr nl be jp us ca au br cn ch se dk fi es pt cz ru kr
        """.split { $0 == " " || $0 == "\n" }.map(String.init))

    /// Whether letters make no word: drawn by chance, or digits of a hexadecimal number.
    private static func isOpaque(_ letters: ArraySlice<UInt8>) -> Bool {
        guard letters.count >= 6, letters.allSatisfy({ $0 < 0x80 }) else { return false }
        let isCapitalised = letters.dropFirst().allSatisfy { !$0.isUpper }
        if isCapitalised || letters.allSatisfy(\.isUpper) {
            return letters.count >= 25 || letters.count >= 8 && letters.allSatisfy(\.isHexDigit)
                || !letters.contains(where: \.isVowel)
        }
        return !isCamelCase(letters)
    }

    /// Whether it reads as words written together, such as `NoSuchKey` or `HTTPSConnectionPool`.
    private static func isCamelCase(_ letters: ArraySlice<UInt8>) -> Bool {
        var rest = letters
        var isFirst = true
        while !rest.isEmpty {
            let upper = rest.prefix(while: \.isUpper)
            rest = rest.dropFirst(upper.count)
            let lower = rest.prefix { !$0.isUpper }
            rest = rest.dropFirst(lower.count)
            let acronym = lower.isEmpty ? upper.count : max(0, upper.count - 1)
            guard acronym <= 6, lower.isEmpty || isWord(upper.suffix(1) + lower, isFirst: isFirst) else {
                return false
            }
            isFirst = false
        }
        return true
    }

    private static func isWord(_ letters: ArraySlice<UInt8>, isFirst: Bool) -> Bool {
        switch letters.count {
        // As in iPhone.
        case 1: isFirst
        case 2: shortWords.contains(String(decoding: letters, as: UTF8.self).lowercased())
        default:
            letters.contains(where: \.isVowel)
                && letters.split(whereSeparator: \.isVowel).allSatisfy { $0.count < 5 }
        }
    }

    private static let shortWords = Set(
        "am an as at be by db do go id if in io ip is it me my no of oh ok on or os so to tx ui up us we"
            .split(
                separator: " "
            ).map(String.init))
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    /// Everything outside ASCII counts as one.
    var isLetter: Bool { isUpper || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || self >= 0x80 }
    fileprivate var isUpper: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    fileprivate var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(self)
    }
    fileprivate var isVowel: Bool { "aeiouyAEIOUY".utf8.contains(self) }
}
