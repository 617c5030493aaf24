import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

extension Engine {
    /// Where the agent is called; nil: in this process, or there is no such agent.
    package func callbackURL(of id: AgentID) -> String? { registry.agent(id)?.callbackURL }

    /// Every registered agent, by id.
    package var agents: [AgentRecord] { registry.all }

    /// Registers an agent; `agentExists` if its id is taken.
    package func register(_ record: AgentRecord, actor: String, idempotency: IdempotencyRecord? = nil)
        async throws(EngineError) -> AgentRecord
    {
        if registry.agent(record.profile.id) != nil { throw .agentExists(record.profile.id) }
        return try await save(
            record, event: .agentRegistered, actor: actor, expecting: nil, idempotency: idempotency)
    }

    /// Changes an agent; `change` gets the record as it is now.
    package func updateAgent(
        _ id: AgentID, actor: String, ifVersion version: Int? = nil, event: RecordEventType = .agentUpdated,
        change: (inout AgentRecord) -> Void
    ) async throws(EngineError) -> AgentRecord {
        for _ in 0..<Self.maxDecisions {
            guard var record = registry.agent(id) else { throw .notFound }
            if let version, version != record.version { throw .preconditionFailed(version: record.version) }
            let expected = record.version
            change(&record)
            do {
                return try await save(
                    record, event: event, actor: actor, expecting: expected, idempotency: nil)
            } catch .store(.versionConflict) {
                continue
            }
        }
        throw .contended
    }

    /// Removes an agent. While tasks need it: `agentInUse`, or with `drain` it takes no new tasks and is gone
    /// when the last one has ended; then it is returned.
    package func removeAgent(_ id: AgentID, drain: Bool, actor: String) async throws(EngineError)
        -> AgentRecord?
    {
        guard let record = registry.agent(id) else { throw .notFound }
        let needed = try await reading { () async throws(StoreError) in
            try await store.liveCount(agent: id, limit: 1)
        }
        if needed > 0 {
            guard drain else { throw .agentInUse(id) }
            return try await updateAgent(id, actor: actor) { $0.isDraining = true }
        }
        let append = RecordAppend(
            kind: .agent, key: id.rawValue, expectedVersion: record.version, event: .agentDeleted,
            data: .actor(actor), at: now, document: nil)
        _ = try await self.append(AppendUnit(records: [append]))
        registry.remove(id)
        brain.agentRemoved(id)
        return nil
    }

    private func save(
        _ record: AgentRecord, event: RecordEventType, actor: String, expecting version: Int?,
        idempotency: IdempotencyRecord?
    ) async throws(EngineError) -> AgentRecord {
        var record = record
        let now = now
        record.updatedAt = now
        if version == nil { record.createdAt = now }
        let append = RecordAppend(
            kind: .agent, key: record.profile.id.rawValue, expectedVersion: version, event: event,
            data: .actor(actor), at: now, document: AgentCodec.encode(record, seal: configuration.seal))
        _ = try await self.append(AppendUnit(records: [append], idempotency: idempotency))
        let stored = try await reading { () async throws(StoreError) in
            try await store.record(.agent, record.profile.id.rawValue)
        }
        record.version = stored?.version ?? 1
        registry.set(record)
        brain.agentChanged(record.profile)
        return record
    }
}

extension JSONText {
    /// What most events of records have to say: who did it.
    package static func actor(_ actor: String) -> JSONText {
        JSONText(valid: JSONWriter.object { $0.member("actor", actor) })
    }
}
