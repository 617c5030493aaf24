import KintsugiCore
import KintsugiVocabulary

/// Reads one step of a fallback chain.
struct StepInput {
    /// Whether an agent with this id takes tasks.
    let isAgent: (AgentID) -> Bool

    /// The parameters of all strategies, each once.
    private static let parameterNames = Strategy.allCases.flatMap(\.parameters).map(\.name)
        .reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }

    /// Nil only if there are faults.
    func read(_ node: JSONNode, at pointer: String, _ fields: inout Fields) -> FallbackStep? {
        let names = ["strategy", "when"] + Self.parameterNames
        guard let members = fields.object(node, at: pointer, names) else { return nil }
        let before = fields.faults.count
        let when = Self.errorTypes(members, &fields)
        guard let strategy = fields.word(members, "strategy", Strategy.self, required: true) else {
            return nil
        }
        let known = strategy.parameters.map(\.name)
        for name in Self.parameterNames where members.node(name) != nil && !known.contains(name) {
            let has = known.isEmpty ? "has none" : "has \(known.joined(separator: ", "))"
            fields.add(members, name, "is not a parameter of \(strategy.rawValue), which \(has)")
        }
        let way = way(strategy, members, &fields)
        return fields.faults.count == before ? way.map { FallbackStep($0, when: when) } : nil
    }

    private static func errorTypes(_ members: Fields.Members, _ fields: inout Fields) -> [ErrorType] {
        guard let when = fields.object(members, "when", ["error_types"]) else { return [] }
        return fields.words(when, "error_types", ErrorType.self, 1...ErrorType.allCases.count, required: true)
    }

    private func way(_ strategy: Strategy, _ members: Fields.Members, _ fields: inout Fields)
        -> FallbackStep.Way?
    {
        func whole(_ name: String) -> Int64? {
            guard case .whole(let range)? = strategy.parameter(name)?.kind else { return nil }
            return fields.whole(members, name, range)
        }
        func text(_ name: String) -> String? {
            guard case .text(let length)? = strategy.parameter(name)?.kind else { return nil }
            return fields.text(members, name, .free(0...length))
        }
        switch strategy {
        case .retry:
            return .retry(
                maxAttempts: Int(clamping: whole("max_attempts") ?? 1), delay: whole("delay_ms") ?? 0)
        case .waitAndRetry: return .waitAndRetry(delay: whole("delay_ms"))
        case .switchAgent: return .switchAgent(TaskInput.agent(members, &fields, isAgent))
        case .increaseTimeout:
            var factor: Double?
            if case .number(let range)? = strategy.parameter("factor")?.kind {
                factor = fields.number(members, "factor", range)
            }
            return .increaseTimeout(factor: factor ?? 2, max: whole("max_ms"))
        case .refreshCredentials: return .refreshCredentials
        case .modifyInput:
            return json(members, "patch", mayBeNull: false, &fields).map { .modifyInput(patch: $0) }
        case .useOutput: return json(members, "output", mayBeNull: true, &fields).map { .useOutput($0) }
        case .compensate: return compensation(members, &fields).map { .compensate($0) }
        case .notify: return .notify(message: text("message"))
        case .escalate:
            return .escalate(
                message: text("message"), timeout: whole("timeout_ms"),
                then: fields.word(members, "then", EscalationEnd.self) ?? .fail)
        case .discard: return .discard(note: text("note"))
        }
    }

    private func json(
        _ members: Fields.Members, _ name: String, mayBeNull: Bool, _ fields: inout Fields
    ) -> JSONText? {
        guard let node = members.node(name) else {
            fields.add(members, name, "is required")
            return nil
        }
        if node.isNull, !mayBeNull {
            fields.add(members, name, "must not be null")
            return nil
        }
        return fields.raw(node)
    }

    private func compensation(_ members: Fields.Members, _ fields: inout Fields) -> Compensation? {
        let names = ["type", "agent_id", "capability", "input", "priority", "timeout_ms"]
        guard fields.given(members, "task") != nil else {
            fields.add(members, "task", "is required")
            return nil
        }
        guard let task = fields.object(members, "task", names) else { return nil }
        let type = TaskInput.type(task, &fields)
        let priority = fields.whole(task, "priority", TaskInput.priorities) ?? 0
        return Compensation(
            type: type ?? "", agentID: TaskInput.agent(task, &fields, isAgent),
            capability: fields.text(task, "capability", .word(100)),
            input: fields.given(task, "input").map { fields.raw($0) }, priority: Int(clamping: priority),
            timeout: fields.whole(task, "timeout_ms", 1...TaskInput.day))
    }
}
