import HTTPTypes
import Hummingbird

/// Entity tags: `"v<version>"`.
enum ETag {
    static func text(_ version: Int) -> String { "\"v\(version)\"" }
}

/// What `If-Match` asks for.
enum IfMatch: Sendable, Hashable {
    case any
    /// Tags that are weak or not ours name no version.
    case versions([Int])

    func allows(_ version: Int) -> Bool {
        switch self {
        case .any: true
        case .versions(let versions): versions.contains(version)
        }
    }
}

extension Exchange {
    var ifMatch: IfMatch? {
        let tags = tags(.ifMatch)
        guard !tags.isEmpty else { return nil }
        if tags.contains("*") { return .any }
        return .versions(tags.compactMap(Self.version))
    }

    /// Refuses unless `If-Match` is left out or names this version.
    func checkMatch(_ version: Int) throws(Problem) {
        if let ifMatch, !ifMatch.allows(version) {
            throw Problem(
                .preconditionFailed, "It is at version \(version) now: read it again and decide anew.")
        }
    }

    /// Whether the client has this version already. Weak comparison, as RFC 9110 wants for reads.
    func isKnown(_ etag: String) -> Bool {
        tags(.ifNoneMatch).contains { $0 == "*" || $0 == etag || $0 == "W/" + etag }
    }

    private func tags(_ name: HTTPField.Name) -> [String] {
        request.headers[values: name].flatMap { value in
            value.split(separator: ",").map { part in String(part.filter { $0 != " " && $0 != "\t" }) }
        }
    }

    private static func version(_ tag: String) -> Int? {
        guard tag.hasPrefix("\"v"), tag.hasSuffix("\""), tag.utf8.count > 3 else { return nil }
        return Int(tag.dropFirst(2).dropLast())
    }
}
