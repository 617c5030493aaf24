import Foundation
import Kintsugi

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder that holds the store, the admin key and the secret.
struct DataFolder: Sendable {
    let path: String

    /// Makes the folder if it is not there, for its owner only.
    init(_ settings: Settings) throws {
        if let database = settings.text("database.url") {
            guard database.hasPrefix("sqlite:") else {
                throw CommandFailure(
                    description: "The database \(database) is not supported yet: use sqlite:FOLDER.",
                    exitCode: 64)
            }
            path = String(database.dropFirst("sqlite:".count))
        } else {
            path = settings.text("server.data") ?? Self.standard
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                description: "The data folder \(path) cannot be made: \(error). Name another one with --data."
            )
        }
    }

    /// - Source: XDG Base Directory Specification 0.8.
    private static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        if let base = environment["XDG_DATA_HOME"], base.hasPrefix("/") { return base + "/kintsugi" }
        return (environment["HOME"] ?? ".") + "/.local/share/kintsugi"
    }

    func secret(_ settings: Settings) throws -> ServerSecret {
        if let given = settings.text("server.secret_key") { return ServerSecret(given) }
        let file = path + "/secret.key"
        if let data = FileManager.default.contents(atPath: file) {
            let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if !text.isEmpty { return ServerSecret(text) }
        }
        let fresh = ServerSecret.random()
        try write(fresh + "\n", to: "secret.key")
        return ServerSecret(fresh)
    }

    /// Writes a file that only its owner may read, whole or not at all.
    func write(_ text: String, to name: String) throws {
        let file = path + "/" + name
        let temporary = file + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                description: "\(temporary) cannot be written: \(String(cString: strerror(errno))).")
        }
        Terminal.write(text, to: descriptor)
        let synced = fsync(descriptor)
        close(descriptor)
        guard synced == 0, rename(temporary, file) == 0 else {
            throw CommandFailure(
                description: "\(file) cannot be written: \(String(cString: strerror(errno))).")
        }
    }
}
