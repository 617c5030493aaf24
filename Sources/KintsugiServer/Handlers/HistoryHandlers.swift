import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// What has happened to a task: its timeline and its attempts.
enum HistoryHandlers {
    /// Events read at once.
    private static let chunk = 200

    @Sendable static func timeline(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.taskID()
        var query = exchange.query
        let types = Set(query.words("type", EventType.self))
        let severity = query.word("severity", Severity.self) ?? .info
        let after = query.whole("after", 0...Int64.max) ?? 0
        let limit = query.limit()
        let cursor = query.numberCursor() ?? 0
        try query.check(["type", "severity", "after", "limit", "cursor"])
        let task = try await exchange.engine.task(id, in: exchange.caller.scope)
        let etag = ETag.text(task.state.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }

        let from = max(after, cursor)
        var fold = TimelineFold(of: id)
        var page = RowPage(limit: limit)
        try await eachEvent(of: task, exchange) { event, following in
            let isWanted =
                event.seq > from && event.event.severity >= severity
                && (types.isEmpty || types.contains(event.event.type))
            guard isWanted else {
                fold.skip(event)
                return true
            }
            return page.take(event.seq) { fold.row(event, following: following) }
        }
        return Answer(.ok, json: page.json, headers: [.eTag: etag])
    }

    @Sendable static func attempts(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.taskID()
        var query = exchange.query
        let limit = query.limit()
        let cursor = query.numberCursor() ?? 0
        try query.check(["limit", "cursor"])
        let task = try await exchange.engine.task(id, in: exchange.caller.scope)
        let etag = ETag.text(task.state.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }

        var fold = AttemptFold(of: id)
        try await eachEvent(of: task, exchange) { event, _ in
            fold.take(event)
            return true
        }
        let rest = fold.attempts.drop { $0.number <= cursor }
        let shown = Array(rest.prefix(limit))
        let next = rest.count > limit ? shown.last.map { Query.cursorText(String($0.number)) } : nil
        return Answer(.ok, ListResource(data: shown, nextCursor: next), headers: [.eTag: etag])
    }

    /// Hands over every event up to the version that was loaded, oldest first, each with those that follow it
    /// closely; stops when `body` says false. Only a chunk is in memory at a time.
    private static func eachEvent(
        of task: StoredTask, _ exchange: Exchange,
        _ body: (RecordedEvent, ArraySlice<RecordedEvent>) -> Bool
    ) async throws {
        var buffer: [RecordedEvent] = []
        var read = 0
        var isAtEnd = false
        while true {
            if !isAtEnd {
                let after = read
                let events = try await exchange.engine.reading { () async throws(StoreError) in
                    try await exchange.engine.store.timeline(task.number, after: after, limit: chunk)
                }.filter { $0.seq <= task.state.version }
                buffer += events
                read = events.last?.seq ?? read
                isAtEnd = events.isEmpty || read >= task.state.version
            }
            // The last two wait for what may follow them in the same append.
            let ready = isAtEnd ? buffer.count : max(0, buffer.count - 2)
            for index in 0..<ready {
                if !body(buffer[index], buffer[(index + 1)...].prefix(2)) { return }
            }
            buffer.removeFirst(ready)
            if isAtEnd { return }
        }
    }
}

/// A page of timeline rows as it grows.
private struct RowPage {
    let limit: Int
    private var rows: [TimelineEventResource] = []
    private var bytes = 0
    private var hasMore = false

    init(limit: Int) { self.limit = limit }

    /// Takes a row in; false: the page is full.
    mutating func take(_ seq: Int, _ row: () -> TimelineEventResource) -> Bool {
        guard rows.count < limit, bytes < PageWriter.maxBytes else {
            hasMore = true
            return false
        }
        let row = row()
        bytes += row.data.bytes.count
        rows.append(row)
        return true
    }

    var json: [UInt8] {
        let next = hasMore ? rows.last.map { Query.cursorText(String($0.seq)) } : nil
        return ListResource(data: rows, nextCursor: next).json
    }
}
