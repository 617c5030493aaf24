import KintsugiStore
import KintsugiVocabulary

/// Cuts what arrived into transactions and puts the answers together again, one list for each caller.
struct Batches {
    /// What one transaction is to write.
    struct Batch {
        var units: [AppendUnit]
        var promotions: [GroupCommit.Promotion]
    }

    private let jobs: [GroupCommit.Job]
    /// The first job that is not answered, and its answers so far.
    private var answering = 0
    private var answers: [Result<Receipt, StoreError>] = []
    /// What has been handed out: whole jobs, and units of the next one.
    private var job = 0
    private var unit = 0

    init(_ jobs: [GroupCommit.Job]) { self.jobs = jobs }

    /// The next transaction's; nil when all is handed out.
    mutating func next() -> Batch? {
        guard job < jobs.count else { return nil }
        var batch = Batch(units: [], promotions: [])
        var bytes = 0
        while job < jobs.count {
            let current = jobs[job]
            if unit == 0 { batch.promotions += current.promotions }
            while unit < current.units.count {
                guard batch.units.count < GroupCommit.maxUnits, bytes < GroupCommit.maxBytes else {
                    return batch
                }
                bytes += current.units[unit].size
                batch.units.append(current.units[unit])
                unit += 1
            }
            job += 1
            unit = 0
        }
        return batch
    }

    /// Takes the answers of the last batch and gives those callers who have all of theirs.
    mutating func settle(
        _ results: [Result<Receipt, StoreError>]
    ) -> [(job: GroupCommit.Job, results: [Result<Receipt, StoreError>])] {
        if job - answering == 1, unit == 0, answers.isEmpty {
            answering += 1
            return [(jobs[answering - 1], results)]
        }
        var settled: [(GroupCommit.Job, [Result<Receipt, StoreError>])] = []
        var rest = results[...]
        while answering < job || (answering == job && unit > 0) {
            let missing = jobs[answering].units.count - answers.count
            answers += rest.prefix(missing)
            rest = rest.dropFirst(missing)
            guard answers.count == jobs[answering].units.count, answering < job else { break }
            settled.append((jobs[answering], answers))
            answers = []
            answering += 1
        }
        return settled
    }

    /// Answers everybody who is left with a refusal.
    mutating func refuseRest(
        _ refusal: StoreError
    ) -> [(job: GroupCommit.Job, results: [Result<Receipt, StoreError>])] {
        var settled: [(GroupCommit.Job, [Result<Receipt, StoreError>])] = []
        while answering < jobs.count {
            let missing = jobs[answering].units.count - answers.count
            settled.append((jobs[answering], answers + (0..<missing).map { _ in .failure(refusal) }))
            answers = []
            answering += 1
        }
        (job, unit) = (jobs.count, 0)
        return settled
    }
}

extension AppendUnit {
    /// About how many bytes it writes.
    fileprivate var size: Int {
        var size = (idempotency?.body.count ?? 0) + tasks.count * 200
        for append in tasks { size += append.data.count }
        for append in records { size += append.data.bytes.count + (append.document?.bytes.count ?? 0) + 200 }
        return size
    }
}
