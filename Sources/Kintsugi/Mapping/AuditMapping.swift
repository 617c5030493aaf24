import KintsugiCore
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension AuditResource {
    package init(_ change: RecordChange) {
        let stored = try? JSONNode(parsing: change.data.bytes)
        self.init(
            position: change.position, at: change.at.rfc3339, type: change.event.rawValue,
            kind: change.kind.rawValue, key: change.key, actor: stored?["actor"]?.string ?? "system",
            data: JSONText(valid: JSONWriter.object { Self.members(of: stored, into: &$0) }))
    }

    /// Members are named one by one, so that nothing a later event holds is shown before somebody has thought of it.
    private static func members(of stored: JSONNode?, into json: inout JSONWriter) {
        for name in ["reason", "user_id", "role", "key_id"] {
            guard let node = stored?[name] else { continue }
            json.key(text: name)
            if let text = node.string { json.string(text) } else { json.null() }
        }
        for name in ["until", "expires_at"] {
            guard let node = stored?[name] else { continue }
            json.key(text: name)
            if let time = node.int { json.string(Timestamp(milliseconds: time).rfc3339) } else { json.null() }
        }
    }
}
