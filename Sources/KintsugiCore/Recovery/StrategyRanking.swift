package import KintsugiVocabulary

/// The catalogue in the order of what has worked here.
///
/// First what has mended tasks, ordered by what its success rate is at least, so that 3 of 5 do not go before 900 of
/// 1000; then what was tried too seldom to say, in the catalogue's order; last what was tried often enough and never
/// worked.
package struct StrategyRanking: Sendable, Hashable {
    private let figures: [Remedy: RemedyFigures]

    package init(_ figures: [Remedy: RemedyFigures] = [:]) { self.figures = figures }

    package struct Place: Sendable, Hashable {
        package let entry: StrategyCatalogue.Entry
        /// Nil: it mends nothing, so there is nothing to measure.
        package let figures: RemedyFigures?
    }

    package func places(for type: ErrorType) -> [Place] {
        let places = StrategyCatalogue.entries(for: type).map { entry in
            let found = figures[Remedy(entry.strategy, against: type)] ?? RemedyFigures()
            return Place(entry: entry, figures: entry.strategy.mends ? found : nil)
        }
        return places.enumerated().sorted { lhs, rhs in
            let (left, right) = (lhs.element.worth, rhs.element.worth)
            return left != right ? left > right : lhs.offset < rhs.offset
        }.map(\.element)
    }
}

extension StrategyRanking.Place {
    /// Above 0: it has worked; 0: nobody knows; below: it has not.
    fileprivate var worth: Double {
        guard let figures, figures.isEnough else { return 0 }
        return figures.recovered == 0 ? -1 : figures.lowerBound
    }
}
