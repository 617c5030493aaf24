internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOCore

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import FoundationEssentials
#endif

/// Finds what we present to an agent: as it is registered, fetched from a token server, or read from a file.
///
/// Fetched and read ones are kept and shared; a call that asks to refresh them gets new ones. A refusal (401) fails
/// its attempt, as the contract says, and makes the next call fetch anew, so that a token that was revoked before its
/// time does not fail everything until it expires.
final class Credentials: Sendable {
    struct Presented: Sendable {
        let name: String
        let value: String
        /// What must not be repeated to anybody.
        let secret: String
    }

    private let cache: CredentialCache
    private let server: TokenServer
    private let folder: SecretFolder?

    /// How long a secret that was read is believed: whoever replaces the file is heard soon.
    private static let rereadInterval = TimeAmount.seconds(10)

    init(client: GuardedClient, folder: SecretFolder?, userAgent: String, eventLoopGroup: any EventLoopGroup)
    {
        cache = CredentialCache(eventLoopGroup: eventLoopGroup)
        server = TokenServer(client: client, userAgent: userAgent)
        self.folder = folder
    }

    /// - Parameter begin: when the call began; a refresh must not be older.
    func present(_ call: AgentCall, begin: NIODeadline, deadline: NIODeadline) async -> Result<
        Presented?, CredentialProblem
    > {
        guard let auth = call.agent.auth else { return .success(nil) }
        guard let source = auth.source else { return .success(auth.registered) }
        let asOf = call.refreshCredentials ? begin : nil
        let answer = await cache.secret(from: source, asOf: asOf, deadline: deadline) {
            await self.fetch(source, deadline: deadline)
        }
        return answer.map { auth.presented($0) }
    }

    /// The agent answered 401.
    func refused(_ auth: AgentRecord.Auth?) {
        if let source = auth?.source { cache.refused(source) }
    }

    private func fetch(
        _ source: CredentialSource, deadline: NIODeadline
    ) async -> Result<CredentialCache.Credential, CredentialProblem> {
        switch source {
        case .tokenServer(let credentials): return await server.token(for: credentials, deadline: deadline)
        case .file(let path):
            guard let folder else {
                let text = "The agent's credentials are in a file, but this server has no folder of secrets."
                return .failure(.failed(.authFailure, text))
            }
            guard let secret = await folder.secret(at: path) else {
                let text = "The file with the agent's credentials cannot be read, or holds no secret."
                return .failure(.failed(.authFailure, text))
            }
            return .success(CredentialCache.Credential(secret: secret, lifetime: Self.rereadInterval))
        }
    }
}

extension AgentRecord.Auth {
    /// Nil: it is registered as it is.
    fileprivate var source: CredentialSource? {
        switch self {
        case .bearer, .basic, .header: nil
        case .clientCredentials(let credentials): .tokenServer(credentials)
        case .bearerFile(let path), .headerFile(_, let path): .file(path)
        }
    }

    fileprivate var registered: Credentials.Presented? {
        switch self {
        case .bearer(let token): .init(name: "authorization", value: "Bearer \(token)", secret: token)
        case .basic(let username, let password):
            .init(
                name: "authorization",
                value: "Basic " + Data("\(username):\(password)".utf8).base64EncodedString(), secret: password
            )
        case .header(let name, let value): .init(name: name, value: value, secret: value)
        case .clientCredentials, .bearerFile, .headerFile: nil
        }
    }

    fileprivate func presented(_ secret: String) -> Credentials.Presented {
        if case .headerFile(let name, _) = self { return .init(name: name, value: secret, secret: secret) }
        return .init(name: "authorization", value: "Bearer \(secret)", secret: secret)
    }
}
