import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// Acts on many: recorded first, then done by the run loop, bit by bit.
extension Engine {
    /// What a person does to an operation under way.
    package enum BulkChange: Sendable {
        case pause, resume, cancel
    }

    package typealias BulkSealing = @Sendable (BulkRecord) -> IdempotencyRecord?

    /// Entries whose numbers are read at once to be counted.
    private static let countPage = 5_000
    /// Entries that a dry run shows.
    private static let sampleSize = 10
    /// How often a change is tried while the operation itself moves on.
    private static let maxChanges = 100

    // MARK: Beginning

    /// Records the operation with what matches now; it runs by itself from then on, across restarts.
    package func startBulk(_ plan: BulkPlan, sealing: BulkSealing? = nil) async throws(EngineError)
        -> BulkRecord
    {
        if brain.isDraining { throw .draining }
        if let agent = plan.order.agentID, isGone(agent) { throw .unknownAgent(agent) }
        let before = try await bound(of: plan.target)
        var matched = try await count(plan.target, before: before)
        let unknown = plan.target.named.map { max(0, $0 - matched) } ?? 0
        matched += unknown
        let now = now
        var record = BulkRecord(
            id: newUUID(), plan: plan,
            progress: BulkProgress(
                matched: matched, unknown: unknown, before: before, withCanary: plan.hasCanary),
            createdAt: now, updatedAt: now, version: 1)
        let append = record.append(.bulkStarted, data: record.startData, expecting: 0, at: now)
        _ = try await self.append(AppendUnit(records: [append], idempotency: sealing?(record)))
        record.version = 1
        let id = record.id
        chore { await self.runBulk(id) }
        return record
    }

    /// What the operation would meet now. Changes nothing.
    package func previewBulk(_ plan: BulkPlan) async throws(EngineError) -> BulkRecord.Preview {
        if let agent = plan.order.agentID, isGone(agent) { throw .unknownAgent(agent) }
        let found = try await count(plan.target, before: .max)
        let unknown = plan.target.named.map { max(0, $0 - found) } ?? 0
        var preview = BulkRecord.Preview(
            matched: found + unknown, unknown: unknown, deadLetters: [], tasks: [])
        switch plan.target {
        case .deadLetters(var query):
            query.limit = Self.sampleSize
            let asked = query
            preview.deadLetters = try await reading { () async throws(StoreError) in
                try await store.deadLetters(asked).elements
            }
        case .tasks(var query):
            query.limit = Self.sampleSize
            let asked = query
            preview.tasks = try await reading { () async throws(StoreError) in
                try await store.tasks(asked).elements
            }
        }
        return preview
    }

    func isGone(_ agent: AgentID) -> Bool { registry.agent(agent)?.isDraining ?? true }

    /// One more than the greatest number there is: what comes later is not met.
    private func bound(of target: BulkPlan.Target) async throws(EngineError) -> Int64 {
        var everything = target.unfiltered
        while true {
            let page = try await numbers(everything, limit: 1)
            if let newest = page.elements.first { return newest + 1 }
            guard let next = page.next else { return 1 }
            everything.before = next
        }
    }

    private func count(_ target: BulkPlan.Target, before: Int64) async throws(EngineError) -> Int {
        var target = target
        target.before = PageCursor(before: before)
        var count = 0
        while true {
            let page = try await numbers(target, limit: Self.countPage)
            count += page.elements.count
            guard let next = page.next else { return count }
            target.before = next
        }
    }

    private func numbers(_ target: BulkPlan.Target, limit: Int) async throws(EngineError) -> Page<Int64> {
        switch target {
        case .deadLetters(var query):
            query.limit = limit
            let asked = query
            let page = try await reading { () async throws(StoreError) in
                try await store.deadLetterPlaces(asked)
            }
            return Page(elements: page.elements.map(\.number), next: page.next)
        case .tasks(var query):
            query.limit = limit
            let asked = query
            let page = try await reading { () async throws(StoreError) in try await store.taskNumbers(asked) }
            return Page(elements: page.elements.map(\.rawValue), next: page.next)
        }
    }

    // MARK: Looking and changing

    /// The operation, if the caller may see it.
    package func bulk(_ id: UUID7, in scope: Scope) async throws(EngineError) -> BulkRecord {
        guard let record = try await bulk(id), scope.covers(record.plan.owner) else { throw .notFound }
        return record
    }

    func bulk(_ id: UUID7) async throws(EngineError) -> BulkRecord? {
        try await reading { () async throws(StoreError) in try await store.record(.bulk, id.description) }
            .flatMap(BulkCodec.decode)
    }

    /// Operations begun before this one (nil: all), newest first, and whether there are more.
    package func bulks(in scope: Scope, before id: UUID7?, limit: Int) async throws(EngineError)
        -> (records: [BulkRecord], more: Bool)
    {
        var found: [BulkRecord] = []
        var key = id?.description
        while true {
            let before = key
            let page = try await reading { () async throws(StoreError) in
                try await store.records(.bulk, before: before, limit: 200)
            }
            for record in page.compactMap(BulkCodec.decode) where scope.covers(record.plan.owner) {
                if found.count == limit { return (found, true) }
                found.append(record)
            }
            guard let last = page.last else { return (found, false) }
            key = last.key
        }
    }

    /// Pauses, resumes or cancels; one that is so already stays as it is. `bulkEnded` if it has ended.
    package func changeBulk(
        _ id: UUID7, _ change: BulkChange, actor: String, in scope: Scope, sealing: BulkSealing? = nil
    ) async throws(EngineError) -> BulkRecord {
        for _ in 0..<Self.maxChanges {
            var record = try await bulk(id, in: scope)
            if record.progress.status.isFinal { throw .bulkEnded(record.progress.status) }
            let now = now
            var records: [RecordAppend] = []
            if let event = record.take(change) {
                record.updatedAt = now
                if record.progress.status.isFinal { record.finishedAt = now }
                records = [record.append(event, data: .actor(actor), expecting: record.version, at: now)]
            }
            do {
                _ = try await append(AppendUnit(records: records, idempotency: sealing?(record)))
            } catch .store(.versionConflict) {
                continue
            }
            if case .resume = change { chore { await self.runBulk(id) } }
            return record
        }
        throw .contended
    }
}

extension BulkRecord {
    /// The change's event; nil: it is so already.
    fileprivate mutating func take(_ change: Engine.BulkChange) -> RecordEventType? {
        switch change {
        case .pause: progress.pause() ? .bulkPaused : nil
        case .resume: progress.resume() ? .bulkResumed : nil
        case .cancel: progress.end(.cancelled) ? .bulkEnded : nil
        }
    }

    /// The event and the document as it is now.
    func append(_ event: RecordEventType, data: JSONText, expecting version: Int, at now: Timestamp)
        -> RecordAppend
    {
        RecordAppend(
            kind: .bulk, key: id.description, expectedVersion: version, event: event, data: data, at: now,
            document: BulkCodec.encode(self))
    }

    fileprivate var startData: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("actor", plan.order.actor)
                json.member("action", plan.order.action.rawValue)
                json.member("matched", progress.matched)
                json.optional("reason", plan.order.note)
            })
    }
}

extension BulkPlan.Target {
    /// How many were named one by one; nil: they are found by a filter.
    fileprivate var named: Int? {
        switch self {
        case .deadLetters(let query): query.ids.map { Set($0).count }
        case .tasks(let query): query.ids.map { Set($0).count }
        }
    }

    fileprivate var unfiltered: BulkPlan.Target {
        switch self {
        case .deadLetters: .deadLetters(DeadLetterQuery())
        case .tasks: .tasks(TaskQuery())
        }
    }

    var before: PageCursor? {
        get {
            switch self {
            case .deadLetters(let query): query.before
            case .tasks(let query): query.before
            }
        }
        set {
            switch self {
            case .deadLetters(var query):
                query.before = newValue
                self = .deadLetters(query)
            case .tasks(var query):
                query.before = newValue
                self = .tasks(query)
            }
        }
    }
}
