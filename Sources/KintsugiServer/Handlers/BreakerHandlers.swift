import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// Circuit breakers, one a provider.
enum BreakerHandlers {
    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let page = try PageWriter.page(
            of: exchange.engine.breakers(), by: { (0, $0.provider.rawValue) }, &query
        ) { CircuitBreakerResource($0, forAdmin: exchange.caller.isAdmin) }
        return Answer(.ok, page)
    }

    @Sendable static func open(_ exchange: Exchange) async throws -> Answer {
        try await force(exchange, open: true)
    }
    @Sendable static func close(_ exchange: Exchange) async throws -> Answer {
        try await force(exchange, open: false)
    }

    private static func force(_ exchange: Exchange, open: Bool) async throws -> Answer {
        let name = try exchange.parameter("provider")
        guard TextRule.isSlug(name) else { throw Problem.notFound }
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            var (reason, span): (String?, Milliseconds?)
            if let members = fields.object(body.root, at: "", ["reason", "for_ms"]) {
                reason = fields.text(members, "reason", .free(1...2000), required: true)
                span = fields.whole(members, "for_ms", 1...TaskInput.longest)
            }
            try fields.check()
            let snapshot = try await exchange.engine.forceBreaker(
                ProviderID(name), open: open, for: span, reason: reason ?? "", actor: exchange.caller.actor)
            return try await exchange.keep(
                Answer(.ok, CircuitBreakerResource(snapshot, forAdmin: exchange.caller.isAdmin)), keeping)
        }
    }
}
