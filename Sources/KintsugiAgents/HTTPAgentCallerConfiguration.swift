internal import AsyncHTTPClient
package import NIOCore

/// How agents are called; the defaults suit one node with thousands of calls under way.
package struct HTTPAgentCallerConfiguration: Sendable {
    /// For `user-agent`.
    package var version = "0"
    /// Connections to one address and port; what comes above waits as long as a connection may take.
    package var maxConnectionsPerHost = 1024
    /// For the look-up of a name, for a connection and its TLS, and for the wait for a free connection, each.
    package var connectTimeout = TimeAmount.seconds(5)
    /// How long an unused connection is kept.
    ///
    /// Shorter than the 5 s after which common servers (Node.js, uvicorn) close theirs, because a request
    /// that
    /// crosses such a close on its way is lost without anybody's fault.
    package var idleTimeout = TimeAmount.seconds(4)
    package var bodyLimits = BodyLimits()
    /// How long the addresses of a name are believed.
    package var addressTimeToLive = TimeAmount.seconds(5)
    /// A name whose servers are dead holds one of them for many seconds.
    package var resolverThreads = 16
    /// Names reached by TLS whose connections are kept, see `ClientPool`.
    package var maxPinnedClients = 64
    /// Where agents' secrets stand in files; nil: nowhere.
    package var secretFolder: SecretFolder?
    /// Asks for a name's addresses, and may block.
    package var lookup: @Sendable (_ name: String) throws(LookupError) -> [IPAddress]

    package init(version: String = "0") {
        self.version = version
        lookup = { name throws(LookupError) in try HostResolver.system(name) }
    }

    var clientSettings: HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: connectTimeout),
            connectionPool: .init(
                idleTimeout: idleTimeout, concurrentHTTP1ConnectionsPerHostSoftLimit: maxConnectionsPerHost),
            decompression: .disabled)
        settings.httpVersion = .http1Only
        // Another try is the engine's business: it counts it, shows it and waits for it.
        settings.connectionPool.retryConnectionEstablishment = false
        // We write traceparent ourselves.
        settings.tracing.tracer = nil
        return settings
    }
}
