import HTTPTypes
import Hummingbird
import KintsugiCore
import KintsugiVocabulary

/// One operation of the API.
struct Route: Sendable {
    /// Who may.
    enum Access: Sendable, Hashable {
        case everyone
        /// A key of this role or a higher one.
        case atLeast(Role)
        /// An agent with the token of its attempt, which the handler checks.
        case attemptToken
    }

    typealias Handler = @Sendable (Exchange) async throws -> Answer

    let method: HTTPRequest.Method
    /// As in the OpenAPI document, captures in braces.
    let path: String
    let access: Access
    let handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, _ access: Access, _ handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.access = access
        self.handler = handler
    }

    /// Lets the caller in or refuses: the only place where keys and roles are checked.
    func admit(_ request: Request, _ site: Site, at now: Timestamp) throws(Problem) -> Caller {
        guard case .atLeast(let role) = access else { return .nobody }
        guard let token = request.bearerToken else {
            throw Problem(.unauthorized, "Send a key as Authorization: Bearer ks_….")
        }
        guard let caller = site.keys.caller(token, at: now) else {
            throw Problem(.unauthorized, "This key is unknown, revoked or expired.")
        }
        guard caller.role.rank >= role.rank else {
            throw Problem(
                .forbidden, "This needs a key of role \(role.rawValue); yours is \(caller.role.rawValue).")
        }
        return caller
    }
}

extension Request {
    /// The credentials of `Authorization: Bearer`.
    var bearerToken: Substring? {
        guard let value = headers[.authorization], value.utf8.count > 7,
            value.prefix(7).lowercased() == "bearer "
        else {
            return nil
        }
        let token = value.dropFirst(7).drop { $0 == " " }
        return token.isEmpty ? nil : token
    }
}

/// Finds out which methods a path has, for answers 405; the router itself only says that there is no match.
struct PathMethods: Sendable {
    private let entries: [(segments: [Substring], method: HTTPRequest.Method)]

    init(_ routes: [Route]) {
        entries = routes.map { ($0.path.split(separator: "/"), $0.method) }
    }

    /// The methods of the most literal template that fits the path.
    func methods(of path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/", maxSplits: 16)
        var best: (literals: Int, methods: [HTTPRequest.Method]) = (-1, [])
        for entry in entries where entry.segments.count == segments.count {
            var literals = 0
            let fits = zip(entry.segments, segments).allSatisfy { template, segment in
                if template == segment { literals += 1 }
                return template == segment || template.first == "{"
            }
            guard fits, literals >= best.literals else { continue }
            best =
                literals > best.literals
                ? (literals, [entry.method]) : (literals, best.methods + [entry.method])
        }
        return best.methods
    }
}
