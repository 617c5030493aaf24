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
            json.member("method", "api_key")
            json.member("key_id", keyID)
            json.member("expires_at", expiresAt)
        }
    }
}
