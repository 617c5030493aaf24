import HTTPTypes
package import Hummingbird
package import Kintsugi
package import KintsugiEngine
import Logging

/// What Hummingbird carries along with a request.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Names the request in the log and in its answer.
    let requestID: String
    /// The address of the other end; of a proxy's, if there is one before us.
    let peer: String

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        // Not every log handler keeps metadata.
        let logged = source.logger[metadataKey: "hb.request.id"].map { "\($0)" }
        requestID = logged ?? RequestID().description
        peer = source.channel.remoteAddress?.ipAddress ?? ""
    }
}

/// The API as routes, to be served by `makeApplication` or mounted by an app of its own.
package func makeRouter(
    engine: Engine, keys: KeyRing, live: LiveTopics, alerts: AlertDispatcher,
    configuration: ServerConfiguration
) -> Router<ServerContext> {
    let site = Site(
        engine: engine, keys: keys, live: live, alerts: alerts, configuration: configuration)
    let router = Router(context: ServerContext.self)
    router.add(middleware: Manners(configuration: configuration, paths: PathMethods(Routes.served)))
    for route in Routes.served {
        router.on(RouterPath(route.path), method: route.method) { request, context in
            let now = site.engine.now
            let caller = try route.admit(request, site, at: now)
            let exchange = Exchange(
                site: site, request: request, parameters: context.parameters, caller: caller,
                peer: context.peer, now: now)
            return try await route.handler(exchange).response
        }
    }
    return router
}
