import Foundation
import GRDB
package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
import Synchronization

/// The store in one SQLite file: the embedded default.
///
/// One writer thread commits whatever came together with one fsync; readers have connections of their own and
/// see everything that was acknowledged before they began. One process owns a folder.
package final class SQLiteStore: Store, Sendable {
    let connections: Connections
    let writer: BatchWriter
    private let group = GroupCommit()
    private let epoch: String

    private init(_ connections: Connections, _ writer: BatchWriter, epoch: String) {
        self.connections = connections
        self.writer = writer
        self.epoch = epoch
    }

    /// Opens the folder, making it and the database if need be, and becomes its owner.
    ///
    /// - Parameter node: told to whoever finds the folder in use.
    package static func open(folder: String, node: String) throws(StoreError) -> SQLiteStore {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .broken("The data folder \(folder) cannot be made: \(error)") }
        let lock = try FolderLock(folder: folder, node: node)
        let connections = try Connections.open(folder: folder)
        let writer = try BatchWriter(connections, lock)
        let epoch = try connections.epoch()
        let store = SQLiteStore(connections, writer, epoch: epoch)
        store.group.start(writer)
        return store
    }

    deinit { group.close {} }

    // MARK: Writing

    package func append(_ unit: AppendUnit) async throws(StoreError) -> Receipt {
        let result = await withCheckedContinuation { continuation in
            submit([unit]) { continuation.resume(returning: $0[0]) }
        }
        return try result.get()
    }

    package func submit(
        _ units: [AppendUnit], completion: @escaping @Sendable ([Result<Receipt, StoreError>]) -> Void
    ) {
        group.submit(GroupCommit.Job(units: units, completion: completion))
    }

    package func observeCommits(_ observer: @escaping @Sendable ([CommittedUnit]) -> Void) {
        group.observe(observer)
    }

    package func promote(_ tasks: [(number: TaskNumber, version: Int)], at now: Timestamp)
        async throws(StoreError)
    {
        let promotions = tasks.map { GroupCommit.Promotion(number: $0.number, version: $0.version, now: now) }
        let result = await withCheckedContinuation { continuation in
            group.submit(
                GroupCommit.Job(units: [AppendUnit()], promotions: promotions) {
                    continuation.resume(returning: $0[0])
                })
        }
        _ = try result.get()
    }

    package func close() async {
        await withCheckedContinuation { continuation in group.close { continuation.resume() } }
    }

    // MARK: Tasks

    package func task(_ id: TaskID) async throws(StoreError) -> StoredTask? {
        try await read { snapshot throws(ReadFault) in try snapshot.task(id) }
    }

    package func task(numbered number: TaskNumber) async throws(StoreError) -> StoredTask? {
        try await read { snapshot throws(ReadFault) in try snapshot.task(number) }
    }

    package func tasks(_ query: TaskQuery) async throws(StoreError) -> Page<StoredTask> {
        try await read { snapshot throws(ReadFault) in try snapshot.tasks(query) }
    }

    package func timeline(_ number: TaskNumber, after seq: Int, limit: Int)
        async throws(StoreError) -> [RecordedEvent]
    {
        try await read { snapshot throws(ReadFault) in try snapshot.timeline(number, after: seq, limit: limit)
        }
    }

    package func log(after position: Int64, limit: Int, of filter: LogFilter)
        async throws(StoreError) -> LogSlice
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.log(after: position, limit: limit, of: filter)
        }
    }

    package func attemptStories(of tasks: [StoredTask], attempts: Int) async throws(StoreError)
        -> [[RecordedEvent]]
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.attemptStories(of: tasks, attempts: attempts)
        }
    }

    // MARK: What the scheduler reads

    package func lanes() async throws(StoreError) -> [Lane] {
        try await read { snapshot throws(ReadFault) in try snapshot.lanes() }
    }

    package func window(_ lane: Lane, limit: Int) async throws(StoreError) -> Window {
        try await read { snapshot throws(ReadFault) in try snapshot.window(lane, limit: limit) }
    }

    package func timers(until horizon: Timestamp, limit: Int) async throws(StoreError) -> Window {
        try await read { snapshot throws(ReadFault) in try snapshot.timers(until: horizon, limit: limit) }
    }

    package func nextTimer(after: Timestamp) async throws(StoreError) -> Timestamp? {
        try await read { snapshot throws(ReadFault) in try snapshot.nextTimer(after: after) }
    }

    package func running(after: TaskNumber?, limit: Int) async throws(StoreError) -> [StoredTask] {
        try await read { snapshot throws(ReadFault) in try snapshot.running(after: after, limit: limit) }
    }

    // MARK: Dead letters and counters

    package func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetter> {
        try await read { snapshot throws(ReadFault) in try snapshot.deadLetters(query) }
    }

    package func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter? {
        try await read { snapshot throws(ReadFault) in try snapshot.deadLetter(id) }
    }

    package func alerts(_ query: AlertQuery) async throws(StoreError) -> Page<Alert> {
        try await read { snapshot throws(ReadFault) in try snapshot.alerts(query) }
    }

    package func alert(_ id: UUID7) async throws(StoreError) -> Alert? {
        try await read { snapshot throws(ReadFault) in try snapshot.alert(id) }
    }

    package func alerts(changedAfter position: Int64, limit: Int) async throws(StoreError) -> [Alert] {
        try await read { snapshot throws(ReadFault) in
            try snapshot.alerts(changedAfter: position, limit: limit)
        }
    }

    package func totals(of user: UserID?) async throws(StoreError) -> Totals {
        try await read { snapshot throws(ReadFault) in try snapshot.totals(of: user) }
    }

    package func activity(of user: UserID?, from: Timestamp, to: Timestamp) async throws(StoreError)
        -> Activity
    {
        try await read { snapshot throws(ReadFault) in try snapshot.activity(of: user, from: from, to: to) }
    }

    package func remedies() async throws(StoreError) -> MeasuredRemedies {
        try await read { snapshot throws(ReadFault) in try snapshot.remedies() }
    }

    package func chainFigures(_ chains: [UUID7]) async throws(StoreError) -> [ChainFigures] {
        try await read { snapshot throws(ReadFault) in try snapshot.chainFigures(chains) }
    }

    package func oldestPending(of user: UserID?) async throws(StoreError) -> Timestamp? {
        try await read { snapshot throws(ReadFault) in try snapshot.oldestPending(of: user) }
    }

    package func recordHistory(_ kinds: [RecordKind], before: PageCursor?, limit: Int)
        async throws(StoreError) -> Page<RecordChange>
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.recordHistory(kinds, before: before, limit: limit)
        }
    }

    package func recordChanges(_ kinds: [RecordKind], at times: Range<Timestamp>, limit: Int)
        async throws(StoreError) -> [RecordChange]
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.recordChanges(kinds, at: times, limit: limit)
        }
    }

    package func series(of user: UserID?, _ span: SeriesSpan) async throws(StoreError) -> [SeriesBucket] {
        try await read { snapshot throws(ReadFault) in try snapshot.series(of: user, span) }
    }

    package func figures(of agents: [AgentID], from: Timestamp, to: Timestamp) async throws(StoreError)
        -> [AgentFigures]
    {
        try await read { snapshot throws(ReadFault) in try snapshot.figures(of: agents, from: from, to: to) }
    }

    package func liveCount(agent: AgentID, limit: Int) async throws(StoreError) -> Int {
        try await read { snapshot throws(ReadFault) in try snapshot.liveCount(agent: agent, limit: limit) }
    }

    // MARK: Records

    package func records(_ kind: RecordKind) async throws(StoreError) -> [StoredRecord] {
        try await read { snapshot throws(ReadFault) in try snapshot.records(kind) }
    }

    package func record(_ kind: RecordKind, _ key: String) async throws(StoreError) -> StoredRecord? {
        try await read { snapshot throws(ReadFault) in try snapshot.record(kind, key) }
    }

    package func idempotencyRecord(caller: String, operation: String, key: String, at now: Timestamp)
        async throws(StoreError) -> IdempotencyRecord?
    {
        try await read { snapshot throws(ReadFault) in
            try snapshot.answer(caller: caller, operation: operation, key: key, at: now)
        }
    }

    package func status() async throws(StoreError) -> StoreStatus {
        guard !group.isClosed else { throw .closed }
        return StoreStatus(
            isFullyDurable: true, position: writer.figures.withLock { $0.position }, epoch: epoch)
    }

    /// Transactions and checkpoints since it was opened, for tests and the benchmark.
    package var figures: (transactions: Int, checkpoints: Int) {
        writer.figures.withLock { ($0.transactions, $0.checkpoints) }
    }

    // MARK: Reading

    /// Runs on one of the readers' queues, which are none of Swift's, on a snapshot of its own.
    func read<Value: Sendable>(
        within limit: Snapshot.Limit = .short,
        _ body: @escaping @Sendable (Snapshot) throws(ReadFault) -> Value
    ) async throws(StoreError) -> Value {
        guard !group.isClosed else { throw .closed }
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            connections.readers.asyncRead { database in
                continuation.resume(returning: Snapshot.read(database, within: limit, body))
            }
        }
        return try result.get()
    }
}
