public import KintsugiVocabulary

/// An error type with the strategies that fit it, the best first.
public struct ErrorStrategiesResource: Resource {
    public var errorType: ErrorType
    public var description: String
    public var strategies: [StrategyResource]

    package init(errorType: ErrorType, description: String, strategies: [StrategyResource]) {
        self.errorType = errorType
        self.description = description
        self.strategies = strategies
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("error_type", errorType.rawValue)
            json.member("class", errorType.defaultClass.rawValue)
            json.member("description", description)
            json.member("strategies", resources: strategies)
        }
    }
}

/// What a strategy does about one error type, and how well it has done.
public struct StrategyResource: Resource {
    public var strategy: Strategy
    /// From 1.
    public var rank: Int
    public var description: String
    public var parameters: [StrategyParameterResource]
    /// Whether a chain can do it without a person.
    public var isAutomatic: Bool
    /// Nil: it mends nothing, so there is nothing to measure.
    public var measured: MeasuredResource?

    package init(
        strategy: Strategy, rank: Int, description: String, parameters: [StrategyParameterResource],
        isAutomatic: Bool, measured: MeasuredResource?
    ) {
        self.strategy = strategy
        self.rank = rank
        self.description = description
        self.parameters = parameters
        self.isAutomatic = isAutomatic
        self.measured = measured
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("strategy", strategy.rawValue)
            json.member("rank", rank)
            json.member("description", description)
            json.member("parameters", resources: parameters)
            json.member("automatic", isAutomatic)
            json.member("measured", resource: measured)
        }
    }
}

/// How often it was tried here, and how often the task was completed by it.
public struct MeasuredResource: Resource {
    public var tried: Int
    public var recovered: Int
    /// Nil: too few tries to say.
    public var successRate: Double?
    /// What the figures are counted from.
    public var since: String?

    package init(tried: Int, recovered: Int, successRate: Double?, since: String?) {
        self.tried = tried
        self.recovered = recovered
        self.successRate = successRate
        self.since = since
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("tried", tried)
            json.member("recovered", recovered)
            json.member("success_rate", successRate)
            json.member("since", since)
        }
    }
}

/// What a strategy can be told in a chain's step.
public struct StrategyParameterResource: Resource {
    public var name = ""
    /// `integer`, `number`, `string`, `agent_id`, `json` or `task`.
    public var type = ""
    public var isRequired = false
    package var standard: JSONText?
    public var minimum: Double?
    public var maximum: Double?
    public var maxLength: Int?
    /// The words that it may be; nil: any.
    public var values: [String]?
    public var description = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("type", type)
            json.member("required", isRequired)
            json.member("default", json: standard)
            json.member("minimum", minimum)
            json.member("maximum", maximum)
            json.member("max_length", maxLength)
            json.key("values")
            if let values { json.array(of: values) { $0.string($1) } } else { json.null() }
            json.member("description", description)
        }
    }
}
