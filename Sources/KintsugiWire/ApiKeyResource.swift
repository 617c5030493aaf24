public import KintsugiVocabulary

/// A key, without its secret but for the one answer that makes it.
public struct ApiKeyResource: Resource {
    public var id = ""
    public var name = ""
    public var role = Role.viewer
    public var userID = ""
    public var createdAt = ""
    public var expiresAt: String?
    public var lastUsedAt: String?
    /// Only in the answer that makes it.
    public var key: String?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("role", role.rawValue)
            json.member("user_id", userID)
            json.member("created_at", createdAt)
            json.member("expires_at", expiresAt)
            json.member("last_used_at", lastUsedAt)
            json.optional("key", key)
        }
    }
}

/// Who is asking.
public struct MeResource: Resource {
    public var userID: String
    public var role: Role
    public var keyID: String?
    public var expiresAt: String?
    /// Whether a session's cookie let them in, not a key.
    public var isSession = false
    public var server = ServerResource()
    public var at = ""

    package init(userID: String, role: Role, keyID: String?, expiresAt: String?) {
        self.userID = userID
        self.role = role
        self.keyID = keyID
        self.expiresAt = expiresAt
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("user_id", userID)
            json.member("role", role.rawValue)
            json.member("method", isSession ? "session" : "api_key")
            json.member("key_id", keyID)
            json.member("expires_at", expiresAt)
            json.member("session", isSession)
            json.member("server", resource: server)
            json.member("at", at)
        }
    }
}

/// The process that answers.
public struct ServerResource: Resource {
    public var version = ""
    public var node = ""
    public var startedAt = ""
    /// Another one: the store was restored from a backup, and what was known of it may no longer be.
    public var epoch = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("version", version)
            json.member("node", node)
            json.member("started_at", startedAt)
            json.member("epoch", epoch)
        }
    }
}
