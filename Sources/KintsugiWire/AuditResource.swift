package import KintsugiVocabulary

/// Something that was done to an agent, a breaker, a key or the like, by whom.
public struct AuditResource: Resource {
    public var position: Int64
    public var at: String
    public var type: String
    public var kind: String
    public var key: String
    public var actor: String
    /// An object; its members depend on the type.
    package var data: JSONText

    package init(
        position: Int64, at: String, type: String, kind: String, key: String, actor: String, data: JSONText
    ) {
        self.position = position
        self.at = at
        self.type = type
        self.kind = kind
        self.key = key
        self.actor = actor
        self.data = data
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("position", position)
            json.member("at", at)
            json.member("type", type)
            json.member("kind", kind)
            json.member("key", key)
            json.member("actor", actor)
            json.member("data", json: data)
        }
    }
}
