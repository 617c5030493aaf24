package import KintsugiCore

/// An agent as it is registered: its profile, where it is reached, and its secrets (open, in memory only).
package struct AgentRecord: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case http, local
        /// Not a worker but a way to tell people: what it is called with is an alert.
        case channel
    }

    package var profile: AgentProfile
    package var name: String
    package var kind: Kind
    package var callbackURL: String?
    /// Signing secrets (`whsec_…`), the newest first; an older one signs too until its time is over.
    package var secrets: [Secret]
    package var auth: Auth?
    /// Of kind `.channel` only.
    package var channel: ChannelSettings?
    /// What this agent's answers mean where it differs from the standard table.
    package var classification: [ClassificationTable.Rule]
    /// Being deleted: gone when its last task has ended.
    package var isDraining: Bool
    /// The timeout as given; nil: the default.
    package var givenTimeout: Milliseconds?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var version: Int

    package struct Secret: Sendable, Hashable {
        package var value: String
        package var until: Timestamp?

        package init(value: String, until: Timestamp? = nil) {
            self.value = value
            self.until = until
        }
    }

    /// How we present ourselves to the agent.
    package enum Auth: Sendable, Hashable {
        case bearer(token: String)
        case basic(username: String, password: String)
        case header(name: String, value: String)
        /// A token that a token server gives for these.
        case clientCredentials(ClientCredentials)
        /// A token that stands in a file of the server's folder of secrets; likewise a header's value.
        case bearerFile(path: String)
        case headerFile(name: String, path: String)
    }

    /// Whether a path can name a file in the folder of secrets: parts of `A-Z a-z 0-9 . _ -`, parted by slashes, none
    /// of them `.` or `..`.
    package static func isSecretPath(_ text: String) -> Bool {
        guard (1...255).contains(text.utf8.count) else { return false }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy {
                    (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                        || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                }
        }
    }

    /// Who we are to a token server (OAuth 2.0), and what we want there.
    package struct ClientCredentials: Sendable, Hashable {
        package var tokenURL: String
        package var clientID: String
        package var clientSecret: String
        package var scope: String?
        package var audience: String?

        package init(
            tokenURL: String, clientID: String, clientSecret: String, scope: String? = nil,
            audience: String? = nil
        ) {
            self.tokenURL = tokenURL
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.scope = scope
            self.audience = audience
        }
    }

    package init(
        profile: AgentProfile, name: String, kind: Kind, callbackURL: String? = nil, secrets: [Secret] = [],
        auth: Auth? = nil, channel: ChannelSettings? = nil, classification: [ClassificationTable.Rule] = [],
        isDraining: Bool = false, givenTimeout: Milliseconds? = nil, createdAt: Timestamp,
        updatedAt: Timestamp, version: Int = 1
    ) {
        self.profile = profile
        self.name = name
        self.kind = kind
        self.callbackURL = callbackURL
        self.secrets = secrets
        self.auth = auth
        self.channel = channel
        self.classification = classification
        self.isDraining = isDraining
        self.givenTimeout = givenTimeout
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }
}
