import ArgumentParser
import Foundation
import KintsugiCore
import KintsugiEngine
import KintsugiServer
import KintsugiVocabulary
import Logging
import NIOCore
import NIOPosix

/// A server with agents that misbehave, and a view of what happens.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch tasks fail and heal: real agents in other processes, a throw-away folder.")

    @Option(help: "The port (default: 7420, or a free one if that is in use).")
    var port: String?

    @Option(help: "Stop by itself after so many seconds; 0: run until Ctrl-C.")
    var seconds = 0

    @Option(help: "Read the dashboard's files from this folder at each request, to work on them.")
    var assets: String?

    func run() async throws {
        let data = NSTemporaryDirectory() + "kintsugi-demo-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: data) }
        let port = try await portToUse()
        let settings = try Settings(
            flags: [
                "server.data": data, "server.host": "127.0.0.1", "server.port": port, "database.url": "",
                "server.public_url": "", "server.admin_key": "", "server.log_level": "critical",
                "server.drain_grace_ms": "500", "agents.allow_private": "true",
                "server.assets": assets,
            ], file: nil)
        let paint = Paint(isOn: Terminal.usesColour())
        Terminal.say("Starting seven agents, each a process of its own …")
        var agents: [DemoAgentKind: ChildProcess] = [:]
        for kind in DemoAgentKind.allCases { agents[kind] = try await DemoAgentCommand.start(kind) }
        defer { for agent in agents.values { agent.stop() } }
        let (listening, whenListening) = AsyncStream.makeStream(of: Never.self)
        let composition = try await Composition(settings, logger: try ServeCommand.logger(settings)) { _ in
            whenListening.finish()
        }
        let narrator = DemoNarrator(paint: paint)
        let commits = narrator.hear(composition.engine)
        let script = DemoScript(
            url: { composition.url }, key: composition.newAdminKey ?? "", agents: agents.mapValues(\.greeting)
        )
        try await withThrowingTaskGroup(of: Bool.self) { group in
            // True: the server has ended, and so does the demo.
            group.addTask {
                try await composition.run()
                return true
            }
            group.addTask {
                // Only then the address is known.
                for await _ in listening {}
                while !composition.engine.isReady { try await Task.sleep(for: .milliseconds(20)) }
                narrator.welcome(composition)
                try await script.play { composition.engine.isReady }
                return false
            }
            if seconds > 0 {
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    await composition.stop()
                    return false
                }
            }
            group.addTask {
                await narrator.tell(commits, of: composition)
                return false
            }
            while try await group.next() == false {}
            group.cancelAll()
            // What they still throw is that they were cancelled.
            while await group.nextResult() != nil {}
        }
        Terminal.say("\nStopped; \(data) is removed.")
    }

    /// The usual port, so that the dashboard's address is the one in the documents; a free one if it is taken.
    private func portToUse() async throws -> String {
        if let port { return port }
        let usual = ServerConfiguration.usualPort
        do {
            let probe = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: usual).get()
            try await probe.close().get()
            return "\(usual)"
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            Terminal.say("Port \(usual) is in use: taking a free one.")
            return "0"
        }
    }
}
