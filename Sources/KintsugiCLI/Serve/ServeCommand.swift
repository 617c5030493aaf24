import ArgumentParser
import Foundation
import Kintsugi
import KintsugiTelemetry
import Logging

/// API and engine in one process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the API and the engine in one process, on an embedded SQLite store.",
        discussion: """
            At the first start on an empty store an admin key is made, printed once and written to admin.key in the
            data folder. SIGTERM drains: no new attempts, running ones get their grace, exit 0 within 30 seconds.
            """)

    @Option(help: "The data folder (default: $XDG_DATA_HOME/kintsugi).")
    var data: String?

    @Option(help: "The database: sqlite:FOLDER.")
    var database: String?

    @Option(help: "The address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(help: "The port (default: 7420; 0 takes a free one).")
    var port: String?

    @Option(help: "Read the dashboard's files from this folder at each request, to work on them.")
    var assets: String?

    @Option(help: "A YAML file with settings.")
    var config: String?

    func run() async throws {
        let settings = try Settings(
            flags: [
                "server.data": data, "database.url": database, "server.host": host, "server.port": port,
                "server.assets": assets,
            ], file: config)
        let logger = try Self.logger(settings)
        let composition = try await Composition(settings, logger: logger) { composition in
            if settings["server.log_format"] == "json" {
                return logger.notice(
                    "Kintsugi is ready",
                    metadata: ["url": "\(composition.url)", "data": "\(composition.folder.path)"])
            }
            let paint = Paint(isOn: Terminal.usesColour())
            if let key = composition.newAdminKey {
                Terminal.say("Admin key (shown once; also in \(composition.folder.path)/admin.key):")
                Terminal.say("  " + paint.bold("export KINTSUGI_KEY=\(key)"))
            }
            Terminal.output("Kintsugi is ready at \(composition.url) (data in \(composition.folder.path))")
            if let link = composition.makeSignInLink() {
                Terminal.say("Dashboard (opens once, within 15 min): \(link)")
            }
        }
        do { try await composition.run() } catch { throw Self.explained(error, settings) }
    }

    static func logger(_ settings: Settings) throws -> Logger {
        guard let level = Logger.Level(rawValue: settings["server.log_level"]) else {
            throw CommandFailure(
                description: "server.log_level is \"\(settings["server.log_level"])\", but must be one of "
                    + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ") + ".", exitCode: 64)
        }
        var logger: Logger
        switch settings["server.log_format"] {
        case "text": logger = Logger(label: "kintsugi") { StreamLogHandler.standardError(label: $0) }
        case "json":
            logger = Logger(label: "kintsugi") {
                JSONLogHandler(label: $0, now: SystemClock.now) { Terminal.write($0, to: STDERR_FILENO) }
            }
        case let other:
            throw CommandFailure(
                description: "server.log_format is \"\(other)\", but must be text or json.", exitCode: 64)
        }
        logger.logLevel = level
        return logger
    }

    /// What went wrong, and what to do about it.
    private static func explained(_ error: any Error, _ settings: Settings) -> any Error {
        let text = "\(error)"
        if text.contains("EADDRINUSE") || text.contains("Address already in use") {
            return CommandFailure(
                description: "Port \(settings["server.port"]) on \(settings["server.host"]) is in use. "
                    + "Stop what listens there, or choose another one with --port.")
        }
        return error
    }
}
