package import KintsugiVocabulary

/// Other ways to try, in order, when automatic retries are not enough.
package struct FallbackChain: Sendable, Hashable {
    package var id: UUID7
    package var name: String
    /// From 1; every change makes a new one. A task runs the chain as it was when it began.
    package var version: Int
    package var isEnabled: Bool
    /// Which tasks it is for besides those that name it; nil: none.
    package var match: ChainMatch?
    /// The one task it is for.
    package var taskID: TaskID?
    package var steps: [FallbackStep]
    package var owner: UserID

    package init(
        id: UUID7, name: String, version: Int = 1, isEnabled: Bool = true, match: ChainMatch? = nil,
        taskID: TaskID? = nil, steps: [FallbackStep], owner: UserID
    ) {
        self.id = id
        self.name = name
        self.version = version
        self.isEnabled = isEnabled
        self.match = match
        self.taskID = taskID
        self.steps = steps
        self.owner = owner
    }
}

/// Which tasks a chain is for: all of what is given must fit.
package struct ChainMatch: Sendable, Hashable {
    package var taskType: String?
    package var agentID: AgentID?
    /// Empty: any.
    package var errorTypes: [ErrorType]
    package var minAmount: String?
    package var userID: UserID?

    package init(
        taskType: String? = nil, agentID: AgentID? = nil, errorTypes: [ErrorType] = [],
        minAmount: String? = nil, userID: UserID? = nil
    ) {
        self.taskType = taskType
        self.agentID = agentID
        self.errorTypes = errorTypes
        self.minAmount = minAmount
        self.userID = userID
    }
}

/// What the rules of recovery need to know of a task.
package struct TaskSubject: Sendable, Hashable {
    package var id: TaskID
    package var type: String
    package var userID: UserID
    package var agentID: AgentID?
    /// Of its last failure.
    package var errorType: ErrorType?
    package var amount: String?
    /// The chain it names.
    package var chainID: String?
    package var origin: TaskOrigin

    package init(
        id: TaskID, type: String, userID: UserID, agentID: AgentID? = nil, errorType: ErrorType? = nil,
        amount: String? = nil, chainID: String? = nil, origin: TaskOrigin = .user
    ) {
        self.id = id
        self.type = type
        self.userID = userID
        self.agentID = agentID
        self.errorType = errorType
        self.amount = amount
        self.chainID = chainID
        self.origin = origin
    }
}
