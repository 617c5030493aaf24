package import KintsugiCore
import KintsugiVocabulary
package import Logging

/// One JSON object a line: `time`, `level`, `message`, `logger`, then the metadata under its own names.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel = Logger.Level.info
    private let label: String
    private let now: @Sendable () -> Timestamp
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: Gets one whole line with its end; may be called by several threads at once.
    package init(
        label: String, now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.label = label
        self.now = now
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        var line = JSONWriter.object { json in
            json.member("time", now().rfc3339)
            json.member("level", event.level.rawValue)
            json.member("message", event.message.description)
            json.member("logger", label)
            for (key, value) in all.sorted(by: { $0.key < $1.key }) {
                json.key(text: Self.own.contains(key) ? "_" + key : key)
                Self.write(value, to: &json)
            }
        }
        line.append(UInt8(ascii: "\n"))
        write(line)
    }

    private static let own: Set<String> = ["time", "level", "message", "logger"]

    private static func write(_ value: Logger.Metadata.Value, to json: inout JSONWriter) {
        switch value {
        case .string(let text): json.string(text)
        case .stringConvertible(let value): json.string(value.description)
        case .array(let values): json.array(of: values) { json, value in write(value, to: &json) }
        case .dictionary(let pairs):
            json.object { json in
                for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
                    json.key(text: key)
                    write(value, to: &json)
                }
            }
        }
    }
}
