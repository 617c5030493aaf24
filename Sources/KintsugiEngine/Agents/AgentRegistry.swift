import KintsugiCore
import KintsugiVocabulary
import Synchronization

/// The registered agents, in memory: what the store holds as records, opened.
final class AgentRegistry: Sendable {
    private let agents = Mutex<[AgentID: AgentRecord]>([:])

    func agent(_ id: AgentID) -> AgentRecord? { agents.withLock { $0[id] } }
    var all: [AgentRecord] {
        agents.withLock { $0.values.sorted { $0.profile.id.rawValue < $1.profile.id.rawValue } }
    }
    func set(_ record: AgentRecord) { agents.withLock { $0[record.profile.id] = record } }
    func remove(_ id: AgentID) { agents.withLock { $0[id] = nil } }
}
