import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// How the engine is. Nothing here costs more when there are more tasks.
enum MonitoringHandlers {
    @Sendable static func health(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let (engine, configuration) = (exchange.engine, exchange.site.configuration)
        let (store, user, now) = (engine.store, exchange.caller.scope.user, exchange.now)
        let from = now + -configuration.healthWindow
        let facts = try await engine.reading { () async throws(StoreError) in
            HealthFacts(
                totals: try await store.totals(of: user),
                activity: try await store.activity(of: user, from: from, to: now + 1),
                oldestPending: try await store.oldestPending(of: user), breakers: engine.breakers(),
                store: try await store.status(), window: configuration.healthWindow,
                node: engine.configuration.node,
                startedAt: configuration.startedAt, areSecretsSealed: configuration.areSecretsSealed,
                forAdmin: exchange.caller.isAdmin)
        }
        var health = HealthResource(facts, at: now)
        if exchange.caller.isAdmin { health.nodes[0].streams = exchange.site.live.openStreams }
        return Answer(.ok, health)
    }

    @Sendable static func deadLetterSummary(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let (store, user) = (exchange.engine.store, exchange.caller.scope.user)
        let totals = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.totals(of: user)
        }
        return Answer(.ok, FailedTaskSummaryResource(totals, oldestPending: nil, at: exchange.now))
    }
}
