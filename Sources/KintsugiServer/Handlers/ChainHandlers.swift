import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Fallback chains.
enum ChainHandlers {
    @Sendable static func create(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            let caller = exchange.caller
            let chain = try await exchange.chain(
                body, id: exchange.engine.newUUID(), version: 1, owner: caller.userID,
                isShared: caller.isAdmin)
            let record = ChainRecord(
                chain: chain, isShared: caller.isAdmin, createdBy: caller.actor, createdAt: exchange.now,
                updatedAt: exchange.now)
            var answer = shown(.created, record, ChainFigures())
            answer.headers[.location] = Paths.filled(Paths.fallbackChain, chain.id.description)
            try await exchange.engine.save(
                record, actor: caller.actor, idempotency: keeping.record(answer))
            return answer
        }
    }

    private static func shown(
        _ status: HTTPResponse.Status, _ record: ChainRecord, _ figures: ChainFigures
    ) -> Answer {
        Answer(
            status, ChainResource(record, figures), headers: [.eTag: ETag.text(record.chain.version)])
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var page = try PageWriter.page(
            of: exchange.engine.chains(in: exchange.caller.scope),
            by: { (-$0.createdAt.milliseconds, $0.chain.id.description) }, &query
        ) { ChainResource($0, ChainFigures()) }
        let figures = try await exchange.figures(of: page.data.compactMap { UUID7($0.id) })
        for (index, figures) in figures.enumerated() { page.data[index].stats = ChainStatsResource(figures) }
        return Answer(.ok, page)
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let record = try exchange.chain()
        let etag = ETag.text(record.chain.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }
        return shown(.ok, record, try await exchange.figures(of: [record.chain.id])[0])
    }

    @Sendable static func replace(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let old = try exchange.chain(toChange: true)
        try exchange.checkMatch(old.chain.version)
        let body = try await exchange.body(required: true)
        var record = old
        record.chain = try await exchange.chain(
            body, id: old.chain.id, version: old.chain.version + 1, owner: old.chain.owner,
            isShared: old.isShared)
        record.updatedAt = exchange.now
        try await exchange.engine.save(record, actor: exchange.caller.actor)
        return shown(.ok, record, try await exchange.figures(of: [record.chain.id])[0])
    }

    @Sendable static func remove(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let record = try exchange.chain(toChange: true)
        try exchange.checkMatch(record.chain.version)
        try await exchange.engine.removeChain(record, actor: exchange.caller.actor)
        return Answer(.noContent)
    }
}

extension Exchange {
    /// The chain that the path names, if it is the caller's to see.
    ///
    /// - Parameter toChange: a user can have keys of several roles: what an admin's key has made for everybody, a key
    ///   of a lower role must not change.
    func chain(toChange: Bool = false) throws(Problem) -> ChainRecord {
        guard let id = UUID7(try parameter("id")), let record = engine.chain(id, in: caller.scope) else {
            throw .notFound
        }
        if toChange, record.isShared, !caller.isAdmin {
            throw Problem(
                .forbidden, "This chain was made with an admin's key, and only such a key may change it.")
        }
        return record
    }

    func figures(of chains: [UUID7]) async throws -> [ChainFigures] {
        let store = engine.store
        return try await engine.reading { () async throws(StoreError) in try await store.chainFigures(chains)
        }
    }
}
