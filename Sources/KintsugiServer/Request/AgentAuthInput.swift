import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Reads how we present ourselves to an agent.
struct AgentAuthInput {
    let addressFault: @Sendable (String) -> String?
    let hasSecretFolder: Bool

    private enum Kind: String, CaseIterable {
        case bearer, basic, header
        case clientCredentials = "oauth2_client_credentials"
        case bearerFile = "bearer_file"
        case headerFile = "header_file"

        var names: [String] {
            switch self {
            case .bearer: ["token"]
            case .basic: ["username", "password"]
            case .header: ["name", "value"]
            case .clientCredentials: ["token_url", "client_id", "client_secret", "scope", "audience"]
            case .bearerFile: ["path"]
            case .headerFile: ["name", "path"]
            }
        }
    }

    private static let names = Kind.allCases.flatMap(\.names)
    private static let secret = TextRule.printable(1...4096)

    func read(_ members: Fields.Members, _ fields: inout Fields) -> AgentRecord.Auth? {
        guard fields.given(members, "auth") != nil,
            let auth = fields.object(members, "auth", ["type"] + Self.names),
            let kind = fields.word(auth, "type", Kind.self, required: true)
        else { return nil }
        for name in Set(Self.names).subtracting(kind.names).sorted() where auth.node(name) != nil {
            fields.add(auth, name, "does not belong to this type of credentials")
        }
        switch kind {
        case .bearer:
            return fields.text(auth, "token", Self.secret, required: true).map { .bearer(token: $0) }
        case .basic: return basic(auth, &fields)
        case .header:
            let name = headerName(auth, &fields)
            let value = fields.text(auth, "value", Self.secret, required: true)
            return name.flatMap { name in value.map { .header(name: name, value: $0) } }
        case .clientCredentials: return clientCredentials(auth, &fields)
        case .bearerFile: return path(auth, &fields).map { .bearerFile(path: $0) }
        case .headerFile:
            let name = headerName(auth, &fields)
            let path = path(auth, &fields)
            return name.flatMap { name in path.map { .headerFile(name: name, path: $0) } }
        }
    }

    private func basic(_ auth: Fields.Members, _ fields: inout Fields) -> AgentRecord.Auth? {
        let username = fields.text(auth, "username", .visible(1...256), required: true)
        if let username, username.utf8.contains(UInt8(ascii: ":")) {
            fields.add(auth, "username", "must not hold a colon")
        }
        let password = fields.text(auth, "password", Self.secret, required: true)
        guard let username, let password else { return nil }
        return .basic(username: username, password: password)
    }

    private func clientCredentials(_ auth: Fields.Members, _ fields: inout Fields) -> AgentRecord.Auth? {
        let url = fields.text(auth, "token_url", .free(1...8192), required: true)
        if let url, let fault = CallbackURL.fault(url) ?? addressFault(url) {
            fields.add(auth, "token_url", fault)
        }
        let id = fields.text(auth, "client_id", .printable(1...256), required: true)
        let secret = fields.text(auth, "client_secret", Self.secret, required: true)
        let scope = fields.text(auth, "scope", .printable(1...1024))
        let audience = fields.text(auth, "audience", .printable(1...1024))
        guard let url, let id, let secret else { return nil }
        return .clientCredentials(
            AgentRecord.ClientCredentials(
                tokenURL: url, clientID: id, clientSecret: secret, scope: scope, audience: audience))
    }

    private func path(_ auth: Fields.Members, _ fields: inout Fields) -> String? {
        let path = fields.text(auth, "path", .visible(1...255), required: true)
        if let path, !AgentRecord.isSecretPath(path) {
            fields.add(
                auth, "path",
                "must lead downwards from the folder of secrets: parts of A-Z a-z 0-9 . _ - parted by slashes"
            )
        } else if path != nil, !hasSecretFolder {
            fields.add(auth, "path", "needs the server's setting agents.secret_folder")
        }
        return path
    }

    private func headerName(_ auth: Fields.Members, _ fields: inout Fields) -> String? {
        let name = fields.text(auth, "name", .visible(3...64), required: true)
        if let name, !Self.isHeaderName(name) {
            fields.add(auth, "name", "must be X- and 1 to 62 of A-Z a-z 0-9 -")
        }
        return name
    }

    private static func isHeaderName(_ name: String) -> Bool {
        name.lowercased().hasPrefix("x-")
            && name.utf8.dropFirst(2).allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
            }
    }
}
