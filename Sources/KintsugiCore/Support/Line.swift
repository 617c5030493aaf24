/// First come, first served; nobody stands in it twice, and anybody may leave from any place.
///
/// - Complexity: O(1) for everything; nothing is hashed to look at the first, or to pass in a line of one.
struct Line<Member: Hashable & Sendable>: Sendable {
    private struct Neighbours: Sendable {
        var before: Member?
        var after: Member?
    }

    private(set) var first: Member?
    private var last: Member?
    private var neighbours: [Member: Neighbours] = [:]

    var count: Int { neighbours.count }
    var isEmpty: Bool { first == nil }

    func contains(_ member: Member) -> Bool { neighbours[member] != nil }

    /// All of them, the first first.
    var members: [Member] {
        var members: [Member] = []
        var next = first
        while let member = next {
            members.append(member)
            next = neighbours[member]?.after
        }
        return members
    }

    /// Stands at the end; false: it was in line already and keeps its place.
    @discardableResult
    mutating func join(_ member: Member) -> Bool {
        guard neighbours[member] == nil else { return false }
        neighbours[member] = Neighbours(before: last, after: nil)
        if let last { neighbours[last]?.after = member } else { first = member }
        last = member
        return true
    }

    /// Whether it was in line.
    @discardableResult
    mutating func leave(_ member: Member) -> Bool {
        guard let gap = neighbours.removeValue(forKey: member) else { return false }
        if let before = gap.before { neighbours[before]?.after = gap.after } else { first = gap.after }
        if let after = gap.after { neighbours[after]?.before = gap.before } else { last = gap.before }
        return true
    }

    /// The first goes to the end.
    mutating func pass() {
        guard let first, neighbours.count > 1 else { return }
        leave(first)
        join(first)
    }
}
