package import KintsugiCore
package import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension ChainResource {
    package init(_ record: ChainRecord, _ figures: ChainFigures) {
        self.init()
        let chain = record.chain
        id = chain.id.description
        name = chain.name
        version = chain.version
        isEnabled = chain.isEnabled
        match = chain.match.map(ChainMatchResource.init)
        taskID = chain.taskID?.description
        steps = chain.steps.map(ChainStepResource.init)
        userID = chain.owner.rawValue
        createdAt = record.createdAt.rfc3339
        updatedAt = record.updatedAt.rfc3339
        createdBy = Actor.shown(record.createdBy)
        stats = ChainStatsResource(figures)
    }
}

extension ChainStatsResource {
    package init(_ figures: ChainFigures) {
        self.init()
        started = figures.started
        recovered = figures.recovered
        exhausted = figures.exhausted
        successRate = figures.successRate
    }
}

extension ChainMatchResource {
    init(_ match: ChainMatch) {
        self.init()
        taskType = match.taskType
        agentID = match.agentID?.rawValue
        errorTypes = match.errorTypes
        minAmount = match.minAmount
        userID = match.userID?.rawValue
    }
}

extension ChainStepResource {
    /// The parameters that the strategy has, as they are stored, in the catalogue's order.
    package init(_ step: FallbackStep) {
        var json = JSONWriter()
        StepCodec.write(step, into: &json)
        let stored = try? JSONNode(parsing: json.bytes, maxDepth: JSONNode.maxDepth + 8)
        var values: [(name: String, value: JSONText)] = step.strategy.parameters.map { parameter in
            let value = stored?[parameter.name].map { JSONText(valid: Array(json.bytes[$0.range])) }
            return (parameter.name, value ?? .null)
        }
        if case .compensate(let task) = step.way { values = [("task", task.shown)] }
        self.init(strategy: step.strategy, parameters: values, errorTypes: step.errorTypes)
    }
}

extension Compensation {
    /// With all its members, those without a value as null.
    fileprivate var shown: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("type", type)
                json.member("agent_id", agentID?.rawValue)
                json.member("capability", capability)
                json.member("input", json: input)
                json.member("priority", priority)
                json.member("timeout_ms", timeout)
            })
    }
}
