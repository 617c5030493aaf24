import Crypto
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// A key as it is kept: with the SHA-256 of its secret.
struct APIKey: Sendable, Hashable {
    let id: String
    let name: String
    let role: Role
    let userID: UserID
    let hash: [UInt8]
    let createdAt: Timestamp
    let expiresAt: Timestamp?
    /// Set by the configuration, not by the API.
    let isConfigured: Bool
    /// To the minute; in memory only.
    var lastUsedAt: Timestamp?

    /// Reads `ks_<id>_<secret>`; nil if it cannot be a key.
    static func parts(_ text: some StringProtocol) -> (id: String, secret: [UInt8])? {
        let bytes = Array(text.utf8.prefix(512))
        guard bytes.starts(with: Array("ks_".utf8)), text.utf8.count <= 500,
            let end = bytes[3...].firstIndex(of: UInt8(ascii: "_"))
        else { return nil }
        let (id, secret) = (bytes[3..<end], bytes[(end + 1)...])
        guard (1...40).contains(id.count), id.allSatisfy({ isSmall($0) || isDigit($0) }), secret.count >= 32,
            secret.allSatisfy({ isSmall($0) || isDigit($0) || (65...90).contains($0) })
        else { return nil }
        return (String(decoding: id, as: UTF8.self), Array(secret))
    }

    static func hash(_ secret: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: secret)) }

    /// Compares in a time that does not tell where they differ.
    static func areEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        guard lhs.count == rhs.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(lhs, rhs) { difference |= left ^ right }
        return difference == 0
    }

    private static func isSmall(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}

extension APIKey {
    var document: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("name", name)
                json.member("role", role.rawValue)
                json.member("user_id", userID.rawValue)
                json.member("sha256", Base64.encode(hash))
                json.member("created_at", createdAt.milliseconds)
                json.member("expires_at", expiresAt?.milliseconds)
                json.member("configured", isConfigured)
            })
    }

    init?(_ record: StoredRecord) {
        guard let node = try? JSONNode(parsing: record.document.bytes), let name = node["name"]?.string,
            let role = node["role"]?.string.flatMap(Role.init(rawValue:)), let user = node["user_id"]?.string,
            let hash = node["sha256"]?.string.flatMap(Base64.decode)
        else { return nil }
        self.init(
            id: record.key, name: name, role: role, userID: UserID(user), hash: hash,
            createdAt: node["created_at"]?.int.map(Timestamp.init(milliseconds:)) ?? record.createdAt,
            expiresAt: node["expires_at"]?.int.map(Timestamp.init(milliseconds:)),
            isConfigured: node["configured"]?.bool ?? false)
    }

    func resource(text: String? = nil) -> ApiKeyResource {
        var resource = ApiKeyResource()
        resource.id = id
        resource.name = name
        resource.role = role
        resource.userID = userID.rawValue
        resource.createdAt = createdAt.rfc3339
        resource.expiresAt = expiresAt?.rfc3339
        resource.lastUsedAt = lastUsedAt?.rfc3339
        resource.key = text
        return resource
    }
}
