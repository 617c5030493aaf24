import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
import Logging

extension Engine {
    /// Chains that one user may have: all of them are held in memory.
    package static let maxChainsOfUser = 1000

    /// Every chain of this scope, in no order.
    package func chains(in scope: Scope) -> [ChainRecord] {
        chainRegistry.all.filter { scope.covers($0.chain.owner) }
    }

    package func chain(_ id: UUID7, in scope: Scope) -> ChainRecord? {
        chainRegistry.chain(id).flatMap { scope.covers($0.chain.owner) ? $0 : nil }
    }

    /// Whether a task of somebody in this scope may name the chain: it is theirs or an admin's.
    package func canName(chain id: UUID7, in scope: Scope) -> Bool {
        chainRegistry.chain(id).map { $0.isShared || scope.covers($0.chain.owner) } ?? false
    }

    /// Records a new chain, or the next version of a known one: `record.chain.version` says which.
    ///
    /// - Throws: `preconditionFailed` if somebody else changed it meanwhile, `notFound` if it is gone,
    ///   `tooManyChains`.
    package func save(_ record: ChainRecord, actor: String, idempotency: IdempotencyRecord? = nil)
        async throws(EngineError)
    {
        let (chain, expected) = (record.chain, record.chain.version - 1)
        if expected == 0, chainRegistry.count(of: chain.owner) >= Self.maxChainsOfUser {
            throw .tooManyChains(chain.owner)
        }
        try await append(
            chain.id, expecting: expected, event: expected == 0 ? .chainCreated : .chainUpdated, actor: actor,
            at: record.updatedAt, document: ChainCodec.encode(record), idempotency: idempotency)
    }

    /// Tasks that run it go on with the steps that they began with.
    package func removeChain(_ record: ChainRecord, actor: String) async throws(EngineError) {
        try await append(
            record.chain.id, expecting: record.chain.version, event: .chainDeleted, actor: actor, at: now,
            document: nil, idempotency: nil)
    }

    private func append(
        _ id: UUID7, expecting version: Int, event: RecordEventType, actor: String, at time: Timestamp,
        document: JSONText?, idempotency: IdempotencyRecord?
    ) async throws(EngineError) {
        let append = RecordAppend(
            kind: .chain, key: id.description, expectedVersion: version, event: event, data: .actor(actor),
            at: time, document: document)
        do throws(EngineError) {
            _ = try await self.append(AppendUnit(records: [append], idempotency: idempotency))
        } catch .store(.versionConflict) {
            guard let current = chainRegistry.chain(id) else { throw .notFound }
            throw .preconditionFailed(version: current.chain.version)
        }
    }

    /// Reads the chains at the start.
    func loadChains() async throws(EngineError) {
        for record in try await reading({ () async throws(StoreError) in try await store.records(.chain) }) {
            if let chain = ChainCodec.decode(record) {
                chainRegistry.set(chain)
            } else {
                logger.error("A fallback chain cannot be read", metadata: ["chain.id": "\(record.key)"])
            }
        }
    }
}
