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

    func note(_ body: Body) throws(Problem) -> String? {
        var fields = Fields(body.bytes)
        let members = fields.object(body.root, at: "", ["note"])
        let note = members.flatMap { fields.text($0, "note", .free(0...2000)) }
        try fields.check()
        return note
    }

    /// Whether the agent is registered and takes new tasks.
    func isAgent(_ id: AgentID) -> Bool { engine.agent(id).map { !$0.isDraining } ?? false }
}
