import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Bodies of acts on tasks and dead letters.
extension Exchange {
    func cancellation(_ body: Body) throws(Problem) -> TaskCommand {
        var fields = Fields(body.bytes)
        let members = fields.object(body.root, at: "", ["reason"])
        let reason = members.flatMap { fields.text($0, "reason", .free(0...2000)) }
        try fields.check()
        return .cancel(reason: reason, actor: caller.actor)
    }

    func retryRequest(_ body: Body) throws(Problem) -> TaskCommand {
        var fields = Fields(body.bytes)
        var retry = Retry(actor: caller.actor)
        if let members = fields.object(
            body.root, at: "", ["input", "agent_id", "delay_ms", "deadline_at", "reason"])
        {
            retry.input = members.node("input").map { fields.raw($0) }
            retry.agentID = TaskInput.agent(members, &fields, isAgent)
            retry.delay = fields.whole(members, "delay_ms", 0...TaskInput.longest) ?? 0
            retry.deadline = fields.time(members, "deadline_at")
            retry.reason = fields.text(members, "reason", .free(0...2000))
        }
        try fields.check()
        return .retry(retry)
    }

    func verdict(_ body: Body) throws(Problem) -> TaskCommand {
        var fields = Fields(body.bytes)
        var verdict = Verdict(.retry, actor: caller.actor)
        if let members = fields.object(body.root, at: "", ["action", "output", "agent_id", "input", "note"]) {
            let words = [EscalationAnswer.retry, .complete, .fail].map(\.rawValue)
            let action = fields.text(members, "action", .oneOf(words), required: true)
            verdict.answer = action.flatMap(EscalationAnswer.init(rawValue:)) ?? .retry
            verdict.output = members.node("output").map { fields.raw($0) }
            verdict.agentID = TaskInput.agent(members, &fields, isAgent)
            verdict.input = members.node("input").map { fields.raw($0) }
            verdict.note = fields.text(members, "note", .free(0...2000))
            if action != nil { check(verdict, members, &fields) }
        }
        try fields.check()
        return .decide(verdict)
    }

    /// What goes with the action, and what does not.
    private func check(_ verdict: Verdict, _ members: Fields.Members, _ fields: inout Fields) {
        if verdict.answer == .complete {
            if verdict.output == nil { fields.add(members, "output", "is required to complete a task") }
        } else if verdict.output != nil {
            fields.add(members, "output", "goes with the action complete only")
        }
        guard verdict.answer != .retry else { return }
        if verdict.agentID != nil { fields.add(members, "agent_id", "goes with the action retry only") }
        if verdict.input != nil { fields.add(members, "input", "goes with the action retry only") }
    }

    func note(_ body: Body) throws(Problem) -> String? {
        var fields = Fields(body.bytes)
        let members = fields.object(body.root, at: "", ["note"])
        let note = members.flatMap { fields.text($0, "note", .free(0...2000)) }
        try fields.check()
        return note
    }

    /// Whether the agent is registered and takes new tasks.
    func isAgent(_ id: AgentID) -> Bool {
        engine.agent(id).map { !$0.isDraining && $0.kind != .channel } ?? false
    }
}
