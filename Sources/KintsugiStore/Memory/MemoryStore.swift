package import KintsugiCore
package import KintsugiVocabulary
import Synchronization

/// The store's twin in memory: the same promises but durability, for tests and the simulator.
///
/// Simple rather than fast: it keeps the log and the live rows, and answers everything else by looking
/// through them. What it answers is therefore what the SQLite store is checked against.
package final class MemoryStore: Store {
    private let shared: Mutex<Shared>

    private struct Shared {
        var log = MemoryLog()
        var isClosed = false
        var observer: (@Sendable ([CommittedUnit]) -> Void)?
        /// Commits whose listeners have not been told yet, oldest first.
        var outbox: [Delivery] = []
        var isDelivering = false
        let epoch: String
    }

    private struct Delivery {
        var committed: [CommittedUnit]
        var results: [Result<Receipt, StoreError>]
        var completion: @Sendable ([Result<Receipt, StoreError>]) -> Void
    }

    package init(epoch: String = "memory") { shared = Mutex(Shared(epoch: epoch)) }

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
        shared.withLock { shared in
            var committed: [CommittedUnit] = []
            let results = units.map { unit -> Result<Receipt, StoreError> in
                guard !shared.isClosed else { return .failure(.closed) }
                return Result { () throws(StoreError) in try shared.log.record(unit) }
                    .map { receipt in
                        committed.append(CommittedUnit(unit: unit, receipt: receipt))
                        return receipt
                    }
            }
            shared.outbox.append(Delivery(committed: committed, results: results, completion: completion))
        }
        deliver()
    }

    /// Tells listeners in commit order and outside the lock: whoever comes first tells for those who come
    /// meanwhile.
    private func deliver() {
        while true {
            let next = shared.withLock { shared -> (Delivery, (@Sendable ([CommittedUnit]) -> Void)?)? in
                guard !shared.isDelivering, !shared.outbox.isEmpty else { return nil }
                shared.isDelivering = true
                return (shared.outbox.removeFirst(), shared.observer)
            }
            guard let (delivery, observer) = next else { return }
            if !delivery.committed.isEmpty { observer?(delivery.committed) }
            delivery.completion(delivery.results)
            shared.withLock { $0.isDelivering = false }
        }
    }

    package func observeCommits(_ observer: @escaping @Sendable ([CommittedUnit]) -> Void) {
        shared.withLock { $0.observer = observer }
    }

    package func promote(_ tasks: [(number: TaskNumber, version: Int)], at now: Timestamp)
        async throws(StoreError)
    {
        try write { log in for (number, version) in tasks { log.promote(number, version: version, at: now) } }
    }

    package func close() async { shared.withLock { $0.isClosed = true } }

    // MARK: Reading

    func read<Value>(_ body: (MemoryLog) -> Value) throws(StoreError) -> Value {
        let result = shared.withLock { shared -> Result<Value, StoreError> in
            shared.isClosed ? .failure(.closed) : .success(body(shared.log))
        }
        return try result.get()
    }

    private func write(_ body: (inout MemoryLog) -> Void) throws(StoreError) {
        let isClosed = shared.withLock { shared in
            if !shared.isClosed { body(&shared.log) }
            return shared.isClosed
        }
        if isClosed { throw .closed }
    }

    package func task(_ id: TaskID) async throws(StoreError) -> StoredTask? { try read { $0.task(id) } }

    package func task(numbered number: TaskNumber) async throws(StoreError) -> StoredTask? {
        try read { $0.task(number) }
    }

    package func tasks(_ query: TaskQuery) async throws(StoreError) -> Page<StoredTask> {
        try read { $0.tasks(query) }
    }

    package func timeline(_ number: TaskNumber, after seq: Int, limit: Int)
        async throws(StoreError) -> [RecordedEvent]
    {
        try read { Array($0.timeline(number).drop { $0.seq <= seq }.prefix(limit)) }
    }

    package func log(after position: Int64, limit: Int, of filter: LogFilter)
        async throws(StoreError) -> LogSlice
    {
        try read { $0.log(after: position, limit: limit, of: filter) }
    }

    package func attemptStories(of tasks: [StoredTask], attempts: Int) async throws(StoreError)
        -> [[RecordedEvent]]
    {
        try read { log in tasks.map { log.attemptStory(of: $0, attempts: attempts) } }
    }

    package func lanes() async throws(StoreError) -> [Lane] { try read { $0.lanes() } }

    package func window(_ lane: Lane, limit: Int) async throws(StoreError) -> Window {
        try read { $0.window(lane, limit: limit) }
    }

    package func timers(until horizon: Timestamp, limit: Int) async throws(StoreError) -> Window {
        try read { $0.timers(until: horizon, limit: limit) }
    }

    package func nextTimer(after: Timestamp) async throws(StoreError) -> Timestamp? {
        try read { $0.nextTimer(after: after) }
    }

    package func running(after: TaskNumber?, limit: Int) async throws(StoreError) -> [StoredTask] {
        try read { $0.running(after: after, limit: limit) }
    }

    package func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetter> {
        try read { $0.deadLetters(query) }
    }

    package func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter? {
        try read { $0.deadLetter(id) }
    }

    package func alerts(_ query: AlertQuery) async throws(StoreError) -> Page<Alert> {
        try read { $0.alerts.page(query) }
    }

    package func alert(_ id: UUID7) async throws(StoreError) -> Alert? { try read { $0.alerts.alert(id) } }

    package func alerts(changedAfter position: Int64, limit: Int) async throws(StoreError) -> [Alert] {
        try read { $0.alerts.changed(after: position, limit: limit) }
    }

    package func totals(of user: UserID?) async throws(StoreError) -> Totals {
        try read { $0.totals(of: user) }
    }

    package func activity(of user: UserID?, from: Timestamp, to: Timestamp) async throws(StoreError)
        -> Activity
    {
        try read { $0.activity(of: user, from: from, to: to) }
    }

    package func series(of user: UserID?, _ span: SeriesSpan) async throws(StoreError) -> [SeriesBucket] {
        try read { $0.series(of: user, span) }
    }

    package func figures(of agents: [AgentID], from: Timestamp, to: Timestamp) async throws(StoreError)
        -> [AgentFigures]
    {
        try read { log in agents.map { log.figures(of: $0, from: from, to: to) } }
    }

    package func remedies() async throws(StoreError) -> MeasuredRemedies { try read { $0.remedies() } }

    package func chainFigures(_ chains: [UUID7]) async throws(StoreError) -> [ChainFigures] {
        try read { log in chains.map { log.chainFigures($0) } }
    }

    package func oldestPending(of user: UserID?) async throws(StoreError) -> Timestamp? {
        try read { $0.oldestPending(of: user) }
    }

    package func records(_ kind: RecordKind) async throws(StoreError) -> [StoredRecord] {
        try read { $0.records(kind) }
    }

    package func record(_ kind: RecordKind, _ key: String) async throws(StoreError) -> StoredRecord? {
        try read { $0.record(kind, key) }
    }

    package func recordHistory(_ kinds: [RecordKind], before: PageCursor?, limit: Int)
        async throws(StoreError) -> Page<RecordChange>
    {
        try read { $0.recordHistory(kinds, before: before, limit: limit) }
    }

    package func recordChanges(_ kinds: [RecordKind], at times: Range<Timestamp>, limit: Int)
        async throws(StoreError) -> [RecordChange]
    {
        try read { $0.recordChanges(kinds, at: times, limit: limit) }
    }

    package func liveCount(agent: AgentID, limit: Int) async throws(StoreError) -> Int {
        try read { $0.liveCount(agent: agent, limit: limit) }
    }

    package func idempotencyRecord(caller: String, operation: String, key: String, at now: Timestamp)
        async throws(StoreError) -> IdempotencyRecord?
    {
        try read { $0.idempotencyRecord(caller: caller, operation: operation, key: key, at: now) }
    }

    package func status() async throws(StoreError) -> StoreStatus {
        let epoch = shared.withLock { $0.epoch }
        return try read { StoreStatus(isFullyDurable: false, position: $0.position, epoch: epoch) }
    }
}
