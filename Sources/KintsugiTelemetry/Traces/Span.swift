package import KintsugiCore

/// A span that is over.
package struct Span: Sendable, Hashable {
    /// As OTLP numbers them.
    package enum Kind: Int, Sendable, Hashable {
        case `internal` = 1
        case server, client, producer, consumer
    }

    package enum Value: Sendable, Hashable {
        case text(String)
        case number(Int64)
    }

    package var context: SpanContext
    package var parent: UInt64?
    package var links: [SpanContext] = []
    package var name: String
    package var kind: Kind
    /// In milliseconds since 1970.
    package var start: Timestamp
    package var end: Timestamp
    package var attributes: [(key: String, value: Value)] = []
    /// What went wrong in the end; nil: nothing.
    package var error: String?

    package init(
        _ context: SpanContext, parent: UInt64?, name: String, kind: Kind, start: Timestamp, end: Timestamp
    ) {
        self.context = context
        self.parent = parent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
    }

    package static func == (lhs: Span, rhs: Span) -> Bool { lhs.context == rhs.context }
    package func hash(into hasher: inout Hasher) { hasher.combine(context) }

    mutating func set(_ key: String, _ value: String?) {
        if let value { attributes.append((key, .text(value))) }
    }

    mutating func set(_ key: String, _ value: Int?) {
        if let value { attributes.append((key, .number(Int64(value)))) }
    }
}
