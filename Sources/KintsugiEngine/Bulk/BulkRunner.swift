import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Logging

extension Engine {
    /// Runs the operation as far as it goes: to its end, to a pause, or until the shutdown.
    func runBulk(_ id: UUID7) async {
        guard bulksAtWork.begin(id) else { return }
        repeat { await BulkRunner(engine: self, id: id).run() } while bulksAtWork.end(id)
    }

    /// Goes on with what a process before this one left.
    func resumeBulks() async throws(EngineError) {
        var key: String?
        while true {
            let before = key
            let page = try await reading { () async throws(StoreError) in
                try await store.records(.bulk, before: before, limit: 200)
            }
            for record in page.compactMap(BulkCodec.decode) where record.progress.status == .running {
                chore { await self.runBulk(record.id) }
            }
            guard let last = page.last else { return }
            key = last.key
        }
    }
}

/// Performs one operation on many: acts and progress in one append, so that a process that dies at any point goes
/// on exactly where it was and acts on nothing twice.
struct BulkRunner {
    let engine: Engine
    let id: UUID7

    /// Acts in one append: enough for speed, few enough for others to get their turn between two.
    static let maxBatch = 100
    /// Between two looks at the tasks of a canary.
    private static let watchPause = Duration.milliseconds(200)
    /// After something went wrong that may pass, such as a full disk.
    private static let faultPause = Duration.seconds(1)
    /// Events of the operation that are looked through at once for the tasks of a canary.
    private static let watchPage = 20

    func run() async {
        while !engine.brain.isDraining {
            do throws(EngineError) {
                guard try await step() else { return }
            } catch {
                switch error {
                case .store(.closed), .store(.outcomeUnknown): return
                case .store(.versionConflict): continue
                default: break
                }
                engine.logger.error(
                    "A bulk operation waits", metadata: ["bulk.id": "\(id)", "error": "\(error)"])
                guard (try? await Task.sleep(for: Self.faultPause)) != nil else { return }
            }
        }
    }

    /// One step; false: there is no next one.
    private func step() async throws(EngineError) -> Bool {
        guard var record = try await engine.bulk(id), record.progress.status == .running else { return false }
        let old = record.progress
        try await watch(&record)
        switch record.progress.next(batch: batchSize(record.plan)) {
        case .act(let count): return try await act(record, atMost: count)
        case .wait:
            if record.progress != old { try await save(record, .bulkAdvanced, data: .actor("system")) }
            return (try? await Task.sleep(for: Self.watchPause)) != nil
        case .end(let status):
            guard record.progress.end(status) else { return false }
            record.finishedAt = engine.now
            try await save(record, .bulkEnded, data: .actor("system"))
            return false
        }
    }

    private func batchSize(_ plan: BulkPlan) -> Int {
        plan.maxPerSecond.map { min(Self.maxBatch, max(1, $0 / 4)) } ?? Self.maxBatch
    }

    private func save(_ record: BulkRecord, _ event: RecordEventType, data: JSONText)
        async throws(EngineError)
    {
        var record = record
        record.updatedAt = engine.now
        let append = record.append(event, data: data, expecting: record.version, at: record.updatedAt)
        _ = try await engine.append(AppendUnit(records: [append]))
    }

    // MARK: Watching

    /// Sees how the tasks of the canary end, an event of ours after the other.
    private func watch(_ record: inout BulkRecord) async throws(EngineError) {
        guard let canary = record.progress.canary, canary.waiting > 0 else { return }
        let (store, key, version) = (engine.store, id.description, canary.watchedVersion)
        let changes = try await engine.reading { () async throws(StoreError) in
            try await store.recordEvents(.bulk, key, after: version, limit: Self.watchPage)
        }
        for change in changes {
            let tasks = BulkCodec.canaryTasks(change)
            let states = try await engine.reading { () async throws(StoreError) in
                try await store.tasks(numbered: tasks.map(\.number))
            }
            var watch = BulkWatch()
            for task in tasks { watch.look(at: task, states.first { $0.number == task.number }?.state) }
            if watch.waiting > 0, watch.cameBack == nil { return }
            record.progress.watched(watch, through: change.version)
            if watch.cameBack != nil { return }
        }
    }

    // MARK: Acting

    private func act(_ record: BulkRecord, atMost count: Int) async throws(EngineError) -> Bool {
        let page = try await entries(record, atMost: count)
        var batch = BulkBatch(record)
        let last = page.elements.last?.number ?? page.next?.before ?? record.progress.before
        batch.counts.last = last
        let states = try await load(page.elements)
        for entry in page.elements { add(entry, states[entry.task], to: &batch) }
        let isLast = page.next == nil
        do {
            try await commit(batch, isLast: isLast)
        } catch .store(.versionConflict) {
            // Somebody changed one of them, or the operation itself.
            guard let now = try await engine.bulk(id), now.version == record.version else { return true }
            try await actSingly(record, page.elements, isLast: isLast)
        }
        return await pace(record.plan, acts: page.elements.count)
    }

    private func pace(_ plan: BulkPlan, acts: Int) async -> Bool {
        guard let rate = plan.maxPerSecond, acts > 0 else { return !Task.isCancelled }
        return (try? await Task.sleep(for: .microseconds(acts * 1_000_000 / max(1, rate)))) != nil
    }

    /// One entry an append: whoever is changed by others at the same time holds nobody up.
    private func actSingly(_ record: BulkRecord, _ entries: [BulkEntry], isLast: Bool)
        async throws(EngineError)
    {
        var record = record
        for (index, entry) in entries.enumerated() {
            for attempt in 1...Engine.maxDecisions {
                var batch = BulkBatch(record)
                batch.counts.last = entry.number
                if attempt == Engine.maxDecisions {
                    batch.counts.skip(.changed)
                } else {
                    add(entry, try await load([entry])[entry.task], to: &batch)
                }
                do {
                    record = try await commit(batch, isLast: isLast && index == entries.count - 1)
                    break
                } catch .store(.versionConflict) {
                    guard let now = try await engine.bulk(id), now.version == record.version else { return }
                }
            }
        }
    }

    private func load(_ entries: [BulkEntry]) async throws(EngineError) -> [TaskNumber: StoredTask] {
        let store = engine.store
        let tasks = try await engine.reading { () async throws(StoreError) in
            try await store.tasks(numbered: entries.map(\.task))
        }
        var byNumber: [TaskNumber: StoredTask] = [:]
        for task in tasks { byNumber[task.number] = task }
        return byNumber
    }

    /// The next entries, newest first.
    private func entries(_ record: BulkRecord, atMost count: Int) async throws(EngineError) -> Page<BulkEntry>
    {
        let store = engine.store
        let before = PageCursor(before: record.progress.before)
        switch record.plan.target {
        case .deadLetters(var query):
            (query.before, query.limit) = (before, count)
            let asked = query
            let page = try await engine.reading { () async throws(StoreError) in
                try await store.deadLetterPlaces(asked)
            }
            let entries = page.elements.map { BulkEntry(number: $0.number, letter: $0.id, task: $0.task) }
            return Page(elements: entries, next: page.next)
        case .tasks(var query):
            (query.before, query.limit) = (before, count)
            let asked = query
            let page = try await engine.reading { () async throws(StoreError) in
                try await store.taskNumbers(asked)
            }
            let entries = page.elements.map { BulkEntry(number: $0.rawValue, letter: nil, task: $0) }
            return Page(elements: entries, next: page.next)
        }
    }

    /// Decides on one entry and takes what follows into the batch.
    private func add(_ entry: BulkEntry, _ task: StoredTask?, to batch: inout BulkBatch) {
        guard let task, task.state.spec.origin != .internal else { return batch.counts.skip(.notFound) }
        let verdict = BulkRules.judge(
            batch.record.plan.order, task.state, entry: entry.letter, isGone: engine.isGone)
        switch verdict {
        case .skip(let reason): batch.counts.skip(reason)
        case .act(let command):
            do throws(Rejection) {
                let (events, now) = try engine.decided(command, task.state)
                batch.add(events, on: task, at: now)
            } catch {
                if let reason = BulkRules.skip(for: error) {
                    batch.counts.skip(reason)
                } else {
                    batch.counts.failed += 1
                }
            }
        }
    }

    /// Acts and progress in one append; gives the record as it is then.
    @discardableResult
    private func commit(_ batch: BulkBatch, isLast: Bool) async throws(EngineError) -> BulkRecord {
        var record = batch.record
        record.progress.acted(batch.counts)
        if isLast { record.progress.exhausted() }
        record.updatedAt = engine.now
        let append = record.append(
            .bulkAdvanced, data: BulkCodec.advance(batch.counts, batch.canaryTasks),
            expecting: record.version, at: record.updatedAt)
        _ = try await engine.append(AppendUnit(tasks: batch.appends, records: [append]))
        record.version += 1
        return record
    }
}

/// One of those that are acted on.
struct BulkEntry: Sendable {
    var number: Int64
    /// Nil: the task itself is meant.
    var letter: DeadLetterID?
    var task: TaskNumber
}

/// What goes into one append.
private struct BulkBatch {
    var record: BulkRecord
    var counts: BulkProgress.Batch
    private(set) var appends: [TaskAppend] = []
    private(set) var canaryTasks: [CanaryTask] = []

    init(_ record: BulkRecord) {
        self.record = record
        counts = BulkProgress.Batch(last: record.progress.before)
    }

    mutating func add(_ events: [TaskEvent], on task: StoredTask, at now: Timestamp) {
        var after = task.state
        for event in events { after.evolve(event, at: now) }
        appends += TaskAppend.all(of: task, events, at: now, after: after)
        counts.done += 1
        guard record.progress.canary != nil else { return }
        let reason = task.state.status == .cancelled ? .cancelled : task.state.deadLetter?.reason
        let cause = task.state.signature(of: reason ?? .cancelled).fingerprint
        canaryTasks.append(CanaryTask(number: task.number, round: after.round, cause: cause))
    }
}
