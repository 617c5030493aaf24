import CoreMetrics
import KintsugiEngine
import Synchronization

/// A classic histogram; each bucket keeps the latest example of what fell into it.
package final class HistogramSeries: RecorderHandler, TimerHandler, MetricSeries {
    package struct Example: Sendable, Hashable {
        package var traceID: String
        package var value: Double
    }

    package struct Contents: Sendable {
        /// How many fell into each bucket alone; one more than there are bounds.
        package var counts: [Int]
        package var examples: [Example?]
        package var sum = 0.0
        package var count: Int { counts.reduce(0, +) }
    }

    package let bounds: [Double]
    private let state: Mutex<Contents>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(
            Contents(
                counts: Array(repeating: 0, count: bounds.count + 1),
                examples: Array(repeating: nil, count: bounds.count + 1)))
    }

    package var contents: Contents { state.withLock { $0 } }

    package func record(_ value: Int64) { record(Double(value)) }

    package func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        let trace = Exemplar.traceID
        state.withLock { contents in
            contents.counts[index] += 1
            contents.sum += value
            if let trace { contents.examples[index] = Example(traceID: trace, value: value) }
        }
    }

    package func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
