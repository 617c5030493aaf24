public import KintsugiVocabulary

/// A fallback chain as clients see it.
public struct ChainResource: Resource {
    public var id = ""
    public var name = ""
    /// From 1; every change makes a new one.
    public var version = 1
    public var isEnabled = true
    /// Which tasks it is for besides those that name it.
    public var match: ChainMatchResource?
    public var taskID: String?
    public var steps: [ChainStepResource] = []
    /// Whose it is.
    public var userID = ""
    public var createdAt = ""
    public var updatedAt = ""
    public var createdBy = ""
    public var stats = ChainStatsResource()

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("version", version)
            json.member("enabled", isEnabled)
            json.member("match", resource: match)
            json.member("task_id", taskID)
            json.member("steps", resources: steps)
            json.member("user_id", userID)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
            json.member("created_by", createdBy)
            json.member("stats", resource: stats)
        }
    }
}

/// How often a chain was begun, in all its versions, and how it ended.
public struct ChainStatsResource: Resource {
    public var started = 0
    public var recovered = 0
    public var exhausted = 0
    /// Of those that came to an end; nil: none has.
    public var successRate: Double?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("started", started)
            json.member("recovered", recovered)
            json.member("exhausted", exhausted)
            json.member("success_rate", successRate)
        }
    }
}

/// Which tasks a chain is for: all of what is given must fit.
public struct ChainMatchResource: Resource {
    public var taskType: String?
    public var agentID: String?
    public var errorTypes: [ErrorType] = []
    public var minAmount: String?
    public var userID: String?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("task_type", taskType)
            json.member("agent_id", agentID)
            json.member("error_types", texts: errorTypes.map(\.rawValue))
            json.member("min_amount", minAmount)
            json.member("user_id", userID)
        }
    }
}

/// A step of a chain: the strategy with all of its parameters, those without a value as null.
public struct ChainStepResource: Resource {
    public var strategy: Strategy
    package var parameters: [(name: String, value: JSONText)]
    /// It is tried only after one of these; empty: after any.
    public var errorTypes: [ErrorType]

    package init(strategy: Strategy, parameters: [(name: String, value: JSONText)], errorTypes: [ErrorType]) {
        self.strategy = strategy
        self.parameters = parameters
        self.errorTypes = errorTypes
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("strategy", strategy.rawValue)
            for parameter in parameters {
                json.key(text: parameter.name)
                json.json(parameter.value.bytes)
            }
            json.key("when")
            guard !errorTypes.isEmpty else { return json.null() }
            json.object { $0.member("error_types", texts: errorTypes.map(\.rawValue)) }
        }
    }
}
