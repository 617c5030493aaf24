import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Synchronization

/// The fallback chains, in memory: what the store holds as records.
///
/// It hears of every change by the commit itself, so it is never behind whoever made the change, and two changes
/// cannot cross each other on their way here.
final class ChainRegistry: Sendable {
    private let chains = Mutex<[UUID7: ChainRecord]>([:])

    func chain(_ id: UUID7) -> ChainRecord? { chains.withLock { $0[id] } }
    var all: [ChainRecord] { chains.withLock { Array($0.values) } }
    func count(of owner: UserID) -> Int { chains.withLock { $0.values.count { $0.chain.owner == owner } } }
    func set(_ record: ChainRecord) { chains.withLock { $0[record.chain.id] = record } }

    /// What tasks look their chain up in.
    var book: ChainBook { ChainBook(all.map(\.chain)) }

    /// Whether a chain has changed.
    func hear(_ units: [CommittedUnit]) -> Bool {
        var changed = false
        for unit in units where !unit.unit.records.isEmpty {
            for append in unit.unit.records where append.kind == .chain {
                hear(append)
                changed = true
            }
        }
        return changed
    }

    private func hear(_ append: RecordAppend) {
        guard let id = UUID7(append.key) else { return }
        guard let document = append.document else { return chains.withLock { $0[id] = nil } }
        let stored = StoredRecord(
            kind: .chain, key: append.key, version: (append.expectedVersion ?? 0) + 1, document: document,
            createdAt: chain(id)?.createdAt ?? append.at, updatedAt: append.at)
        if let record = ChainCodec.decode(stored) { set(record) }
    }
}
