import CDashboard
package import KintsugiVocabulary

/// The API's document, embedded in the binary.
package enum OpenAPIDocument {
    package static let bytes = Array(
        UnsafeBufferPointer(start: kintsugi_openapi_json(), count: kintsugi_openapi_json_size))

    /// Parsed once, when the first problem page is asked for.
    package static let root = try? JSONNode(parsing: bytes)

    /// Compressed once, when it is first asked for.
    static let asset = Asset(path: "openapi.json", bytes: bytes, compressed: true)
}
