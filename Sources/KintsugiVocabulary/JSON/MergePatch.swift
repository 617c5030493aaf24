/// Changes a JSON value by another one that describes the difference.
///
/// What the patch does not name is copied byte for byte, so that no number is rounded and no text respelled.
/// - Source: RFC 7396, section 2.
package enum MergePatch {
    /// The value with the patch applied; a value that is not JSON counts as null.
    package static func apply(_ patch: JSONText, to target: JSONText) -> JSONText {
        guard let change = Piece(patch) else { return target }
        var writer = JSONWriter(reserving: target.bytes.count + patch.bytes.count)
        write(change, over: Piece(target), into: &writer)
        return JSONText(valid: writer.bytes)
    }

    /// A node with the text it stands in.
    private struct Piece {
        let node: JSONNode
        let bytes: [UInt8]

        init(_ node: JSONNode, in bytes: [UInt8]) {
            self.node = node
            self.bytes = bytes
        }

        init?(_ text: JSONText) {
            guard let node = try? JSONNode(parsing: text.bytes) else {
                return nil
            }
            self.init(node, in: text.bytes)
        }

        var raw: ArraySlice<UInt8> { bytes[node.range] }
        func at(_ node: JSONNode) -> Piece { Piece(node, in: bytes) }

        /// Its members if it is an object; of those with one name the last.
        var members: [(name: String, piece: Piece)]? {
            guard let all = node.object else { return nil }
            var places: [String: Int] = [:]
            var members: [(name: String, piece: Piece)] = []
            for (name, node) in all {
                if let place = places[name] {
                    members[place].piece = at(node)
                } else {
                    places[name] = members.count
                    members.append((name, at(node)))
                }
            }
            return members
        }
    }

    private static func write(_ patch: Piece, over target: Piece?, into json: inout JSONWriter) {
        guard let changes = patch.members else { return json.json(patch.raw) }
        let old = target?.members ?? []
        var changed: [String: Piece] = [:]
        for change in changes { changed[change.name] = change.piece }
        let known = Set(old.map(\.name))
        json.object { json in
            for member in old {
                guard let change = changed[member.name] else {
                    json.key(text: member.name)
                    json.json(member.piece.raw)
                    continue
                }
                if change.node.isNull { continue }
                json.key(text: member.name)
                write(change, over: member.piece, into: &json)
            }
            for change in changes where !known.contains(change.name) && !change.piece.node.isNull {
                json.key(text: change.name)
                write(change.piece, over: nil, into: &json)
            }
        }
    }
}
