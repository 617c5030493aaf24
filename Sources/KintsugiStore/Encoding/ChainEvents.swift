import KintsugiCore
import KintsugiVocabulary

/// The stored form of what fallback chains do; the chain itself stands in its first event.
extension EventEncoder {
    static func fallback(_ event: FallbackEvent, into json: inout JSONWriter) {
        json.member("chain_id", event.chainID)
        json.member("step", event.step)
        json.optional("strategy", event.strategy)
        json.optional("message", event.message)
        if let chain = event.chain {
            json.member("name", chain.name)
            json.member("version", chain.version)
            json.member("steps", array: chain.steps) { StepCodec.write($1, into: &$0) }
        }
        json.optional("trigger", event.trigger?.rawValue)
        if let failure = event.failure { self.failure(failure, into: &json) }
        json.optional("agent_id", event.agentID?.rawValue)
        json.optional("due_at", event.due?.milliseconds)
        if !event.skipped.isEmpty { json.member("skipped", array: event.skipped) { $0.int($1) } }
        json.optional("task_id", event.taskID?.description)
    }

    static func resumed(_ resumption: Resumption, into json: inout JSONWriter) {
        json.member("actor", resumption.actor)
        json.optional("note", resumption.note)
        if resumption.answer != .retry { json.member("action", resumption.answer.rawValue) }
        json.optional("agent_id", resumption.agentID?.rawValue)
    }
}

extension EventDecoder {
    func fallback() throws(EventDecodingError) -> FallbackEvent {
        var event = FallbackEvent(
            type: type, chainID: node["chain_id"]?.string ?? "", step: Int(clamping: node["step"]?.int ?? 0),
            strategy: node["strategy"]?.string, message: node["message"]?.string)
        if let steps = node["steps"]?.array {
            event.chain = ChainSnapshot(
                id: event.chainID, name: node["name"]?.string ?? "",
                version: Int(clamping: node["version"]?.int ?? 1),
                steps: steps.compactMap { StepCodec.read($0, in: bytes) })
        }
        event.trigger = node["trigger"]?.string.flatMap(ChainTrigger.init(rawValue:))
        if node["error"] != nil { event.failure = try failure() }
        event.agentID = node["agent_id"]?.string.map { AgentID($0) }
        event.due = node["due_at"]?.int.map(Timestamp.init(milliseconds:))
        event.skipped = (node["skipped"]?.array ?? []).compactMap { $0.int.map { Int(clamping: $0) } }
        event.taskID = node["task_id"]?.string.flatMap { TaskID($0) }
        return event
    }

    func resumption() -> Resumption {
        Resumption(
            node["action"]?.string.flatMap(EscalationAnswer.init(rawValue:)) ?? .retry,
            actor: node["actor"]?.string ?? "", note: node["note"]?.string,
            agentID: node["agent_id"]?.string.map { AgentID($0) })
    }
}
