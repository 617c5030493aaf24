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
