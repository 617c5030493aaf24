import ArgumentParser

extension KintsugiTool {
    /// Runs the command line and ends the process with its exit code.
    public static func runAndExit() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Terminal.say("kintsugi: \(failure.description)")
            exit(withError: ExitCode(failure.exitCode))
        } catch {
            exit(withError: error)
        }
    }
}
