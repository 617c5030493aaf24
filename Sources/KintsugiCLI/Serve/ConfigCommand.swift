import ArgumentParser

/// Shows every setting.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show every setting, its value and where the value comes from.")

    @Option(help: "A YAML file with settings.")
    var config: String?

    func run() async throws {
        let settings = try Settings(flags: [:], file: config)
        for setting in Settings.all {
            let (value, source) = settings.values[setting.path] ?? ("", "")
            let shown = setting.isSecret && !value.isEmpty ? "•••" : value
            Terminal.output(
                "\(setting.path) = \(shown.isEmpty ? "–" : shown)  (\(source); \(setting.environment))")
            Terminal.output("    \(setting.help)")
        }
    }
}
