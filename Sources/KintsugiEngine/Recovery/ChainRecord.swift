package import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// A fallback chain as it is kept.
package struct ChainRecord: Sendable, Hashable {
    package var chain: FallbackChain
    /// Made by an admin: every user's tasks may name it.
    package var isShared: Bool
    package var createdBy: String
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        chain: FallbackChain, isShared: Bool, createdBy: String, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.chain = chain
        self.isShared = isShared
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// The document of a chain's record.
enum ChainCodec {
    static func encode(_ record: ChainRecord) -> JSONText {
        let chain = record.chain
        return JSONText(
            valid: JSONWriter.object(reserving: 512) { json in
                json.member("name", chain.name)
                json.member("enabled", chain.isEnabled)
                if let match = chain.match { json.member("match") { self.match(match, into: &$0) } }
                json.optional("task_id", chain.taskID?.description)
                json.member("steps", array: chain.steps) { StepCodec.write($1, into: &$0) }
                json.member("user_id", chain.owner.rawValue)
                json.member("shared", record.isShared)
                json.member("created_by", record.createdBy)
            })
    }

    private static func match(_ match: ChainMatch, into json: inout JSONWriter) {
        json.optional("task_type", match.taskType)
        json.optional("agent_id", match.agentID?.rawValue)
        json.member("error_types", array: match.errorTypes) { $0.string($1.rawValue) }
        json.optional("min_amount", match.minAmount)
        json.optional("user_id", match.userID?.rawValue)
    }

    /// Nil if it was written by a version that knows more, or by somebody else.
    static func decode(_ record: StoredRecord) -> ChainRecord? {
        let bytes = record.document.bytes
        guard let node = try? JSONNode(parsing: bytes, maxDepth: JSONNode.maxDepth + 8),
            let id = UUID7(record.key), let name = node["name"]?.string, let owner = node["user_id"]?.string,
            let items = node["steps"]?.array
        else { return nil }
        let steps = items.compactMap { StepCodec.read($0, in: bytes) }
        guard steps.count == items.count else { return nil }
        let chain = FallbackChain(
            id: id, name: name, version: record.version, isEnabled: node["enabled"]?.bool ?? true,
            match: node["match"].map(match), taskID: node["task_id"]?.string.flatMap { TaskID($0) },
            steps: steps, owner: UserID(owner))
        return ChainRecord(
            chain: chain, isShared: node["shared"]?.bool ?? false,
            createdBy: node["created_by"]?.string ?? "", createdAt: record.createdAt,
            updatedAt: record.updatedAt)
    }

    private static func match(_ node: JSONNode) -> ChainMatch {
        ChainMatch(
            taskType: node["task_type"]?.string, agentID: node["agent_id"]?.string.map { AgentID($0) },
            errorTypes: (node["error_types"]?.array ?? []).compactMap { $0.string.flatMap(ErrorType.init) },
            minAmount: node["min_amount"]?.string, userID: node["user_id"]?.string.map { UserID($0) })
    }
}
