import FoundationEssentials
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How the program talks to a person: data to standard output, talk to standard error.
enum Terminal {
    /// Whether colours may be used there: a terminal, and nobody said no.
    ///
    /// - Source: no-color.org.
    static func usesColour(_ descriptor: Int32 = STDERR_FILENO) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        if let no = environment["NO_COLOR"], !no.isEmpty { return false }
        if let force = environment["FORCE_COLOR"], !force.isEmpty, force != "0" { return true }
        return isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    }

    static func say(_ text: String = "") { write(text + "\n", to: STDERR_FILENO) }

    static func output(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    private static let turn = Mutex(())

    /// Whole, whoever else writes meanwhile.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        turn.withLock { _ in writeAll(bytes[...], to: descriptor) }
    }

    private static func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        var bytes = bytes
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { buffer -> Int in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    Musl.write(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Darwin.write(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}

/// Colours by meaning, not by name.
struct Paint: Sendable {
    let isOn: Bool

    func dim(_ text: String) -> String { wrap(text, "2") }
    func bold(_ text: String) -> String { wrap(text, "1") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func bad(_ text: String) -> String { wrap(text, "31") }
    func warn(_ text: String) -> String { wrap(text, "33") }
    /// The gold of the seam: something that was broken and is mended.
    func gold(_ text: String) -> String { wrap(text, "1;33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// A failure that tells a person what happened, why, and what to do next.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    /// The process's exit code (see `docs/commands.md`).
    var exitCode: Int32 = 1
}
