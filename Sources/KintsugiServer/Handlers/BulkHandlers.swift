import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Acts on many dead letters or tasks.
enum BulkHandlers {
    @Sendable static func startOnFailedTasks(_ exchange: Exchange) async throws -> Answer {
        try await start(exchange, .deadLetters)
    }

    @Sendable static func startOnTasks(_ exchange: Exchange) async throws -> Answer {
        try await start(exchange, .tasks)
    }

    private static func start(_ exchange: Exchange, _ subject: BulkInput.Subject) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            let input = BulkInput(caller: exchange.caller, isAgent: exchange.isAgent)
            let read = input.read(body, subject, &fields)
            try fields.check()
            guard let (plan, isDry) = read else {
                throw Problem(.malformedRequest, "A bulk act is needed here.")
            }
            if isDry {
                return Answer(.ok, BulkPreviewResource(plan, try await exchange.engine.previewBulk(plan)))
            }
            let render: @Sendable (BulkRecord) -> Answer = { record in
                let location = Paths.filled(Paths.bulkOperation, record.id.description)
                return Answer(.accepted, BulkResource(record), headers: [.location: location])
            }
            let record = try await exchange.engine.startBulk(plan) { keeping.record(render($0)) }
            return keeping.answer ?? render(record)
        }
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let limit = query.limit()
        let before = query.cursor().map { UUID7($0) }
        if before == .some(nil) { query.add("cursor", "must be the next_cursor of the page before") }
        try query.check(["limit", "cursor"])
        let (records, more) = try await exchange.engine.bulks(
            in: exchange.caller.scope, before: before ?? nil, limit: limit)
        let next = more ? records.last.map { Query.cursorText($0.id.description) } : nil
        return Answer(.ok, ListResource(data: records.map { BulkResource($0) }, nextCursor: next))
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        return Answer(.ok, BulkResource(try await exchange.engine.bulk(id, in: exchange.caller.scope)))
    }

    @Sendable static func pause(_ exchange: Exchange) async throws -> Answer {
        try await change(exchange, .pause)
    }
    @Sendable static func resume(_ exchange: Exchange) async throws -> Answer {
        try await change(exchange, .resume)
    }
    @Sendable static func cancel(_ exchange: Exchange) async throws -> Answer {
        try await change(exchange, .cancel)
    }

    private static func change(_ exchange: Exchange, _ change: Engine.BulkChange) async throws -> Answer {
        let id = try exchange.uuid()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            _ = fields.object(body.root, at: "", [])
            try fields.check()
            let render: @Sendable (BulkRecord) -> Answer = { Answer(.ok, BulkResource($0)) }
            let record = try await exchange.engine.changeBulk(
                id, change, actor: exchange.caller.actor, in: exchange.caller.scope
            ) { keeping.record(render($0)) }
            return keeping.answer ?? render(record)
        }
    }
}
