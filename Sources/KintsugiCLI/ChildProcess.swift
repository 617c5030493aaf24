import Foundation
import KintsugiVocabulary

/// This binary once more, in a process of its own: an agent as a provider's would be, or a server to be measured.
///
/// It lives as long as we do: it ends when its standard input, a pipe from us, is closed.
///
/// `@unchecked Sendable`: `process` is only touched by `start` and `stop`.
final class ChildProcess: @unchecked Sendable {
    /// What it said when it was ready.
    let greeting: String
    private let process: Process
    private let lifeline: Pipe

    private init(greeting: String, process: Process, lifeline: Pipe) {
        self.greeting = greeting
        self.process = process
        self.lifeline = lifeline
    }

    var identifier: Int32 { process.processIdentifier }

    /// Returns when it has written its first line.
    static func start(_ arguments: String...) async throws -> ChildProcess {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let lifeline = Pipe()
        let output = Pipe()
        process.standardInput = lifeline
        process.standardOutput = output
        try process.run()
        let line = await firstLine(of: output.fileHandleForReading)
        guard !line.isEmpty else {
            throw CommandFailure(
                description: "`kintsugi \(arguments.joined(separator: " "))` ended before it was ready.")
        }
        return ChildProcess(greeting: line, process: process, lifeline: lifeline)
    }

    /// Returns when it is gone, with what it held open.
    func stop() {
        try? lifeline.fileHandleForWriting.close()
        process.terminate()
        process.waitUntilExit()
    }

    /// In the child: ends the process together with the parent's end of the pipe.
    static func endWithParent() {
        Thread.detachNewThread {
            while let data = try? FileHandle.standardInput.read(upToCount: 1), !data.isEmpty {}
            Foundation.exit(0)
        }
    }

    private static func firstLine(of handle: FileHandle) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes: [UInt8] = []
                while let byte = (try? handle.read(upToCount: 1))?.first, byte != UInt8(ascii: "\n") {
                    bytes.append(byte)
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}
