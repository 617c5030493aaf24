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
        /// Everyone while the server can only be reached from its own machine; else a key.
        case local(orAtLeast: Role)
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
        guard let role = role(at: site) else { return .nobody }
        let caller = try Self.caller(request, site, at: now)
        guard caller.role.rank >= role.rank else {
            throw Problem(
                .forbidden, "This needs a key of role \(role.rawValue); yours is \(caller.role.rawValue).")
        }
        return caller
    }

    /// The least role that may; nil: no key is asked for.
    private func role(at site: Site) -> Role? {
        switch access {
        case .everyone, .attemptToken: nil
        case .atLeast(let role): role
        case .local(let role): site.configuration.isLoopback ? nil : role
        }
    }

    /// By the key of the request; by the session's cookie if no key is sent.
    private static func caller(_ request: Request, _ site: Site, at now: Timestamp) throws(Problem) -> Caller
    {
        if let token = request.bearerToken {
            guard let caller = site.keys.caller(token, at: now) else {
                throw Problem(.unauthorized, "This key is unknown, revoked or expired.")
            }
            return caller
        }
        let cookies = request.headers[.authorization] == nil ? request.sessionCookies : []
        guard !cookies.isEmpty else {
            throw Problem(.unauthorized, "Send a key as Authorization: Bearer ks_….")
        }
        for cookie in cookies {
            guard let caller = site.keys.caller(cookie: cookie, at: now) else { continue }
            try Origin.checkWrite(request, site)
            return caller
        }
        throw Problem(.unauthorized, "This session is over: sign in again.")
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

    /// The values of our cookie; a browser sends one, but may hold one for a path or a parent domain too.
    var sessionCookies: [Substring] {
        let pairs = headers[values: .cookie].flatMap { $0.split(separator: ";") }
        return pairs.compactMap { pair in
            let pair = pair.drop { $0 == " " }
            guard pair.hasPrefix(Session.cookieName + "=") else { return nil }
            return pair.dropFirst(Session.cookieName.count + 1)
        }
        .suffix(4)
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
        for entry in entries
        where entry.segments.last == "**"
            ? segments.count >= entry.segments.count : entry.segments.count == segments.count
        {
            var literals = 0
            let fits = zip(entry.segments, segments).allSatisfy { template, segment in
                if template == segment { literals += 1 }
                return template == segment || template.first == "{" || template == "**"
            }
            guard fits, literals >= best.literals else { continue }
            best =
                literals > best.literals
                ? (literals, [entry.method]) : (literals, best.methods + [entry.method])
        }
        return best.methods
    }
}
