import KintsugiCore

/// Slows down whoever tries keys: so many failures within a minute from one address, or in all, and nobody is
/// asked any more until the oldest of them is a minute old.
struct SignInThrottle: Sendable {
    static let window: Milliseconds = 60_000
    static let maxPerPeer = 10
    static let maxInAll = 100

    /// Oldest first; never more than `maxInAll`.
    private var failures: [(at: Timestamp, peer: String)] = []

    /// Seconds until the next try may be made; nil: now.
    mutating func wait(_ peer: String, at now: Timestamp) -> Int? {
        failures.removeAll { now - $0.at >= Self.window }
        let own = failures.filter { $0.peer == peer }
        let blocking =
            own.count >= Self.maxPerPeer
            ? own[own.count - Self.maxPerPeer] : (failures.count >= Self.maxInAll ? failures[0] : nil)
        return blocking.map { Int(max(1, (Self.window - (now - $0.at) + 999) / 1000)) }
    }

    mutating func failed(_ peer: String, at now: Timestamp) {
        if failures.count >= Self.maxInAll { failures.removeFirst() }
        failures.append((now, peer))
    }
}
