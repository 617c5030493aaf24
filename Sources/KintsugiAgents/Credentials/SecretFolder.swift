internal import KintsugiEngine
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The folder in which an operator of this machine has put secrets for agents, one a file.
///
/// Whoever may register agents over the API can name files in it and no others: paths lead downwards only, and what
/// a symbolic link leads to must lie in the folder too.
package struct SecretFolder: Sendable {
    private let root: String

    /// - Parameter path: of a folder; that it is there is the caller's to check.
    package init(path: String) { root = path }

    private static let maxBytes = 16_384

    /// The file's text without the white space around it; nil: it is not there, or is no secret.
    func secret(at path: String) async -> String? {
        guard AgentRecord.isSecretPath(path) else { return nil }
        let found = try? await NIOThreadPool.singleton.runIfActive { self.bytes(at: path) }
        guard let found, let first = found.firstIndex(where: { !Self.isSpace($0) }),
            let last = found.lastIndex(where: { !Self.isSpace($0) })
        else { return nil }
        let secret = found[first...last]
        guard secret.allSatisfy({ (32...126).contains($0) }) else { return nil }
        return String(decoding: secret, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private func bytes(at path: String) -> [UInt8]? {
        guard let folder = Self.resolved(root), let file = Self.resolved(root + "/" + path),
            file.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
        else { return nil }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= Self.maxBytes
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Self.maxBytes)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Without symbolic links; nil: there is nothing.
    private static func resolved(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
