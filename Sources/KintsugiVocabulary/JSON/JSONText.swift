/// A JSON value that nobody here looks into: a task's input or output, kept as the bytes it came in.
package struct JSONText: Sendable, Hashable {
    package let bytes: [UInt8]

    /// Bytes that are known to be one valid JSON value.
    package init(valid bytes: [UInt8]) { self.bytes = bytes }

    /// Checks that the bytes are one JSON value no deeper than the limit.
    package init(checking bytes: [UInt8]) throws(JSONSyntaxError) {
        _ = try JSONNode(parsing: bytes)
        self.bytes = bytes
    }

    package static let null = JSONText(valid: Array("null".utf8))
}

/// Why a text is not JSON.
package struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    package let reason: String
    /// The byte at which reading stopped, from 0.
    package let offset: Int

    package var description: String { "\(reason) at byte \(offset)" }
}
