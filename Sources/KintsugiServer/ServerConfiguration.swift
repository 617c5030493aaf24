package import KintsugiCore
package import Logging

/// What the server is told from outside.
package struct ServerConfiguration: Sendable {
    package static let usualPort = 7420

    package var host = "127.0.0.1"
    /// 0 takes a free one.
    package var port = usualPort
    package var serverName = "kintsugi"
    package var maxBodyBytes = 1 << 20
    package var maxHeaderBytes = 16 * 1024
    package var maxTargetBytes = 8 * 1024
    /// Connections on which nothing comes for so long are closed.
    package var idleTimeoutSeconds: Int64 = 75
    /// How long the answer to a request with an idempotency key is kept.
    package var idempotencyRetention: Milliseconds = 86_400_000
    /// What health's rates and times are over.
    package var healthWindow: Milliseconds = 300_000
    /// Where the dashboard's files are read from at each request; nil: those in the binary.
    package var assetFolder: String?
    /// Where browsers find us, when that is not the address they send as Host.
    package var publicURL: String?
    package var version = "0"
    package var startedAt: Timestamp
    package var areSecretsSealed = true
    /// Whether agents' credentials may stand in files.
    package var hasSecretFolder = false
    package var logger: Logger
    /// Whether the engine runs and takes work.
    package var isReady: @Sendable () -> Bool
    /// What is wrong with calling this address, in a sentence; nil: nothing that can be told without resolving it.
    package var addressFault: @Sendable (String) -> String?
    /// What Prometheus reads, in the form that suits this `Accept`; nil: metrics are not kept.
    package var metrics: (@Sendable (_ accept: String?) async throws -> Metrics)?

    package struct Metrics: Sendable {
        package var contentType: String
        package var bytes: [UInt8]

        package init(contentType: String, bytes: [UInt8]) {
            self.contentType = contentType
            self.bytes = bytes
        }
    }

    /// Whether only this machine can reach the server: no proxy is there that has a public address for it.
    package var isLoopback: Bool {
        publicURL == nil && (host == "localhost" || host == "::1" || host.hasPrefix("127."))
    }

    package init(
        startedAt: Timestamp, logger: Logger, isReady: @escaping @Sendable () -> Bool = { true },
        addressFault: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.startedAt = startedAt
        self.logger = logger
        self.isReady = isReady
        self.addressFault = addressFault
    }
}
