import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Lists of tasks.
enum TaskListHandlers {
    /// Attempts that a row shows when it is asked for them.
    private static let shownAttempts = 20

    private enum Inclusion: String, CaseIterable {
        case attempts
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let inclusions = query.words("include", Inclusion.self)
        let wanted = try taskQuery(&query, exchange)
        guard let wanted else { return Answer(.ok, ListResource<TaskResource>(data: [], nextCursor: nil)) }
        let store = exchange.engine.store
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.tasks(wanted)
        }
        guard inclusions.contains(.attempts) else {
            return Answer(
                .ok, json: PageWriter.page(page, number: \.number.rawValue) { exchange.resource($0.state) })
        }
        return try await withAttempts(page, exchange)
    }

    /// A page of which so many tasks are shown as the store tells the attempts of.
    private static func withAttempts(_ page: Page<StoredTask>, _ exchange: Exchange) async throws -> Answer {
        let store = exchange.engine.store
        let stories = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.attemptStories(of: page.elements, attempts: shownAttempts)
        }
        var told = Page(elements: Array(zip(page.elements, stories)), next: page.next)
        if stories.count < page.elements.count {
            told.next = told.elements.last.map { PageCursor(before: $0.0.number.rawValue) }
        }
        let json = PageWriter.page(told, number: \.0.number.rawValue) { task, story in
            var resource = exchange.resource(task.state)
            resource.attempts = AttemptFold(of: task.state, in: story).attempts
            return resource
        }
        return Answer(.ok, json: json)
    }

    private static let parameters = [
        "status", "type", "agent", "user_id", "error_type", "created_after", "created_before", "q",
        "min_attempts", "min_amount", "not_status", "not_type", "not_agent", "not_error_type", "include",
        "origin", "limit", "cursor",
    ]

    /// What is asked for; nil: only what the caller must not see.
    private static func taskQuery(_ query: inout Query, _ exchange: Exchange) throws(Problem) -> TaskQuery? {
        var wanted = TaskQuery()
        wanted.statuses = query.words("status", TaskStatus.self)
        wanted.type = query.text("type", .word(100))
        wanted.agent = query.text("agent", .slug).map { AgentID($0) }
        let user = query.text("user_id", .userID).map { UserID($0) }
        wanted.errorType = query.word("error_type", ErrorType.self)
        wanted.createdAfter = query.time("created_after")
        wanted.createdBefore = query.time("created_before")
        wanted.text = query.text("q", .free(1...200))
        wanted.isInternal = query.text("origin", .oneOf([TaskOrigin.internal.rawValue])) != nil
        wanted.minAttempts = query.whole("min_attempts", 0...1_000_000).map(Int.init(clamping:)) ?? 0
        wanted.minAmount = query.amount("min_amount")
        wanted.excluded.statuses = query.words("not_status", TaskStatus.self)
        wanted.excluded.types = query.texts("not_type", .word(100))
        wanted.excluded.agents = query.texts("not_agent", .slug).map { AgentID($0) }
        wanted.excluded.errorTypes = query.words("not_error_type", ErrorType.self)
        wanted.limit = query.limit()
        wanted.before = query.numberCursor().map(PageCursor.init(before:))
        wanted.metadata = metadata(&query)
        try query.check(parameters, prefix: "metadata.")
        if let user, !exchange.caller.scope.covers(user) { return nil }
        wanted.user = user ?? exchange.caller.scope.user
        return wanted
    }

    private static func metadata(_ query: inout Query) -> [MetadataPair] {
        let pairs = query.parameters.filter { $0.name.hasPrefix("metadata.") }
        if pairs.count > 10 { query.add("metadata", "may be given at most 10 times") }
        return pairs.map { name, value in
            let key = String(name.dropFirst("metadata.".count))
            if !TaskInput.isMetadataKey(key) { query.add(name, "must name a key of 1 to 64 characters") }
            if let fault = TextRule.free(0...512).fault(value) { query.add(name, fault) }
            return MetadataPair(key: key, value: value)
        }
    }
}
