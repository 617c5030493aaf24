import KintsugiVocabulary

/// Deals work out among agents in proportion to their shares, evenly: of four tasks between shares 3 and 1 the
/// second agent gets one, and not four of sixteen in a row.
///
/// - Source: smooth weighted round robin, nginx `ngx_http_upstream_get_peer`.
struct Rotation: Sendable, Hashable {
    /// What each has to come, in shares of one task; below 0 after it got one.
    private var credits: [AgentID: Double] = [:]

    /// The candidates, whoever's turn it is first; equal ones by id.
    func order(_ candidates: [(id: AgentID, share: Double)]) -> [AgentID] {
        let total = Self.total(candidates)
        func credit(_ candidate: (id: AgentID, share: Double)) -> Double {
            (credits[candidate.id] ?? 0) + candidate.share / total
        }
        return candidates.map { ($0.id, credit($0)) }.sorted { left, right in
            left.1 == right.1 ? left.0.rawValue < right.0.rawValue : left.1 > right.1
        }.map(\.0)
    }

    /// This one got the task that any of these could have had.
    ///
    /// Nobody's credit goes beyond two tasks, so that what it missed under other shares does not come all at once.
    mutating func took(_ id: AgentID, among candidates: [(id: AgentID, share: Double)]) {
        let total = Self.total(candidates)
        for candidate in candidates {
            let credit = (credits[candidate.id] ?? 0) + candidate.share / total
            credits[candidate.id] = min(2, max(-2, candidate.id == id ? credit - 1 : credit))
        }
    }

    mutating func forget(_ id: AgentID) { credits[id] = nil }

    private static func total(_ candidates: [(id: AgentID, share: Double)]) -> Double {
        max(candidates.reduce(0) { $0 + $1.share }, .leastNormalMagnitude)
    }
}
