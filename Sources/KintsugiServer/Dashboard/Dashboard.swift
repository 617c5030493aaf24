/// The dashboard's page and files: those in the binary, or those of a folder for whoever works on them.
struct Dashboard: Sendable {
    /// Nil: the binary's.
    private let folder: AssetFolder?
    private let rendered: Asset?

    init(folder path: String?) {
        folder = path.map(AssetFolder.init)
        rendered = folder == nil ? Self.embeddedPage : nil
    }

    var isFixed: Bool { folder == nil }
    private var version: String { folder == nil ? EmbeddedAssets.fingerprint : "dev" }

    /// The one page that every address of the dashboard answers.
    var page: Asset? {
        guard let folder else { return rendered }
        return folder.read(Self.pagePath).map { template in
            let page = Self.render(template, prefix: "/assets/dev/", read: folder.read)
            return Asset(path: Self.pagePath, bytes: page, compressed: false)
        }
    }

    /// A file by the rest of its address: `<version>/<path>`; nil if it is not there, or of another version.
    func asset(_ address: some StringProtocol) -> Asset? {
        let parts = address.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == version, AssetFolder.isPath(parts[1]) else { return nil }
        let path = String(parts[1])
        guard path != Self.pagePath else { return nil }
        return file(path)
    }

    /// The icon for pages that do not link to it.
    var icon: Asset? { file("icon.svg") }

    private func file(_ path: String) -> Asset? {
        guard let folder else { return EmbeddedAssets.asset(path) }
        return folder.read(path).map { Asset(path: path, bytes: $0, compressed: false) }
    }

    // MARK: The page

    private static let pagePath = "index.html"

    private static let embeddedPage: Asset? = EmbeddedAssets.files[pagePath].map { template in
        let page = render(
            template, prefix: "/assets/\(EmbeddedAssets.fingerprint)/",
            read: { EmbeddedAssets.files[$0] })
        return Asset(path: pagePath, bytes: page, compressed: true)
    }

    private static let script = "main.js"

    /// Fills in where the files are, and names the modules that the page begins with.
    static func render(_ template: [UInt8], prefix: String, read: (String) -> [UInt8]?) -> [UInt8] {
        let modules = ModuleGraph.modules(from: script, read: read)
        let preload = modules.map { #"<link rel="modulepreload" href="\#(prefix)\#($0)">"# }
        let page = String(decoding: template, as: UTF8.self)
            .replacing("{{prefix}}", with: prefix)
            .replacing("{{preload}}", with: preload.joined(separator: "\n"))
        return Array(page.utf8)
    }
}
