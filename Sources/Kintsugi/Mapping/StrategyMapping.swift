package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary
package import KintsugiWire

extension ErrorStrategiesResource {
    package init(_ type: ErrorType, _ measured: MeasuredRemedies) {
        let places = StrategyRanking(measured.figures).places(for: type)
        self.init(
            errorType: type, description: StrategyCatalogue.about(type),
            strategies: places.enumerated().map { index, place in
                StrategyResource(place, rank: index + 1, since: measured.since)
            })
    }
}

extension StrategyResource {
    init(_ place: StrategyRanking.Place, rank: Int, since: Timestamp?) {
        self.init(
            strategy: place.entry.strategy, rank: rank, description: place.entry.about,
            parameters: place.entry.strategy.parameters.map(StrategyParameterResource.init),
            isAutomatic: place.entry.isAutomatic,
            measured: place.figures.map { MeasuredResource($0, since: since) })
    }
}

extension MeasuredResource {
    init(_ figures: RemedyFigures, since: Timestamp?) {
        self.init(
            tried: figures.tried, recovered: figures.recovered, successRate: figures.successRate,
            since: figures.tried == 0 ? nil : since?.rfc3339)
    }
}

extension StrategyParameterResource {
    init(_ parameter: StrategyParameter) {
        self.init()
        name = parameter.name
        isRequired = parameter.isRequired
        standard = parameter.standard
        description = parameter.about
        switch parameter.kind {
        case .whole(let range):
            (type, minimum, maximum) = ("integer", Double(range.lowerBound), Double(range.upperBound))
        case .number(let range): (type, minimum, maximum) = ("number", range.lowerBound, range.upperBound)
        case .text(let length): (type, maxLength) = ("string", length)
        case .word(let words): (type, values) = ("string", words)
        case .agent: type = "agent_id"
        case .json: type = "json"
        case .task: type = "task"
        }
    }
}

extension StrategyRanking {
    /// What a person may try with this failure, the best first; nil: it was cancelled.
    package func names(for type: ErrorType?) -> [String] {
        places(for: type ?? .cancelled).map(\.entry.strategy.rawValue)
    }
}
