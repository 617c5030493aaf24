import Foundation
import Synchronization

/// An agent in a process of its own, as a provider's would be: the same binary, started as `demo-agent`.
///
/// It lives as long as we do: it ends when its standard input, a pipe from us, is closed.
///
/// `@unchecked Sendable`: `process` is only touched by `start` and `stop`.
final class AgentProcess: @unchecked Sendable {
    let url: String
    private let process: Process
    private let lifeline: Pipe

    private init(url: String, process: Process, lifeline: Pipe) {
        self.url = url
        self.process = process
        self.lifeline = lifeline
    }

    static func start(kind: DemoAgentKind) async throws -> AgentProcess {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["demo-agent", "--kind", kind.rawValue]
        let lifeline = Pipe()
        let output = Pipe()
        process.standardInput = lifeline
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let line = try await firstLine(of: output.fileHandleForReading)
        guard let port = Int(line) else {
            throw CommandFailure(
                description: "The demo's agent \(kind.rawValue) did not start: it said \"\(line)\".")
        }
        return AgentProcess(url: "http://127.0.0.1:\(port)/", process: process, lifeline: lifeline)
    }

    func stop() {
        try? lifeline.fileHandleForWriting.close()
        process.terminate()
    }

    private static func firstLine(of handle: FileHandle) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
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
