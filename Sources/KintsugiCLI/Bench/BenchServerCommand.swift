import ArgumentParser
import Foundation

/// The server that the bench measures, in a process of its own; says its address.
struct BenchServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-server", abstract: "A server to be measured.", shouldDisplay: false)

    @Option(help: "The data folder.")
    var data: String

    static func start(data: String) async throws -> (process: ChildProcess, key: String) {
        let process = try await ChildProcess.start("bench-server", "--data", data)
        let key = try String(contentsOfFile: data + "/admin.key", encoding: .utf8)
        return (process, key.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    func run() async throws {
        ChildProcess.endWithParent()
        let settings = try Settings(
            flags: [
                "server.data": data, "server.host": "127.0.0.1", "server.port": "0", "database.url": "",
                "server.public_url": "", "server.admin_key": "", "server.log_level": "critical",
            ], environment: [:], file: nil)
        let composition = try await Composition(settings, logger: try ServeCommand.logger(settings)) {
            Terminal.output($0.url)
        }
        try await composition.run()
    }
}
