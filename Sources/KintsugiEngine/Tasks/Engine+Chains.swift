package import KintsugiCore
import KintsugiStore
package import KintsugiVocabulary

extension Engine {
    /// The fallback chains that tasks can run now.
    package var chains: ChainBook { brain.chains }

    /// Lets tasks run this chain from now on; who does already goes on with the chain as it was.
    ///
    /// In memory only: whoever makes chains durable calls it after the commit, and for each of them at start.
    package func setChain(_ chain: FallbackChain) { brain.chainChanged(chain) }

    package func removeChain(_ id: UUID7) { brain.chainRemoved(id) }
}

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
    static func all(of task: StoredTask, _ events: [TaskEvent], at now: Timestamp, after: TaskState) -> [TaskAppend] {
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
