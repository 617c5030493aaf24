import KintsugiVocabulary

/// Lanes that wait for one agent: their users take turns, then each user's lanes.
///
/// Turns go by user and not by lane, so that nobody gets more by asking in several ways. A turn is one task, so
/// that a user with few tasks waits for one task of every other user, however many those have.
/// - Complexity: O(1); O(k) in the lanes of one user here, which are at most one for each word that names this
///   agent and one for each user's held tasks of each provider.
/// - Source: round robin between flows, Nagle, "On Packet Switches with Infinite Storage" (RFC 970); a task
///   costs one turn whatever its length, which nobody knows beforehand.
struct Turns: Sendable {
    private var users = Line<UserID>()
    private var targets: [UserID: [Lane.Target]] = [:]

    var isEmpty: Bool { users.isEmpty }

    /// Whose turn it is.
    var first: Lane? {
        guard let user = users.first, let target = targets[user]?.first else { return nil }
        return Lane(target, of: user)
    }

    /// Whether one lane is all there is.
    var isOne: Bool {
        guard users.count == 1, let user = users.first else { return false }
        return targets[user]?.count == 1
    }

    /// All of them, by user; for checks and for what concerns every lane here.
    var all: [Lane] {
        users.members.flatMap { user in (targets[user] ?? []).map { Lane($0, of: user) } }
    }

    func contains(_ lane: Lane) -> Bool { targets[lane.user]?.contains(lane.target) ?? false }

    mutating func join(_ lane: Lane) {
        if users.join(lane.user) {
            targets[lane.user] = [lane.target]
        } else if targets[lane.user]?.contains(lane.target) == false {
            targets[lane.user]?.append(lane.target)
        }
    }

    mutating func leave(_ lane: Lane) {
        guard let index = targets[lane.user]?.firstIndex(of: lane.target) else { return }
        targets[lane.user]?.remove(at: index)
        guard targets[lane.user]?.isEmpty ?? true else { return }
        targets[lane.user] = nil
        users.leave(lane.user)
    }

    /// This lane, whose turn it was, has had it.
    mutating func pass(_ lane: Lane) {
        guard users.first == lane.user, !isOne else { return }
        if let target = targets[lane.user]?.first, target == lane.target, targets[lane.user]?.count ?? 0 > 1 {
            targets[lane.user]?.removeFirst()
            targets[lane.user]?.append(target)
        }
        users.pass()
    }
}

/// All that wait for one agent.
struct Waiting: Sendable {
    enum Kind: Int, Sendable, CaseIterable {
        /// Held tasks, which go before all others.
        case held
        case ready
        /// Lanes that the agent refused for a reason of their own: a retry that its provider's budget has no room
        /// for, or, while its breaker is open, a task that is not to be held by it because of another agent.
        /// They stand apart, so that nobody looks at all of them to find one that can go.
        case aside
    }

    private var held = Turns()
    private var ready = Turns()
    private var aside = Turns()
    /// Something may have changed that lets one of them go.
    var isKnocked = false
    /// The soonest time at which it is knocked by itself.
    var wakeAt: Timestamp?
    /// A retry that was set aside goes before the next ready one, if its budget has room.
    var isAsideNext = false

    subscript(kind: Kind) -> Turns {
        _read {
            switch kind {
            case .held: yield held
            case .ready: yield ready
            case .aside: yield aside
            }
        }
        _modify {
            switch kind {
            case .held: yield &held
            case .ready: yield &ready
            case .aside: yield &aside
            }
        }
    }

    /// Whether one lane is all there is, held ones aside.
    var isOneReady: Bool { ready.isOne && aside.isEmpty }

    var all: [Lane] { held.all + ready.all + aside.all }

    func contains(_ lane: Lane) -> Bool {
        lane.isHeld ? held.contains(lane) : ready.contains(lane) || aside.contains(lane)
    }

    /// Waits for its turn like everybody, whatever it has waited for before.
    mutating func join(_ lane: Lane) {
        if lane.isHeld { return held.join(lane) }
        aside.leave(lane)
        ready.join(lane)
    }

    mutating func setAside(_ lane: Lane) {
        ready.leave(lane)
        aside.join(lane)
    }

    mutating func leave(_ lane: Lane) {
        if lane.isHeld { return held.leave(lane) }
        ready.leave(lane)
        aside.leave(lane)
    }
}
