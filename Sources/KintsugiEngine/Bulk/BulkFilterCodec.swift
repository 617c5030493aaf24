import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The stored form of the two filters; members at their default are left out.
extension BulkCodec {
    static func members(of query: DeadLetterQuery, into json: inout JSONWriter) {
        json.optional("user", query.user?.rawValue)
        json.optional("agent", query.agent?.rawValue)
        json.optional("error_type", query.errorType?.rawValue)
        json.optional("task_type", query.taskType)
        json.optional("min_amount", query.minAmount)
        json.optional("group", query.group)
        if let ids = query.ids { json.member("ids", array: ids) { $0.string($1.description) } }
    }

    static func deadLetters(_ node: JSONNode) -> DeadLetterQuery {
        var query = DeadLetterQuery()
        query.statuses = [.pending]
        query.user = node["user"]?.string.map { UserID($0) }
        query.agent = node["agent"]?.string.map { AgentID($0) }
        query.errorType = node["error_type"]?.string.flatMap(ErrorType.init(rawValue:))
        query.taskType = node["task_type"]?.string
        query.minAmount = node["min_amount"]?.string
        query.group = node["group"]?.string
        query.ids = node["ids"]?.array.map { ids in
            ids.compactMap { $0.string.flatMap { UUID7($0) }.map { DeadLetterID($0) } }
        }
        return query
    }

    static func members(of query: TaskQuery, into json: inout JSONWriter) {
        json.optional("user", query.user?.rawValue)
        json.member("statuses", array: query.statuses) { $0.string($1.rawValue) }
        json.optional("type", query.type)
        json.optional("agent", query.agent?.rawValue)
        json.optional("error_type", query.errorType?.rawValue)
        json.member("metadata", array: query.metadata) { json, pair in
            json.array {
                $0.string(pair.key)
                $0.string(pair.value)
            }
        }
        json.optional("created_after", query.createdAfter?.milliseconds)
        json.optional("created_before", query.createdBefore?.milliseconds)
        json.optional("text", query.text)
        json.member("min_attempts", query.minAttempts)
        json.optional("min_amount", query.minAmount)
        if let ids = query.ids { json.member("ids", array: ids) { $0.string($1.description) } }
        json.member("not_statuses", array: query.excluded.statuses) { $0.string($1.rawValue) }
        json.member("not_types", array: query.excluded.types) { $0.string($1) }
        json.member("not_agents", array: query.excluded.agents) { $0.string($1.rawValue) }
        json.member("not_error_types", array: query.excluded.errorTypes) { $0.string($1.rawValue) }
    }

    static func tasks(_ node: JSONNode) -> TaskQuery {
        func texts(_ name: String) -> [String] { (node[name]?.array ?? []).compactMap(\.string) }
        var query = TaskQuery()
        query.user = node["user"]?.string.map { UserID($0) }
        query.statuses = texts("statuses").compactMap(TaskStatus.init(rawValue:))
        query.type = node["type"]?.string
        query.agent = node["agent"]?.string.map { AgentID($0) }
        query.errorType = node["error_type"]?.string.flatMap(ErrorType.init(rawValue:))
        query.metadata = (node["metadata"]?.array ?? []).compactMap { pair in
            guard let pair = pair.array, pair.count == 2, let key = pair[0].string, let value = pair[1].string
            else { return nil }
            return MetadataPair(key: key, value: value)
        }
        query.createdAfter = node.time("created_after")
        query.createdBefore = node.time("created_before")
        query.text = node["text"]?.string
        query.minAttempts = node.whole("min_attempts") ?? 0
        query.minAmount = node["min_amount"]?.string
        query.ids = node["ids"].map { _ in texts("ids").compactMap { UUID7($0).map { TaskID($0) } } }
        query.excluded.statuses = texts("not_statuses").compactMap(TaskStatus.init(rawValue:))
        query.excluded.types = texts("not_types")
        query.excluded.agents = texts("not_agents").map { AgentID($0) }
        query.excluded.errorTypes = texts("not_error_types").compactMap(ErrorType.init(rawValue:))
        return query
    }
}
