import GRDB
import GRDBSQLite
import KintsugiStore
import Synchronization

/// Runs transactions and checkpoints on the writer's connection.
///
/// `@unchecked Sendable`: only the writer's thread touches it after it was made; what others may read stands
/// under the `Mutex` of `figures`.
final class BatchWriter: @unchecked Sendable {
    /// Bytes of WAL after which it is copied into the database, and after which it is cut.
    static let passiveBytes = 4_000_000
    static let truncateBytes = 64_000_000

    struct Figures: Sendable {
        /// The last durable event.
        var position: Int64 = 0
        var transactions = 0
        var checkpoints = 0
    }

    struct Outcome {
        var results: [Result<Receipt, StoreError>]
        var committed: [CommittedUnit] = []
        /// Set when the writer must never write again.
        var stop: StoreError?
    }

    let figures = Mutex(Figures())
    private let connections: Connections
    private let lock: FolderLock
    private let units: UnitWriter
    private let pageSize: Int
    /// Pages in the WAL after the last commit, as SQLite tells its hook.
    private let walPages: UnsafeMutablePointer<Int32>
    private var nextCheckpoint = 0
    private var isStopped = false

    init(_ connections: Connections, _ lock: FolderLock) throws(StoreError) {
        self.connections = connections
        self.lock = lock
        let walPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        walPages.initialize(to: 0)
        self.walPages = walPages
        do {
            (units, pageSize) = try connections.writer.writeWithoutTransaction { db in
                guard let connection = db.sqliteConnection else { throw StoreError.closed }
                let hook:
                    @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) ->
                        Int32 =
                        { pages, _, _, count in
                            pages?.assumingMemoryBound(to: Int32.self).pointee = count
                            return SQLITE_OK
                        }
                sqlite3_wal_hook(connection, hook, walPages)
                return (
                    try UnitWriter(on: connection), try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
                )
            }
        } catch { throw SQLiteFault(error).storeError }
        nextCheckpoint = Self.passiveBytes
        figures.withLock { $0.position = units.position }
    }

    // MARK: Transactions

    func write(_ batch: Batches.Batch) -> Outcome {
        guard !isStopped else { return Outcome(results: batch.units.map { _ in .failure(.closed) }) }
        return connections.writer.writeWithoutTransaction { _ in
            let outcome = transaction(batch)
            let position = units.position
            figures.withLock { figures in
                figures.position = position
                figures.transactions += 1
            }
            guard outcome.stop == nil else {
                isStopped = true
                return outcome
            }
            var checked = outcome
            checked.stop = checkpointIfDue()
            return checked
        }
    }

    private func transaction(_ batch: Batches.Batch) -> Outcome {
        do throws(SQLiteFault) {
            try units.begin()
            var outcome = Outcome(results: [])
            outcome.results.reserveCapacity(batch.units.count)
            outcome.committed.reserveCapacity(batch.units.count)
            for unit in batch.units {
                let result = try units.write(unit)
                outcome.results.append(result)
                if case .success(let receipt) = result {
                    outcome.committed.append(CommittedUnit(unit: unit, receipt: receipt))
                }
            }
            for promotion in batch.promotions {
                try units.promote(promotion.number, version: promotion.version, at: promotion.now)
            }
            do throws(UnitWriter.CommitFault) { try units.commit() } catch {
                switch error {
                case .before(let fault): throw fault
                case .during(let fault): return unknown(fault, batch)
                }
            }
            return outcome
        } catch { return undo(batch, after: error) }
    }

    /// Nothing of the batch is there; whether its units are tried again one by one depends on what went wrong.
    private func undo(_ batch: Batches.Batch, after fault: SQLiteFault) -> Outcome {
        do throws(SQLiteFault) { try units.rollback() } catch { return unknown(error, batch) }
        let refusal = fault.storeError
        if fault.isFatal {
            return Outcome(results: batch.units.map { _ in .failure(refusal) }, stop: refusal)
        }
        // A unit that SQLite cannot take must not take its neighbours with it.
        guard !fault.isFull, batch.units.count > 1 else {
            return Outcome(results: batch.units.map { _ in .failure(refusal) })
        }
        var outcome = transaction(Batches.Batch(units: [], promotions: batch.promotions))
        for unit in batch.units where outcome.stop == nil {
            let single = transaction(Batches.Batch(units: [unit], promotions: []))
            outcome.results += single.results
            outcome.committed += single.committed
            outcome.stop = single.stop
        }
        let missing = batch.units.count - outcome.results.count
        outcome.results += (0..<missing).map { _ in .failure(refusal) }
        return outcome
    }

    private func unknown(_ fault: SQLiteFault, _ batch: Batches.Batch) -> Outcome {
        let refusal = StoreError.outcomeUnknown(fault.description)
        return Outcome(results: batch.units.map { _ in .failure(refusal) }, stop: .closed)
    }

    // MARK: Checkpoints

    private var walBytes: Int { Int(walPages.pointee) * pageSize }

    /// Whether there is something to do once nobody writes.
    var hasIdleWork: Bool { !isStopped && walPages.pointee > 0 }

    /// Cuts the WAL down; what went wrong if the writer must stop.
    func checkpointWhenIdle() -> StoreError? {
        guard hasIdleWork else { return nil }
        return connections.writer.writeWithoutTransaction { _ in checkpoint(SQLITE_CHECKPOINT_TRUNCATE) }
    }

    private func checkpointIfDue() -> StoreError? {
        let bytes = walBytes
        if bytes < Self.passiveBytes { nextCheckpoint = Self.passiveBytes }
        guard bytes >= nextCheckpoint else { return nil }
        // Readers may keep it from finishing: the next try is as far away again.
        nextCheckpoint = bytes + Self.passiveBytes
        return checkpoint(
            bytes >= Self.truncateBytes ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE)
    }

    /// A full disk or a reader in the way passes; after anything else the file cannot be trusted any more.
    private func checkpoint(_ mode: Int32) -> StoreError? {
        let code = sqlite3_wal_checkpoint_v2(units.connection, nil, mode, nil, nil)
        figures.withLock { $0.checkpoints += 1 }
        if code == SQLITE_OK, mode == SQLITE_CHECKPOINT_TRUNCATE { walPages.pointee = 0 }
        let fault = SQLiteFault(units.connection)
        guard code != SQLITE_OK, fault.isFatal else { return nil }
        isStopped = true
        return .broken(fault.description)
    }

    // MARK: The end

    /// Closes readers, checkpoints, closes the writer and gives the folder up.
    ///
    /// After a failed write nothing is touched any more: closing would checkpoint. The process is to end, and
    /// the next start recovers from what is on the disk.
    func close() {
        try? connections.readers.close()
        guard !isStopped else {
            _ = Unmanaged.passRetained(self)
            return
        }
        connections.writer.writeWithoutTransaction { _ in
            _ = checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
            units.finalize()
            sqlite3_wal_hook(units.connection, nil, nil)
        }
        try? connections.writer.close()
        lock.release()
    }

    deinit { walPages.deallocate() }
}
