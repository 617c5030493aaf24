import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension TaskCommand {
    /// The agent that a person names in it.
    var namedAgent: AgentID? {
        switch self {
        case .retry(let retry): retry.agentID
        case .decide(let verdict): verdict.agentID
        default: nil
        }
    }
}

extension TaskAppend {
    /// All that one decision records: its events, and the creation of the tasks that they make.
    static func all(of task: StoredTask, _ events: [TaskEvent], at now: Timestamp, after: TaskState)
        -> [TaskAppend]
    {
        let own = TaskAppend(number: task.number, before: task.state, events: events, at: now, after: after)
        let made = TaskRules.offspring(of: events, from: task.state, to: after)
        guard !made.isEmpty else { return [own] }
        return [own]
            + made.map { id, spec in
                TaskAppend(
                    number: nil, before: nil, events: [.taskCreated(spec)], at: now,
                    after: TaskState(id: id, spec: spec, at: now))
            }
    }
}
