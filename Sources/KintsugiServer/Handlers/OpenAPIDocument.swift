import CDashboard
import Crypto
package import KintsugiVocabulary

/// The API's document, embedded in the binary.
package enum OpenAPIDocument {
    package static let bytes = Array(
        UnsafeBufferPointer(start: kintsugi_openapi_json(), count: kintsugi_openapi_json_size))

    /// Parsed once, when the first problem page is asked for.
    package static let root = try? JSONNode(parsing: bytes)

    static let etag = "\"\(Hex.text(SHA256.hash(data: bytes).prefix(8)))\""
}
