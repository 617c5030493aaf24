package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// What an act on many is asked to do.
package struct BulkPlan: Sendable, Hashable {
    /// Which of them. The user in it is the scope: an operator's own.
    package enum Target: Sendable, Hashable {
        case deadLetters(DeadLetterQuery)
        case tasks(TaskQuery)
    }

    package var target: Target
    package var order: BulkRules.Order
    /// Acts a second, at most; nil: as fast as it goes.
    package var maxPerSecond: Int?
    package var hasCanary: Bool
    /// Whose operation it is: who sees it and may pause it.
    package var owner: UserID

    package init(
        target: Target, order: BulkRules.Order, maxPerSecond: Int? = nil, hasCanary: Bool = false,
        owner: UserID
    ) {
        self.target = target
        self.order = order
        self.maxPerSecond = maxPerSecond
        self.hasCanary = hasCanary
        self.owner = owner
    }
}

/// An act on many as its record holds it.
package struct BulkRecord: Sendable, Hashable {
    package var id: UUID7
    package var plan: BulkPlan
    package var progress: BulkProgress
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var finishedAt: Timestamp?
    /// Of the record.
    package var version: Int

    package init(
        id: UUID7, plan: BulkPlan, progress: BulkProgress, createdAt: Timestamp, updatedAt: Timestamp,
        finishedAt: Timestamp? = nil, version: Int = 0
    ) {
        self.id = id
        self.plan = plan
        self.progress = progress
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.finishedAt = finishedAt
        self.version = version
    }

    /// What an act would meet, without acting.
    package struct Preview: Sendable {
        package var matched: Int
        /// How many of those that were named are not there.
        package var unknown: Int
        package var deadLetters: [DeadLetter]
        package var tasks: [StoredTask]
    }
}
