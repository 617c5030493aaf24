import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// What chains would have made of past failures; changes nothing.
enum SimulationHandlers {
    @Sendable static func ofChain(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let record = try exchange.chain()
        let body = try await exchange.body(required: true)
        var fields = Fields(body.bytes)
        let span = fields.object(body.root, at: "", Span.names).map { Span($0, &fields) }
        try fields.check()
        // A chain is for its owner's failures, an admin's for everybody's; nobody sees more than they may anyhow.
        let ofChain: Scope = record.isShared ? .everyone : .user(record.chain.owner)
        let scope = exchange.caller.isAdmin ? ofChain : exchange.caller.scope
        return try await answer(record.chain, kept: record.chain.id, span, in: scope, exchange)
    }

    /// A chain that is not kept; without `match` and `task_id` it is for every task, as if all named it.
    @Sendable static func ofDraft(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        let caller = exchange.caller
        var span: Span?
        var chain = try await exchange.chain(
            body, id: exchange.engine.newUUID(), version: 1, owner: caller.userID, isShared: caller.isAdmin,
            isDraft: true
        ) { members, fields in span = Span(members, &fields) }
        if chain.match == nil, chain.taskID == nil { chain.match = ChainMatch() }
        return try await answer(chain, kept: nil, span, in: caller.scope, exchange)
    }

    /// How far to look back.
    struct Span {
        static let names = ["since", "limit"]
        var since: Timestamp?
        var limit: Int

        init(_ members: Fields.Members, _ fields: inout Fields) {
            since = fields.time(members, "since")
            if fields.given(members, "since") == nil { fields.add(members, "since", "is required") }
            limit = Int(clamping: fields.whole(members, "limit", 1...1000) ?? 200)
        }
    }

    private static func answer(
        _ chain: FallbackChain, kept id: UUID7?, _ span: Span?, in scope: Scope, _ exchange: Exchange
    ) async throws -> Answer {
        guard let span, let since = span.since else {
            throw Problem(.malformedRequest, "A time to look back to is needed here.")
        }
        let report = try await exchange.engine.simulate(chain, since: since, limit: span.limit, in: scope)
        return Answer(.ok, SimulationResource(report, chain: id, since: since))
    }
}
