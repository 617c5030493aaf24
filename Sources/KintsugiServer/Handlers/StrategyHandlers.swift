import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// The catalogue of strategies, ordered by what has worked here.
enum StrategyHandlers {
    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let measured = try await exchange.measuredRemedies()
        let all = StrategyCatalogue.errorTypes.map { ErrorStrategiesResource($0, measured) }
        return Answer(.ok, ListResource(data: all, nextCursor: nil))
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        guard let type = ErrorType(rawValue: try exchange.parameter("error_type")) else {
            let known = StrategyCatalogue.errorTypes.map(\.rawValue).joined(separator: ", ")
            throw Problem(.notFound, "There is no such error type. Those there are: \(known).")
        }
        return Answer(.ok, ErrorStrategiesResource(type, try await exchange.measuredRemedies()))
    }
}

extension Exchange {
    func measuredRemedies() async throws -> MeasuredRemedies {
        let store = engine.store
        return try await engine.reading { () async throws(StoreError) in try await store.remedies() }
    }

    /// What to suggest first.
    func ranking() async throws -> StrategyRanking { StrategyRanking(try await measuredRemedies().figures) }
}
