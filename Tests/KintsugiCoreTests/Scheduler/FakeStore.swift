import KintsugiVocabulary

@testable import KintsugiCore

/// What the scheduler's tests need of a store: tasks by number, their lines and their times, and versions that fence.
struct FakeStore {
    struct Row {
        var state: TaskState
        /// Its place in a line; nil: it stands in none.
        var place: Place?
        /// When something must happen by itself, as the row says it.
        var nextAt: Timestamp?
    }

    struct Place: Equatable {
        var lane: Lane
        var key: LaneWindow.Key
    }

    private(set) var rows: [TaskNumber: Row] = [:]
    private var lines: [Lane: [LaneWindow.Key]] = [:]
    private var times: [TimeKey] = []
    private(set) var unfinished = 0

    private struct TimeKey {
        var at: Timestamp
        var number: TaskNumber
        func precedes(_ other: TimeKey) -> Bool { (at, number) < (other.at, other.number) }
    }

    var lanes: [Lane] { lines.filter { !$0.value.isEmpty }.map(\.key).sorted { $0.key < $1.key } }
    var numbers: [TaskNumber] { rows.keys.sorted() }

    func task(_ number: TaskNumber) -> StoredTask? {
        rows[number].map { StoredTask(number: number, state: $0.state) }
    }

    mutating func create(_ spec: TaskSpec, at now: Timestamp) -> StoredTask {
        let number = TaskNumber(Int64(rows.count + 1))
        let id = TaskID(UUID7(milliseconds: now.milliseconds, random: 0, UInt64(rows.count + 1)))
        let state = TaskState(id: id, spec: spec, at: now)
        put(number, state, at: now)
        return StoredTask(number: number, state: state)
    }

    /// Whether it was recorded: only at the version it was decided on.
    mutating func append(_ number: TaskNumber, version: Int, _ after: TaskState, at now: Timestamp) -> Bool {
        guard rows[number]?.state.version == version else { return false }
        put(number, after, at: now)
        return true
    }

    mutating func promote(_ number: TaskNumber, version: Int, at now: Timestamp) {
        guard let row = rows[number], row.state.version == version, row.place == nil,
            case .pending(let due, _) = row.state.phase, due <= now
        else { return }
        put(number, row.state, at: now)
    }

    func window(_ lane: Lane, limit: Int) -> (tasks: [StoredTask], more: Bool) {
        let line = lines[lane] ?? []
        return (line.suffix(limit).reversed().compactMap { task($0.number) }, line.count > limit)
    }

    func timers(until horizon: Timestamp, limit: Int) -> (tasks: [StoredTask], more: Bool) {
        let due = times.prefix { $0.at <= horizon }
        return (due.prefix(limit).compactMap { task($0.number) }, due.count > limit)
    }

    func running() -> [StoredTask] {
        numbers.compactMap { task($0) }.filter { $0.state.phase == .running }
    }

    private mutating func put(_ number: TaskNumber, _ state: TaskState, at now: Timestamp) {
        if let old = rows[number] {
            if let place = old.place { remove(place) }
            if let at = old.nextAt { removeTime(TimeKey(at: at, number: number)) }
            if !old.state.status.isFinal { unfinished -= 1 }
        }
        var row = Row(state: state)
        if !state.status.isFinal {
            unfinished += 1
            switch state.phase {
            case .pending(let due, _) where due > now: break
            case .pending, .held:
                row.place = Place(lane: Lane(state), key: LaneWindow.Key(state, number: number))
            default: break
            }
            row.nextAt = state.nextAt(after: now)
        }
        rows[number] = row
        if let place = row.place { insert(place) }
        if let at = row.nextAt { insertTime(TimeKey(at: at, number: number)) }
    }

    /// Lines are kept from last to first, as the windows are.
    private mutating func insert(_ place: Place) {
        let line = lines[place.lane] ?? []
        lines[place.lane, default: []].insert(
            place.key, at: Self.firstIndex(in: line) { $0.beats(place.key) || $0 == place.key })
    }

    private mutating func remove(_ place: Place) {
        let line = lines[place.lane] ?? []
        lines[place.lane]?.remove(at: Self.firstIndex(in: line) { $0.beats(place.key) || $0 == place.key })
    }

    private mutating func insertTime(_ key: TimeKey) {
        times.insert(key, at: Self.firstIndex(in: times) { !$0.precedes(key) })
    }

    private mutating func removeTime(_ key: TimeKey) {
        times.remove(at: Self.firstIndex(in: times) { !$0.precedes(key) })
    }

    /// The first of a partitioned array for which it holds.
    private static func firstIndex<Element>(in array: [Element], _ holds: (Element) -> Bool) -> Int {
        var (low, high) = (0, array.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(array[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
