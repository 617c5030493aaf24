package import KintsugiCore
package import KintsugiVocabulary

/// An event of a record's stream as it was recorded.
package struct RecordChange: Sendable, Hashable {
    package var position: Int64
    package var at: Timestamp
    package var kind: RecordKind
    package var key: String
    /// The record's version since then.
    package var version: Int
    package var event: RecordEventType
    package var data: JSONText

    package init(
        position: Int64, at: Timestamp, kind: RecordKind, key: String, version: Int, event: RecordEventType,
        data: JSONText
    ) {
        self.position = position
        self.at = at
        self.kind = kind
        self.key = key
        self.version = version
        self.event = event
        self.data = data
    }
}
