import ArgumentParser
import KintsugiSQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Rebuilds every projection from the events and compares.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Rebuild every projection from the events of a data folder and compare. The server must not run.")

    @Option(help: "The data folder.")
    var data: String?

    @Option(help: "A YAML file with settings.")
    var config: String?

    func run() async throws {
        let settings = try Settings(flags: ["server.data": data], file: config)
        let store = try openStore(try DataFolder(settings))
        let report = try await store.verify()
        await store.close()
        for problem in report.problems { Terminal.output("✗ \(problem)") }
        let hidden = report.problemCount - report.problems.count
        if hidden > 0 { Terminal.output("… and \(hidden) more") }
        Terminal.output(
            "\(report.tasks) tasks, \(report.events) events: "
                + (report.isSound
                    ? "every projection equals the fold of its events." : "\(report.problemCount) problems."))
        if !report.isSound { throw ExitCode(1) }
    }
}

/// Opens the store of a data folder, or says what is in the way and what to do.
func openStore(_ folder: DataFolder) throws -> SQLiteStore {
    do { return try SQLiteStore.open(folder: folder.path, node: "kintsugi (process \(getpid()))") } catch {
        throw CommandFailure(description: "The store in \(folder.path) cannot be opened: \(error)")
    }
}
