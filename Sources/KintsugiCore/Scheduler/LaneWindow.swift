package import KintsugiVocabulary

/// The best tasks of one lane, as many as fit, and whether the store has more.
///
/// Kept from worst to best, so that taking the best is a `popLast`.
struct LaneWindow: Sendable {
    struct Key: Sendable, Hashable {
        var priority: Int
        var readyAt: Timestamp
        var number: TaskNumber

        /// Whether it goes before the other.
        func beats(_ other: Key) -> Bool {
            if priority != other.priority { return priority > other.priority }
            if readyAt != other.readyAt { return readyAt < other.readyAt }
            return number < other.number
        }
    }

    private(set) var keys: [Key] = []
    /// Whether the store may hold tasks of this lane that are not here.
    var more: Bool
    /// A read is under way; what arrives meanwhile and does not fit must not be forgotten.
    var isLoading = false
    var missedWhileLoading = false
    /// Started since the read began: the read may still show them as ready.
    var startedWhileLoading: Set<TaskNumber> = []
    /// Some agent has set it aside, and if its retry's budget is the reason, this is it.
    var isAside = false
    var obstacle: Obstacle?
    /// The agents for whose turns it stands in line.
    var agents: [AgentID] = []
    /// It is to be looked at in the next pump.
    var isTouched = false
    /// Lanes in the order in which they were opened.
    let serial: Int

    init(more: Bool, serial: Int = 0) {
        self.more = more
        self.serial = serial
    }

    var best: Key? { keys.last }
    var isEmpty: Bool { keys.isEmpty }

    enum Admission: Sendable {
        case admitted(evicted: TaskNumber?)
        case refused
    }

    /// Takes a task in if nothing better is known to wait outside: `!more`, or it beats the worst.
    mutating func admit(_ key: Key, capacity: Int) -> Admission {
        if more {
            guard let worst = keys.first, key.beats(worst) else {
                if isLoading { missedWhileLoading = true }
                return .refused
            }
        }
        insert(key)
        guard keys.count > capacity else { return .admitted(evicted: nil) }
        let evicted = keys.removeFirst()
        more = true
        if isLoading { missedWhileLoading = true }
        return evicted == key ? .refused : .admitted(evicted: evicted.number)
    }

    /// Takes a task of a finished read in: it is among the best by the store's word.
    mutating func insert(_ key: Key) {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].beats(key) { high = middle } else { low = middle + 1 }
        }
        keys.insert(key, at: low)
    }

    /// Notes that the read is done, and gives what was started meanwhile.
    mutating func finishLoading(more: Bool) -> Set<TaskNumber> {
        isLoading = false
        self.more = more || missedWhileLoading
        missedWhileLoading = false
        defer { startedWhileLoading = [] }
        return startedWhileLoading
    }

    mutating func remove(_ key: Key) {
        if isLoading { startedWhileLoading.insert(key.number) }
        if keys.last == key {
            keys.removeLast()
        } else if let index = keys.firstIndex(of: key) {
            keys.remove(at: index)
        }
    }
}

/// Why a task that is ready does not run yet.
package struct Obstacle: Sendable, Hashable {
    package var reason: StatusReason
    package var until: Timestamp?
    package var provider: ProviderID?

    package init(reason: StatusReason, until: Timestamp? = nil, provider: ProviderID? = nil) {
        self.reason = reason
        self.until = until
        self.provider = provider
    }
}
