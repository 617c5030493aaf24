package import KintsugiVocabulary

/// Where alerts are told: one channel as it is configured, with its secrets open, in memory only.
package struct ChannelSettings: Sendable, Hashable {
    package enum Config: Sendable, Hashable {
        case webhook(url: String)
        /// The address of a Slack incoming webhook, which is a secret itself.
        case slack(url: String)
        case pagerduty(routingKey: String, url: String = Self.pagerdutyURL)
        case email(Email)
        /// The base address; `/api/v2/alerts` is below it.
        case alertmanager(url: String)
        case log

        package static let pagerdutyURL = "https://events.pagerduty.com/v2/enqueue"
    }

    /// A mail server and what to write on the envelope.
    package struct Email: Sendable, Hashable {
        /// How the connection is made private.
        package enum TLS: String, Sendable, Hashable, CaseIterable {
            /// In the clear first, then upgraded; without the upgrade nothing is sent.
            case starttls
            case implicit
            /// Never; the password goes in the clear, too.
            case none
        }

        package var host: String
        package var port: Int
        /// `ops@example.com`, or with a name: `Kintsugi <ops@example.com>`.
        package var from: String
        package var to: [String]
        package var username: String?
        package var password: String?
        package var tls: TLS
        /// A file of certificates (PEM) to trust in place of the system's.
        package var caFile: String?

        package init(
            host: String, port: Int, from: String, to: [String], username: String? = nil,
            password: String? = nil, tls: TLS = .starttls, caFile: String? = nil
        ) {
            self.host = host
            self.port = port
            self.from = from
            self.to = to
            self.username = username
            self.password = password
            self.tls = tls
            self.caFile = caFile
        }
    }

    package var id: String
    package var name: String
    package var config: Config
    /// What a webhook is signed with (`whsec_…`), the newest first; other kinds have none.
    package var secrets: [AgentRecord.Secret]

    package init(id: String, name: String, config: Config, secrets: [AgentRecord.Secret] = []) {
        self.id = id
        self.name = name
        self.config = config
        self.secrets = secrets
    }

    package var kind: ChannelKind {
        switch config {
        case .webhook: .webhook
        case .slack: .slack
        case .pagerduty: .pagerduty
        case .email: .email
        case .alertmanager: .alertmanager
        case .log: .log
        }
    }

    /// The text with all secrets of the channel blotted out.
    package func hidingSecrets(in text: String) -> String {
        secretTexts.reduce(text) { $1.utf8.count < 4 ? $0 : $0.replacing($1, with: "•••") }
    }

    /// The texts that must never be shown: not in a preview, an error or a log.
    package var secretTexts: [String] {
        let configured: [String] =
            switch config {
            case .slack(let url): [url]
            case .pagerduty(let key, _): [key]
            case .email(let email): [email.password].compactMap { $0 }
            case .webhook, .alertmanager, .log: []
            }
        return configured + secrets.map(\.value)
    }
}
