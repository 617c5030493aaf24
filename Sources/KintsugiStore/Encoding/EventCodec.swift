package import KintsugiCore
import KintsugiVocabulary

/// The stored form of events: a JSON array with `[code, {members}]` for each.
///
/// Members have the names that the timeline shows; those at their default are left out. Members may be added,
/// never renamed; an old event is lifted here, at the read edge, when it is decoded. A fixture of every type
/// is kept for ever (`EventFixtures`).
package enum EventCodec {
    /// Levels that the stored form puts around a payload.
    private static let wrapping = 8

    package static func encode(_ events: [TaskEvent]) -> [UInt8] {
        var json = JSONWriter(reserving: 64 + events.count * 64)
        json.array { json in
            for event in events {
                json.array { json in
                    json.int(event.type.code)
                    json.object { EventEncoder.members(of: event, into: &$0) }
                }
            }
        }
        return json.bytes
    }

    /// The events of one append; an error names what is wrong with it.
    package static func decode(_ data: [UInt8]) throws(EventDecodingError) -> [TaskEvent] {
        let root: JSONNode
        do { root = try JSONNode(parsing: data, maxDepth: JSONNode.maxDepth + wrapping) } catch {
            throw EventDecodingError("not JSON: \(error)")
        }
        guard let items = root.array else { throw EventDecodingError("not an array") }
        var events: [TaskEvent] = []
        events.reserveCapacity(items.count)
        for item in items {
            guard let pair = item.array, pair.count == 2, let code = pair[0].int,
                let type = EventType(code: Int(clamping: code))
            else { throw EventDecodingError("no event type in \(item.range)") }
            events.append(try EventDecoder(type: type, node: pair[1], bytes: data).event())
        }
        return events
    }
}

/// An append that cannot be read: the file was changed by something else, or written by a newer version.
package struct EventDecodingError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
