import HTTPTypes
import Hummingbird
import KintsugiWire
import Logging

/// What every answer has: errors as problems, the request's id, and headers that keep browsers and caches out.
struct Manners: RouterMiddleware {
    typealias Context = ServerContext

    let configuration: ServerConfiguration
    let paths: PathMethods

    func handle(
        _ request: Request, context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            try checkSize(request)
            response = try await next(request, context)
        } catch {
            response = refusal(error, request, context)
        }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func refusal(_ error: any Error, _ request: Request, _ context: ServerContext) -> Response {
        var problem = Problem(error)
        if problem.type == .notFound, error is HTTPError {
            let methods = paths.methods(of: request.uri.path)
            if !methods.isEmpty {
                problem = Problem(
                    .methodNotAllowed, "This path does not have the method \(request.method.rawValue).")
                problem.allow = methods.map(\.rawValue).joined(separator: ", ")
            }
        }
        if problem.type == .internalError {
            context.logger.error(
                "A request failed.", metadata: ["request.path": "\(request.uri.path)", "error": "\(error)"])
        }
        return problem.response(instance: String(request.uri.path.prefix(2048)), requestID: context.requestID)
    }

    private func checkSize(_ request: Request) throws(Problem) {
        if request.uri.string.utf8.count > configuration.maxTargetBytes {
            throw Problem(.uriTooLong, "The request's target is over \(configuration.maxTargetBytes) bytes.")
        }
        var size = 0
        for field in request.headers { size += field.name.rawName.utf8.count + field.value.utf8.count + 4 }
        if size > configuration.maxHeaderBytes {
            throw Problem(
                .headersTooLarge, "The request's header is over \(configuration.maxHeaderBytes) bytes.")
        }
    }
}
