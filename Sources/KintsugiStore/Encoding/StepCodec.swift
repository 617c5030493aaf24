package import KintsugiCore
package import KintsugiVocabulary

/// A chain's step as it is stored, in events and in the chain's own record: the strategy with its parameters.
package enum StepCodec {
    package static func write(_ step: FallbackStep, into json: inout JSONWriter) {
        json.object { json in
            json.member("strategy", step.strategy.rawValue)
            parameters(of: step.way, into: &json)
            if !step.errorTypes.isEmpty {
                json.member("when") {
                    $0.member("error_types", array: step.errorTypes.map(\.rawValue)) { $0.string($1) }
                }
            }
        }
    }

    /// The strategy's parameters alone.
    package static func parameters(of way: FallbackStep.Way, into json: inout JSONWriter) {
        switch way {
        case .retry(let attempts, let delay):
            json.member("max_attempts", attempts)
            json.member("delay_ms", delay)
        case .waitAndRetry(let delay): json.optional("delay_ms", delay)
        case .switchAgent(let agent): json.optional("agent_id", agent?.rawValue)
        case .increaseTimeout(let factor, let max):
            json.member("factor", factor)
            json.optional("max_ms", max)
        case .refreshCredentials: break
        case .modifyInput(let patch): json.member("patch", json: patch)
        case .useOutput(let output): json.member("output", json: output)
        case .compensate(let task): json.member("task") { compensation(task, into: &$0) }
        case .notify(let message): json.optional("message", message)
        case .escalate(let message, let timeout, let then):
            json.optional("message", message)
            json.optional("timeout_ms", timeout)
            json.member("then", then.rawValue)
        case .discard(let note): json.optional("note", note)
        }
    }

    private static func compensation(_ task: Compensation, into json: inout JSONWriter) {
        json.member("type", task.type)
        json.optional("agent_id", task.agentID?.rawValue)
        json.optional("capability", task.capability)
        json.optional("input", json: task.input)
        if task.priority != 0 { json.member("priority", task.priority) }
        json.optional("timeout_ms", task.timeout)
    }

    /// The step that was written so; nil if it is of a strategy that this version does not know.
    ///
    /// - Parameter bytes: The text that the node was read from.
    package static func read(_ node: JSONNode, in bytes: [UInt8]) -> FallbackStep? {
        guard let strategy = node["strategy"]?.string.flatMap(Strategy.init(rawValue:)) else { return nil }
        func json(_ node: JSONNode?) -> JSONText? { node.map { JSONText(valid: Array(bytes[$0.range])) } }
        let way: FallbackStep.Way
        switch strategy {
        case .retry:
            way = .retry(
                maxAttempts: Int(clamping: node["max_attempts"]?.int ?? 1),
                delay: node["delay_ms"]?.int ?? 0)
        case .waitAndRetry: way = .waitAndRetry(delay: node["delay_ms"]?.int)
        case .switchAgent: way = .switchAgent(node["agent_id"]?.string.map { AgentID($0) })
        case .increaseTimeout:
            way = .increaseTimeout(factor: node["factor"]?.double ?? 2, max: node["max_ms"]?.int)
        case .refreshCredentials: way = .refreshCredentials
        case .modifyInput: way = .modifyInput(patch: json(node["patch"]) ?? .null)
        case .useOutput: way = .useOutput(json(node["output"]) ?? .null)
        case .compensate:
            guard let task = node["task"], let type = task["type"]?.string else { return nil }
            way = .compensate(
                Compensation(
                    type: type, agentID: task["agent_id"]?.string.map { AgentID($0) },
                    capability: task["capability"]?.string, input: json(task["input"]),
                    priority: Int(clamping: task["priority"]?.int ?? 0), timeout: task["timeout_ms"]?.int))
        case .notify: way = .notify(message: node["message"]?.string)
        case .escalate:
            way = .escalate(
                message: node["message"]?.string, timeout: node["timeout_ms"]?.int,
                then: node["then"]?.string.flatMap(EscalationEnd.init(rawValue:)) ?? .fail)
        case .discard: way = .discard(note: node["note"]?.string)
        }
        let types = (node["when"]?["error_types"]?.array ?? []).compactMap { $0.string }
        return FallbackStep(way, when: types.compactMap(ErrorType.init(rawValue:)))
    }
}
