import HTTPTypes
import Hummingbird
import KintsugiWire

/// The dashboard's page and its files, open to everyone: what they show comes from the API.
enum DashboardHandlers {
    /// Nothing from elsewhere, nothing inline, no text that becomes a script; `trusted-types` allows one policy,
    /// because the address of a shared worker must come from one.
    static let contentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types kintsugi"

    @Sendable static func page(_ exchange: Exchange) async throws -> Answer {
        guard let page = exchange.site.dashboard.page else {
            throw Problem(.notFound, "The dashboard's folder has no index.html.")
        }
        let isFixed = exchange.site.dashboard.isFixed
        return answer(page, exchange, caching: isFixed ? "no-cache" : "no-store")
    }

    @Sendable static func asset(_ exchange: Exchange) async throws -> Answer {
        let address = exchange.request.uri.path.dropFirst(Paths.assets.utf8.count)
        guard let asset = exchange.site.dashboard.asset(address) else {
            throw Problem(
                .notFound, "There is no such file in this version of the dashboard: load its page again.")
        }
        let isFixed = exchange.site.dashboard.isFixed
        return answer(
            asset, exchange, caching: isFixed ? "public, max-age=31536000, immutable" : "no-store")
    }

    @Sendable static func icon(_ exchange: Exchange) async throws -> Answer {
        guard let icon = exchange.site.dashboard.icon else { return Answer(.noContent) }
        return answer(icon, exchange, caching: "no-cache")
    }

    private static func answer(_ asset: Asset, _ exchange: Exchange, caching: String) -> Answer {
        let gzip = exchange.acceptsGzip ? asset.gzip : nil
        let etag = asset.etag(isGzip: gzip != nil)
        var headers: HTTPFields = [
            .cacheControl: caching, .eTag: etag, .vary: "Accept-Encoding",
            .contentSecurityPolicy: contentSecurityPolicy, .referrerPolicy: "no-referrer",
            .crossOriginOpenerPolicy: "same-origin",
        ]
        if exchange.isKnown(etag) { return Answer(.notModified, headers: headers) }
        headers[.contentType] = asset.type
        if gzip != nil { headers[.contentEncoding] = "gzip" }
        return Answer(.ok, bytes: gzip ?? asset.bytes, headers: headers)
    }
}

extension Exchange {
    /// Whether the client takes gzip.
    /// - Source: RFC 9110, section 12.5.3.
    var acceptsGzip: Bool {
        var (named, any): (Bool?, Bool?) = (nil, nil)
        for part in request.headers[values: .acceptEncoding].flatMap({ $0.split(separator: ",") }) {
            let pieces = part.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ";")
            let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 }
            let isWanted = (quality ?? 1) > 0
            if pieces.first == "gzip" { named = isWanted }
            if pieces.first == "*" { any = isWanted }
        }
        return named ?? any ?? false
    }
}

extension HTTPField.Name {
    static let referrerPolicy = constant("Referrer-Policy")
    static let crossOriginOpenerPolicy = constant("Cross-Origin-Opener-Policy")
    static let secFetchSite = constant("Sec-Fetch-Site")
}
