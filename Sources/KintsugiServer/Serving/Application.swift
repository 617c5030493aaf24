package import Hummingbird
import HummingbirdCore
package import Kintsugi
package import KintsugiEngine
import Logging
import NIOCore

/// The server as a service: run it in a service group, which also shuts it down gracefully.
///
/// - Parameter onRunning: Gets the port on which it really listens.
package func makeApplication(
    engine: Engine, keys: KeyRing, live: LiveTopics, alerts: AlertDispatcher,
    configuration: ServerConfiguration,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
) -> some ApplicationProtocol {
    let router = makeRouter(
        engine: engine, keys: keys, live: live, alerts: alerts, configuration: configuration)
    // The decoder's own limit is the last resort; below it a request is refused in peace by `Manners`.
    let hardLimit = 4 * (configuration.maxHeaderBytes + configuration.maxTargetBytes)
    let channel = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ParseErrorHandler()],
        idleTimeout: .seconds(configuration.idleTimeoutSeconds),
        httpDecoderConfiguration: .init(
            maxHeaderFieldSize: hardLimit, maxHeaderListSize: hardLimit, maxHeaderFieldCount: 200))
    return Application(
        router: router, server: .http1(configuration: channel),
        configuration: ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port),
            serverName: configuration.serverName,
            backlog: 1024),
        onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? configuration.port) },
        logger: configuration.logger)
}
