import Foundation
import Yams

/// One thing that can be set: the single source of the documentation, the environment, the file and the checks.
struct Setting: Sendable {
    /// In the YAML file: `section.name`.
    let path: String
    let environment: String
    let standard: String
    let help: String
    var isSecret = false
}

/// Every setting with its value and where it came from: flag over environment over file over default.
struct Settings: Sendable {
    static let all: [Setting] = [
        Setting(
            path: "server.host", environment: "KINTSUGI_HOST", standard: "127.0.0.1",
            help: "Address to listen on."),
        Setting(
            path: "server.port", environment: "KINTSUGI_PORT", standard: "7420",
            help: "Port; 0 takes a free one."),
        Setting(
            path: "server.public_url", environment: "KINTSUGI_PUBLIC_URL", standard: "",
            help: "Where agents reach this server for their reports; default: the listening address."),
        Setting(
            path: "server.max_body_bytes", environment: "KINTSUGI_MAX_BODY_BYTES", standard: "1048576",
            help: "Largest request body that is taken."),
        Setting(
            path: "server.data", environment: "KINTSUGI_DATA", standard: "",
            help: "Data folder; default: $XDG_DATA_HOME/kintsugi."),
        Setting(
            path: "server.admin_key", environment: "KINTSUGI_ADMIN_KEY", standard: "",
            help: "An admin key that is valid from then on.", isSecret: true),
        Setting(
            path: "server.secret_key", environment: "KINTSUGI_SECRET_KEY", standard: "",
            help: "Seals secrets at rest; default: secret.key in the data folder, made at first start.",
            isSecret: true),
        Setting(
            path: "server.assets", environment: "KINTSUGI_ASSETS", standard: "",
            help:
                "Folder from which the dashboard's files are read at each request; default: those in the binary."
        ),
        Setting(
            path: "server.log_level", environment: "KINTSUGI_LOG_LEVEL", standard: "info",
            help: "trace, debug, info, notice, warning, error or critical."),
        Setting(
            path: "server.log_format", environment: "KINTSUGI_LOG_FORMAT", standard: "text",
            help: "text for people, or json: one object a line, on standard error."),
        Setting(
            path: "server.drain_grace_ms", environment: "KINTSUGI_DRAIN_GRACE_MS", standard: "20000",
            help: "How long running attempts may go on after SIGTERM; at most 25000."),
        Setting(
            path: "database.url", environment: "KINTSUGI_DATABASE", standard: "",
            help: "sqlite:FOLDER; default: the data folder."),
        Setting(
            path: "agents.allow_private", environment: "KINTSUGI_ALLOW_PRIVATE_AGENTS", standard: "",
            help:
                "Whether agents may be at private or loopback addresses; default: only while listening on loopback."
        ),
        Setting(
            path: "agents.allow_networks", environment: "KINTSUGI_ALLOW_NETWORKS", standard: "",
            help: "Networks (CIDR, separated by commas) at which agents may be besides."),
        Setting(
            path: "agents.secret_folder", environment: "KINTSUGI_SECRET_FOLDER", standard: "",
            help: "Folder with secrets for agents, one a file, which `auth` of type bearer_file can name."),
        Setting(
            path: "alerts.critical_amount", environment: "KINTSUGI_CRITICAL_AMOUNT", standard: "100",
            help: "From this amount on the alert of a task with a payment is critical."),
        Setting(
            path: "telemetry.root", environment: "KINTSUGI_TELEMETRY_ROOT", standard: "agrenting",
            help: "First part of the names of telemetry events and of the metrics under it."),
        Setting(
            path: "alerts.critical_amounts", environment: "KINTSUGI_CRITICAL_AMOUNTS", standard: "",
            help: "The same for single currencies, such as JPY=15000,EUR=90."),
    ]

    private(set) var values: [String: (value: String, source: String)] = [:]

    /// - Throws: `CommandFailure` that names the file's unknown or badly formed entry.
    init(
        flags: [String: String?], environment: [String: String] = ProcessInfo.processInfo.environment,
        file: String?
    ) throws {
        for setting in Self.all { values[setting.path] = (setting.standard, "default") }
        if let file = file ?? environment["KINTSUGI_CONFIG"] { try read(file) }
        for setting in Self.all {
            if let value = environment[setting.environment] {
                values[setting.path] = (value, setting.environment)
            } else if let path = environment[setting.environment + "_FILE"] {
                values[setting.path] = (try Self.secret(at: path, setting), setting.environment + "_FILE")
            }
        }
        for case (let path, let value?) in flags { values[path] = (value, "flag") }
    }

    subscript(path: String) -> String { values[path]?.value ?? "" }

    func text(_ path: String) -> String? {
        let value = self[path]
        return value.isEmpty ? nil : value
    }

    func int(_ path: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = Int(self[path]), range.contains(value) else {
            throw CommandFailure(
                description: "\(path) is \"\(self[path])\" (from \(values[path]?.source ?? "nowhere")), "
                    + "but must be a whole number from \(range.lowerBound) to \(range.upperBound).",
                exitCode: 64)
        }
        return value
    }

    func bool(_ path: String) throws -> Bool? {
        switch self[path].lowercased() {
        case "": return nil
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default:
            throw CommandFailure(
                description: "\(path) is \"\(self[path])\", but must be true or false.", exitCode: 64)
        }
    }

    private static func secret(at path: String, _ setting: Setting) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(
                description: "The file \(path), named by \(setting.environment)_FILE, cannot be read.",
                exitCode: 64)
        }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private mutating func read(_ file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(
                description:
                    "The configuration file \(file) cannot be read. Check its name, or leave --config out.",
                exitCode: 64)
        }
        let root: Yams.Node?
        do { root = try Yams.compose(yaml: String(decoding: data, as: UTF8.self)) } catch {
            throw CommandFailure(
                description: "The configuration file \(file) is not YAML: \(error)", exitCode: 64)
        }
        guard let root else { return }
        for (section, node) in root.mapping ?? [:] {
            guard let members = node.mapping else { throw Self.unknown(section.string ?? "?", in: file) }
            for (name, value) in members {
                let path = "\(section.string ?? "?").\(name.string ?? "?")"
                guard values[path] != nil else { throw Self.unknown(path, in: file) }
                let text =
                    value.scalar?.string
                    ?? value.sequence?.compactMap(\.scalar?.string).joined(separator: ",")
                values[path] = (text ?? "", file)
            }
        }
    }

    private static func unknown(_ path: String, in file: String) -> CommandFailure {
        let nearest = all.map(\.path).min { distance($0, path) < distance($1, path) }
        let hint = nearest.map { distance($0, path) <= 5 ? " Did you mean \($0)?" : "" } ?? ""
        return CommandFailure(
            description:
                "\(file) sets \(path), which does not exist.\(hint) `kintsugi config` lists all settings.",
            exitCode: 64)
    }

    /// How many letters must change to make one word of the other.
    ///
    /// - Source: Levenshtein (1966); the two-row form.
    static func distance(_ lhs: String, _ rhs: String) -> Int {
        let right = Array(rhs)
        var row = Array(0...right.count)
        for (i, a) in lhs.enumerated() {
            var previous = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let cost = previous + (a == b ? 0 : 1)
                previous = row[j + 1]
                row[j + 1] = min(cost, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
