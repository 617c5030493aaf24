import HTTPTypes
import Hummingbird

/// Where a browser's request comes from, as far as the browser says.
enum Origin: Sendable, Hashable {
    /// Our own page, or the person at the address bar.
    case ours
    case foreign
    /// Nothing is said: no browser of today.
    case untold

    /// `Sec-Fetch-Site` cannot be forged by a page and goes first; `Origin` is for browsers without it.
    /// - Source: W3C Fetch Metadata; OWASP Cross-Site Request Forgery Prevention, "Verifying origin".
    init(secFetchSite: String?, origin: String?, host: String?, publicURL: String?) {
        if let secFetchSite {
            self = secFetchSite == "same-origin" || secFetchSite == "none" ? .ours : .foreign
        } else if let origin {
            let own = [
                host.map { "http://\($0)" }, host.map { "https://\($0)" }, publicURL.map(Self.trimmed),
            ]
            self = own.contains(Self.trimmed(origin)) ? .ours : .foreign
        } else {
            self = .untold
        }
    }

    init(_ request: Request, _ site: Site) {
        self.init(
            secFetchSite: request.headers[.secFetchSite], origin: request.headers[.origin],
            host: request.head.authority, publicURL: site.configuration.publicURL)
    }

    private static func trimmed(_ url: String) -> String {
        (url.hasSuffix("/") ? String(url.dropLast()) : url).lowercased()
    }

    /// A request that a cookie lets in could be another site's doing; reading is harmless, for nobody else sees
    /// the answer.
    static func checkWrite(_ request: Request, _ site: Site) throws(Problem) {
        guard request.method != .get, request.method != .head else { return }
        guard Origin(request, site) != .ours else { return }
        throw Problem(
            .forbidden,
            "With a session's cookie this takes requests only from this server's own pages (Sec-Fetch-Site: "
                + "same-origin, or its Origin). From elsewhere send a key as Authorization: Bearer ks_….")
    }
}
