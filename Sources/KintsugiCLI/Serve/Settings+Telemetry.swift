import Foundation
import KintsugiTelemetry

extension Settings {
    /// - Throws: `CommandFailure` that names a variable of OpenTelemetry's that is wrong.
    static func traces(node: String) throws -> TraceSettings? {
        do throws(TraceSettings.Fault) {
            return try TraceSettings(
                ProcessInfo.processInfo.environment, name: "kintsugi", version: KintsugiVersion.current,
                node: node)
        } catch {
            throw CommandFailure(
                description: "\(error.variable) is \"\(error.value)\", but \(error.rule).", exitCode: 64)
        }
    }

    /// - Throws: `CommandFailure` if it could not stand in a metric's name.
    func telemetryRoot() throws -> String {
        let root = self["telemetry.root"]
        guard let first = root.utf8.first, (97...122).contains(first),
            root.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 })
        else {
            throw CommandFailure(
                description:
                    "telemetry.root is \"\(root)\", but must be lower-case letters, digits and underscores, a letter first.",
                exitCode: 64)
        }
        return root
    }
}
