public import ArgumentParser

/// The `kintsugi` command.
public struct KintsugiTool: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "kintsugi",
        abstract: "Runs tasks against flaky providers and never loses one.",
        discussion: """
            Start with `kintsugi demo` to see tasks fail and heal, or with `kintsugi serve` for real.
            Every setting can come from a flag, from the environment (KINTSUGI_…) or from a YAML file;
            `kintsugi config` shows them all with where their values come from.
            """,
        version: KintsugiVersion.current,
        subcommands: [
            ServeCommand.self, DemoCommand.self, BenchCommand.self, VerifyCommand.self, ConfigCommand.self,
            DemoAgentCommand.self, BenchServerCommand.self,
        ])

    public init() {}
}

/// The version of this build.
enum KintsugiVersion {
    static let current = "0.1.0"
}
