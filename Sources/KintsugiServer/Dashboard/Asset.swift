import CDashboard
import Crypto
import Synchronization

/// A file of the dashboard, with what its answer says of it.
struct Asset: Sendable {
    let bytes: [UInt8]
    /// Nil: not made, or not smaller.
    let gzip: [UInt8]?
    let type: String
    /// Strong, of the plain bytes.
    let etag: String

    init(path: String, bytes: [UInt8], compressed: Bool) {
        self.bytes = bytes
        gzip = compressed ? Gzip.compress(bytes) : nil
        type = Self.type(of: path)
        etag = "\"\(Hex.text(SHA256.hash(data: bytes).prefix(8)))\""
    }

    /// Each encoding is an entity of its own.
    /// - Source: RFC 9110, section 8.8.3.3.
    func etag(isGzip: Bool) -> String { isGzip ? etag.dropLast() + "-gz\"" : etag }

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8", "svg": "image/svg+xml", "json": "application/json",
        "png": "image/png", "woff2": "font/woff2",
    ]

    static func type(of path: String) -> String {
        let ending = path.split(separator: ".").last.map(String.init) ?? ""
        return types[ending] ?? "application/octet-stream"
    }
}

enum Gzip {
    /// As small as zlib can make it; nil if that is no smaller.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        let capacity = kintsugi_gzip_bound(bytes.count)
        let packed = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard let into = buffer.baseAddress else { return }
            count = bytes.withUnsafeBufferPointer { plain in
                plain.baseAddress.map { kintsugi_gzip($0, plain.count, into, capacity) } ?? 0
            }
        }
        return packed.isEmpty || packed.count >= bytes.count ? nil : packed
    }
}

/// The files that the binary holds.
enum EmbeddedAssets {
    /// By path.
    static let files: [String: [UInt8]] = {
        var files: [String: [UInt8]] = [:]
        for index in 0..<kintsugi_asset_count() {
            guard let asset = kintsugi_asset_at(index)?.pointee else { continue }
            files[String(cString: asset.path)] = Array(
                UnsafeBufferPointer(start: asset.bytes, count: asset.size))
        }
        return files
    }()

    /// One hash over all of them, so that a page and its modules always belong together.
    static let fingerprint: String = {
        var hash = SHA256()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Array("\(path) \(bytes.count)\n".utf8))
            hash.update(data: bytes)
        }
        return Hex.text(hash.finalize().prefix(8))
    }()

    private static let ready = Mutex<[String: Asset]>([:])

    /// The file, compressed when it is first asked for and kept.
    static func asset(_ path: String) -> Asset? {
        if let known = ready.withLock({ $0[path] }) { return known }
        guard let bytes = files[path] else { return nil }
        let asset = Asset(path: path, bytes: bytes, compressed: true)
        ready.withLock { $0[path] = asset }
        return asset
    }
}
