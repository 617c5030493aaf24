package import KintsugiCore
package import KintsugiVocabulary

/// What those read who go through many.
extension MemoryStore {
    package func tasks(numbered numbers: [TaskNumber]) async throws(StoreError) -> [StoredTask] {
        try read { log in numbers.compactMap { log.task($0) } }
    }

    package func taskNumbers(_ query: TaskQuery) async throws(StoreError) -> Page<TaskNumber> {
        try read { log in
            let page = log.tasks(query)
            return Page(elements: page.elements.map(\.number), next: page.next)
        }
    }

    package func deadLetterPlaces(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetterPlace>
    {
        try read { $0.places(query) }
    }

    package func turnedAway(agent: AgentID, after number: Int64, limit: Int) async throws(StoreError)
        -> [DeadLetterPlace]
    {
        try read { $0.turnedAway(agent: agent, after: number, limit: limit) }
    }

    package func causeGroups(_ query: CauseGroupQuery) async throws(StoreError) -> CauseGroupPage {
        try read { $0.causeGroups(query) }
    }

    package func records(_ kind: RecordKind, before key: String?, limit: Int) async throws(StoreError)
        -> [StoredRecord]
    {
        try read { $0.records(kind, before: key, limit: limit) }
    }

    package func recordEvents(_ kind: RecordKind, _ key: String, after version: Int, limit: Int)
        async throws(StoreError) -> [RecordChange]
    {
        try read { $0.recordEvents(kind, key, after: version, limit: limit) }
    }
}
