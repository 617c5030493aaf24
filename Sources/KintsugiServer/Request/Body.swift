import HTTPTypes
import Hummingbird
import KintsugiVocabulary
import NIOCore

/// A request's body, parsed.
struct Body {
    let bytes: [UInt8]
    let root: JSONNode

    static let empty = Body(bytes: [], root: JSONNode(value: .object([]), range: 0..<0))
}

extension Exchange {
    /// Reads the body; an optional one that is left out counts as an empty object.
    func body(required: Bool) async throws -> Body {
        let limit = site.configuration.maxBodyBytes
        let tooLarge = Problem(.bodyTooLarge, "The body is larger than \(limit) bytes.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw tooLarge
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
        let bytes = Array(buffer.readableBytesView)
        if bytes.isEmpty {
            guard required else { return .empty }
            throw Problem(.malformedRequest, "A JSON body is needed here.")
        }
        guard Self.isJSON(request.headers[.contentType]) else {
            throw Problem(.unsupportedMediaType, "Send the body as application/json, in UTF-8.")
        }
        do {
            return Body(bytes: bytes, root: try JSONNode(parsing: bytes))
        } catch {
            throw Problem(.malformedRequest, "The body is not JSON as it should be: \(error).")
        }
    }

    /// Whether it is `application/json`, with no other charset than UTF-8.
    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType, contentType.utf8.count <= 200 else { return false }
        let parts = contentType.lowercased().split(separator: ";", omittingEmptySubsequences: false)
            .map { part in String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }) }
        guard parts.first == "application/json" else { return false }
        return parts.dropFirst().allSatisfy {
            !$0.hasPrefix("charset=") || $0 == "charset=utf-8" || $0 == "charset=utf8"
        }
    }
}
