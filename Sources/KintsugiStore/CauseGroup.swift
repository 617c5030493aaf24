package import KintsugiCore
package import KintsugiVocabulary

/// The dead letters of one cause: of one user, or of everybody.
package struct CauseGroup: Sendable, Hashable {
    /// The order in which causes were first seen, by which equals are sorted; each store has numbers of its own.
    package var number: Int64
    package var fingerprint: String
    package var signature: ErrorSignature
    package var counts: [DeadLetterStatus: Int]
    package var firstSeen: Timestamp
    package var lastSeen: Timestamp
    /// By name, the first `maxAgents` of them.
    package var agents: [AgentCount]
    /// Money of the pending ones, by currency.
    package var pendingValue: [String: String]
    /// The newest entry.
    package var sample: DeadLetter

    package static let maxAgents = 20

    package struct AgentCount: Sendable, Hashable {
        package var agent: AgentID
        package var total: Int
        package var pending: Int

        package init(agent: AgentID, total: Int, pending: Int) {
            self.agent = agent
            self.total = total
            self.pending = pending
        }
    }

    package init(
        number: Int64, fingerprint: String, signature: ErrorSignature, counts: [DeadLetterStatus: Int],
        firstSeen: Timestamp, lastSeen: Timestamp, agents: [AgentCount], pendingValue: [String: String],
        sample: DeadLetter
    ) {
        self.number = number
        self.fingerprint = fingerprint
        self.signature = signature
        self.counts = counts
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.agents = agents
        self.pendingValue = pendingValue
        self.sample = sample
    }

    package var total: Int { counts.values.reduce(0, +) }
    package var pending: Int { counts[.pending] ?? 0 }
}

/// Which groups. Nil members mean all.
package struct CauseGroupQuery: Sendable, Hashable {
    package enum Sort: String, Sendable, Hashable, CaseIterable {
        /// By the pending ones, or by all that ever were if those without pending ones are asked for too.
        case count
        case lastSeen = "last_seen"
    }

    package var user: UserID?
    /// Only groups in which something waits for somebody.
    package var pendingOnly = true
    package var agent: AgentID?
    package var errorType: ErrorType?
    package var sort = Sort.count
    package var after: CauseGroupCursor?
    package var limit = 50

    package init() {}

    /// What it sorts by, greatest first.
    package func rank(_ group: CauseGroup) -> Int64 {
        switch sort {
        case .count: Int64(pendingOnly ? group.pending : group.total)
        case .lastSeen: group.lastSeen.milliseconds
        }
    }
}

/// Where a list of groups goes on: after this rank and number.
package struct CauseGroupCursor: Sendable, Hashable {
    package let rank: Int64
    package let number: Int64

    package init(rank: Int64, number: Int64) {
        self.rank = rank
        self.number = number
    }
}

package struct CauseGroupPage: Sendable {
    package var groups: [CauseGroup]
    package var next: CauseGroupCursor?

    package init(groups: [CauseGroup], next: CauseGroupCursor?) {
        self.groups = groups
        self.next = next
    }
}

/// Where an entry of the dead letter queue is, without its task: for those who go through many.
package struct DeadLetterPlace: Sendable, Hashable {
    package var id: DeadLetterID
    package var number: Int64
    package var task: TaskNumber

    package init(id: DeadLetterID, number: Int64, task: TaskNumber) {
        self.id = id
        self.number = number
        self.task = task
    }
}

extension DeadLetter {
    /// What it has in common with others of its cause.
    package var signature: ErrorSignature { task.state.signature(of: reason) }

    /// Whether its task is our own doing: such entries are in no group.
    package var isInternal: Bool { task.state.spec.origin == .internal }
}
