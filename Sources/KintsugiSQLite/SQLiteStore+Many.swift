package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// What those read who go through many.
extension SQLiteStore {
    package func tasks(numbered numbers: [TaskNumber]) async throws(StoreError) -> [StoredTask] {
        try await read { snapshot throws(ReadFault) in try snapshot.tasks(numbered: numbers) }
    }

    package func taskNumbers(_ query: TaskQuery) async throws(StoreError) -> Page<TaskNumber> {
        try await read { snapshot throws(ReadFault) in try snapshot.taskNumbers(query) }
    }

    package func deadLetterPlaces(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetterPlace>
    {
        try await read { snapshot throws(ReadFault) in try snapshot.deadLetterPlaces(query) }
    }

    package func turnedAway(agent: AgentID, after number: Int64, limit: Int) async throws(StoreError)
        -> [DeadLetterPlace]
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.turnedAway(agent: agent, after: number, limit: limit)
        }
    }

    package func causeGroups(_ query: CauseGroupQuery) async throws(StoreError) -> CauseGroupPage {
        try await read { snapshot throws(ReadFault) in try snapshot.causeGroups(query) }
    }

    package func records(_ kind: RecordKind, before key: String?, limit: Int) async throws(StoreError)
        -> [StoredRecord]
    {
        try await read { snapshot throws(ReadFault) in try snapshot.records(kind, before: key, limit: limit) }
    }

    package func recordEvents(_ kind: RecordKind, _ key: String, after version: Int, limit: Int)
        async throws(StoreError) -> [RecordChange]
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.recordEvents(kind, key, after: version, limit: limit)
        }
    }
}
