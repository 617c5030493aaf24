import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The histories of tasks about which something was rendered lately, so that they are not read for each event.
///
/// Two generations: what was not used while the young one filled up is forgotten. Bounded by number and by the
/// payloads that the states hold.
struct FoldCache {
    let maxCount: Int
    let maxBytes: Int
    private var young: [TaskNumber: Entry] = [:]
    private var old: [TaskNumber: Entry] = [:]
    private var bytes = 0

    private struct Entry {
        var fold: TimelineFold
        /// Of the last event in it.
        var seq: Int
    }

    init(maxCount: Int, maxBytes: Int) {
        self.maxCount = maxCount
        self.maxBytes = maxBytes
    }

    var count: Int { young.count + old.count }

    /// The fold of all events before this one, if it is known: it is the caller's until it is put back.
    mutating func take(_ task: TaskNumber, id: TaskID, before seq: Int) -> TimelineFold? {
        let entry = young.removeValue(forKey: task) ?? old.removeValue(forKey: task)
        if seq == 1 { return TimelineFold(of: id) }
        return entry?.seq == seq - 1 ? entry?.fold : nil
    }

    /// Keeps it until the task has ended.
    mutating func put(_ fold: TimelineFold, _ task: TaskNumber, at seq: Int) {
        guard let state = fold.state, !state.status.isFinal else { return }
        young[task] = Entry(fold: fold, seq: seq)
        bytes += 1024 + state.spec.input.bytes.count + state.input.bytes.count
        guard young.count > maxCount / 2 || bytes > maxBytes / 2 else { return }
        (old, young, bytes) = (young, [:], 0)
    }
}

extension TimelineFold {
    /// Read from the store up to the event before this one.
    init(of task: TaskNumber, id: TaskID, before seq: Int, in store: any Store) async throws(StoreError) {
        self.init(of: id)
        var read = 0
        while read < seq - 1 {
            let events = try await store.timeline(task, after: read, limit: min(200, seq - 1 - read))
            guard let last = events.last else {
                throw .broken("Task \(id) has no event \(read + 1); run `kintsugi verify`.")
            }
            for event in events { skip(event) }
            read = last.seq
        }
    }
}
