import HTTPTypes
import Hummingbird
import KintsugiVocabulary
import KintsugiWire

/// Doors that are open to everyone.
enum OpenHandlers {
    @Sendable static func live(_ exchange: Exchange) async throws -> Answer {
        Answer(.ok, StatusResource(status: "ok"))
    }

    @Sendable static func ready(_ exchange: Exchange) async throws -> Answer {
        guard exchange.site.configuration.isReady() else {
            throw Problem(.overloaded, "The server takes no work now: it is starting or shutting down.")
        }
        return Answer(.ok, StatusResource(status: "ready"))
    }

    @Sendable static func metrics(_ exchange: Exchange) async throws -> Answer {
        guard let metrics = exchange.site.configuration.metrics else { throw Problem.notFound }
        let told = try await metrics(exchange.header(.accept))
        return Answer(
            .ok, bytes: told.bytes, headers: [.contentType: told.contentType, .cacheControl: "no-store"])
    }

    @Sendable static func openAPI(_ exchange: Exchange) async throws -> Answer {
        let document = OpenAPIDocument.asset
        let gzip = exchange.acceptsGzip ? document.gzip : nil
        let etag = document.etag(isGzip: gzip != nil)
        var headers: HTTPFields = [.eTag: etag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
        if exchange.isKnown(etag) { return Answer(.notModified, headers: headers) }
        headers[.contentType] = document.type
        if gzip != nil { headers[.contentEncoding] = "gzip" }
        return Answer(.ok, bytes: gzip ?? document.bytes, headers: headers)
    }

    @Sendable static func problem(_ exchange: Exchange) async throws -> Answer {
        let slug = try exchange.parameter("slug")
        let wantsJSON = exchange.header(.accept)?.contains("json") ?? false
        guard
            let body = wantsJSON
                ? ProblemPages.json(of: slug) : ProblemPages.html(of: slug).map({ Array($0.utf8) })
        else { throw Problem.notFound }
        var answer = Answer(.ok, json: body)
        if !wantsJSON {
            answer.headers[.contentType] = "text/html; charset=utf-8"
            answer.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        }
        return answer
    }
}
