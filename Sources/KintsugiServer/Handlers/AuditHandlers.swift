import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Who did what to agents, breakers and keys: the history of records. What was done to tasks stands on their timelines.
enum AuditHandlers {
    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let asked = query.words("kind", RecordKind.self)
        // What the server notes down for itself is nobody's act.
        let kinds =
            asked.isEmpty ? RecordKind.allCases.filter { $0 != .notification && $0 != .consumer } : asked
        let limit = query.limit()
        let before = query.numberCursor().map(PageCursor.init(before:))
        try query.check(["kind", "limit", "cursor"])
        let store = exchange.engine.store
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.recordHistory(kinds, before: before, limit: limit)
        }
        return Answer(.ok, json: PageWriter.page(page, number: \.position) { AuditResource($0) })
    }
}
