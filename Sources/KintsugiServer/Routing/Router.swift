import HTTPTypes
package import Hummingbird
package import KintsugiEngine

/// What Hummingbird carries along with a request; ours adds nothing to it.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage

    package init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}

/// The API as routes, to be served by `makeApplication` or mounted by an app of its own.
package func makeRouter(engine: Engine, keys: KeyRing, configuration: ServerConfiguration) -> Router<
    ServerContext
> {
    let site = Site(engine: engine, keys: keys, configuration: configuration)
    let router = Router(context: ServerContext.self)
    router.add(middleware: Manners(configuration: configuration, paths: PathMethods(Routes.all)))
    for route in Routes.all {
        router.on(RouterPath(route.path), method: route.method) { request, context in
            let now = site.engine.now
            let caller = try route.admit(request, site, at: now)
            let exchange = Exchange(
                site: site, request: request, parameters: context.parameters, caller: caller, now: now)
            return try await route.handler(exchange).response
        }
    }
    return router
}
