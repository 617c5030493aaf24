import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files read anew for each request, for whoever works on the dashboard.
struct AssetFolder: Sendable {
    private let root: String

    init(_ path: String) { root = path }

    /// The file's bytes; nil if there is none, or if it is not inside the folder.
    func read(_ path: String) -> [UInt8]? {
        guard let folder = Self.real(root), let file = Self.real(root + "/" + path),
            file.hasPrefix(folder + "/"), let data = FileManager.default.contents(atPath: file)
        else { return nil }
        return Array(data)
    }

    /// Whether every segment is a plain name: nothing hidden, nothing encoded, no way up.
    static func isPath(_ path: some StringProtocol) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { segment in
            !segment.isEmpty && segment.first != "."
                && segment.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                        UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    /// The path without symbolic links; nil if nothing is there.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
