import KintsugiVocabulary

/// Which chain a task runs: the one it names, else the one made for it, else the one that fits it best.
///
/// A value that shares its storage: copies cost nothing, and an empty one does not even count references. Chains
/// that are switched off are as if they were not there. A task that names a chain runs that one or none, whatever
/// else would fit: somebody chose, and another one in its place would be a surprise. Owners are not looked at; who
/// may make a chain for whom is the API's to see to, by `match.user_id`.
package struct ChainBook: Sendable {
    private var shelves: Shelves?

    /// Never changed once made.
    private final class Shelves: Sendable {
        let chains: [UUID7: FallbackChain]
        let ofTask: [TaskID: [UUID7]]
        /// Chains with a match, by the narrowest of its members, so that few are looked at for a task.
        let matching: [Shelf: [UUID7]]

        init(_ chains: [UUID7: FallbackChain]) {
            var ofTask: [TaskID: [UUID7]] = [:]
            var matching: [Shelf: [UUID7]] = [:]
            for chain in chains.values where chain.isEnabled {
                if let task = chain.taskID { ofTask[task, default: []].append(chain.id) }
                if let match = chain.match { matching[Shelf(match), default: []].append(chain.id) }
            }
            self.chains = chains
            self.ofTask = ofTask
            self.matching = matching
        }
    }

    fileprivate enum Shelf: Hashable, Sendable {
        case agent(AgentID)
        case type(String)
        case user(UserID)
        case any

        init(_ match: ChainMatch) {
            if let agent = match.agentID {
                self = .agent(agent)
            } else if let type = match.taskType {
                self = .type(type)
            } else if let user = match.userID {
                self = .user(user)
            } else {
                self = .any
            }
        }
    }

    package init() {}

    /// - Complexity: O(chains): they change rarely and are asked for with every failure, so a change makes a new book.
    package init(_ chains: [FallbackChain]) {
        var all: [UUID7: FallbackChain] = [:]
        for chain in chains { all[chain.id] = chain }
        shelves = all.isEmpty ? nil : Shelves(all)
    }

    package var isEmpty: Bool { shelves == nil }

    /// The chain that this task runs; nil: none.
    package func chain(for subject: TaskSubject) -> FallbackChain? {
        guard let shelves, subject.origin != .internal else { return nil }
        if let name = subject.chainID {
            return UUID7(name).flatMap { shelves.chains[$0] }.flatMap { $0.isEnabled ? $0 : nil }
        }
        if let bound = best(shelves.ofTask[subject.id], for: subject, { _ in true }) { return bound }
        var best: FallbackChain?
        for shelf in subject.shelves {
            let found = self.best(shelves.matching[shelf], for: subject) { $0.match?.fits(subject) ?? false }
            if let found, best.map({ found.goesBefore($0) }) ?? true { best = found }
        }
        return best
    }

    private func best(
        _ ids: [UUID7]?, for subject: TaskSubject, _ fits: (FallbackChain) -> Bool
    ) -> FallbackChain? {
        var best: FallbackChain?
        for id in ids ?? [] {
            guard let chain = shelves?.chains[id], fits(chain), chain.mayRun(for: subject) else { continue }
            if best.map({ chain.goesBefore($0) }) ?? true { best = chain }
        }
        return best
    }
}

extension ChainBook: Hashable {
    package static func == (lhs: ChainBook, rhs: ChainBook) -> Bool {
        lhs.shelves === rhs.shelves || lhs.shelves?.chains == rhs.shelves?.chains
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(shelves?.chains.count) }
}

extension TaskSubject {
    fileprivate var shelves: [ChainBook.Shelf] {
        var keys: [ChainBook.Shelf] = [.any, .type(type), .user(userID)]
        if let agentID { keys.append(.agent(agentID)) }
        return keys
    }
}

extension FallbackChain {
    /// The most specific first, then the newest.
    fileprivate func goesBefore(_ other: FallbackChain) -> Bool {
        let (mine, its) = (match?.specificity ?? 0, other.match?.specificity ?? 0)
        return mine != its ? mine > its : id > other.id
    }

    /// A chain that makes compensations is not for one of them: it would go on for ever.
    fileprivate func mayRun(for subject: TaskSubject) -> Bool {
        subject.origin != .compensation || !steps.contains { $0.strategy == .compensate }
    }
}

extension ChainMatch {
    /// How many members are given.
    package var specificity: Int {
        [taskType != nil, agentID != nil, !errorTypes.isEmpty, minAmount != nil, userID != nil].count { $0 }
    }

    package func fits(_ subject: TaskSubject) -> Bool {
        if let taskType, taskType != subject.type { return false }
        if let agentID, agentID != subject.agentID { return false }
        if let userID, userID != subject.userID { return false }
        if !errorTypes.isEmpty, !(subject.errorType.map(errorTypes.contains) ?? false) { return false }
        if let minAmount {
            guard let amount = subject.amount, Decimal.compare(amount, minAmount) >= 0 else { return false }
        }
        return true
    }
}
