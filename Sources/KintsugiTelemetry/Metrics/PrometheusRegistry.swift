package import CoreMetrics
package import KintsugiVocabulary
import Synchronization

/// A swift-metrics backend that Prometheus can read.
///
/// Ours are known by `MetricName`, which gives their kind, help and buckets. What others would record through swift-metrics
/// is served under a name that Prometheus accepts.
package final class PrometheusRegistry: MetricsFactory {
    private let families = Mutex<[String: Family]>([:])
    private let names: [String: MetricName]

    /// - Parameter root: Stands before the names that are fixed by the product.
    package init(root: String) {
        var names: [String: MetricName] = [:]
        for name in MetricName.allCases { names[name.text(root: root)] = name }
        self.names = names
    }

    /// All as they are now, by name.
    package func snapshot() -> [(name: String, family: Family)] {
        families.withLock { $0.map { ($0.key, $0.value) } }.sorted { $0.0 < $1.0 }
    }

    /// Sets a metric that is read from elsewhere and has no labels.
    func set(_ name: String, _ kind: MetricName.Kind, _ help: String, to value: Double) {
        let series = families.withLock { families in
            let family = families[name] ?? Family(kind: kind, help: help, series: ["": GaugeSeries()])
            families[name] = family
            return family.series[""]
        }
        (series as? GaugeSeries)?.set(value)
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, .counter, dimensions, CounterSeries()) ?? CounterSeries()
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
        -> any RecorderHandler
    {
        guard aggregate else { return series(label, .gauge, dimensions, GaugeSeries()) ?? GaugeSeries() }
        let bounds = Self.bounds(names[label])
        let fresh = HistogramSeries(bounds: bounds)
        return series(label, .histogram(bounds), dimensions, fresh) ?? fresh
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, .gauge, dimensions, GaugeSeries()) ?? GaugeSeries()
    }

    /// Timers report nanoseconds; we serve seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let bounds = Self.bounds(names[label])
        let fresh = HistogramSeries(bounds: bounds)
        return series(label, .histogram(bounds), dimensions, fresh, unit: "_seconds") ?? fresh
    }

    // Series stay for as long as the process: a counter that goes away looks like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Series

    /// The series of these labels, made if it is new; nil: the name is taken by another kind.
    private func series<Series: MetricSeries>(
        _ label: String, _ kind: MetricName.Kind, _ dimensions: [(String, String)], _ fresh: Series,
        unit: String = ""
    ) -> Series? {
        let name = names[label] == nil ? Self.acceptable(label, kind, unit: unit) : label
        let help = names[label]?.help ?? "From \(label)."
        let labels = Self.text(of: dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: help)
            if let known = family.series[labels] { return known as? Series }
            guard family.kind == kind else { return nil }
            family.series[labels] = fresh
            families[name] = family
            return fresh
        }
    }

    private static func bounds(_ name: MetricName?) -> [Double] {
        if case .histogram(let bounds)? = name?.kind { return bounds }
        return [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]
    }

    /// - Source: Prometheus, "Data model" and "Metric and label naming".
    private static func acceptable(_ label: String, _ kind: MetricName.Kind, unit: String) -> String {
        var name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        if name.first.map(\.isNumber) ?? true { name = "_" + name }
        if !name.hasSuffix(unit) { name += unit }
        if kind == .counter, !name.hasSuffix("_total") { name += "_total" }
        return name
    }

    /// The labels as they are written, without braces.
    private static func text(of dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in "\(labelName(name))=\"\(escaped(value))\"" }.joined(separator: ",")
    }

    private static func labelName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}

/// All series of one name.
package struct Family: Sendable {
    package let kind: MetricName.Kind
    package let help: String
    /// By their labels as they are written.
    package var series: [String: any MetricSeries] = [:]
}

package protocol MetricSeries: AnyObject, Sendable {}

package final class CounterSeries: CounterHandler, MetricSeries {
    private let total = Atomic<Int64>(0)
    package var value: Int64 { total.load(ordering: .relaxed) }

    package func increment(by amount: Int64) { total.add(amount, ordering: .relaxed) }
    package func reset() { total.store(0, ordering: .relaxed) }
}

package final class GaugeSeries: RecorderHandler, MeterHandler, MetricSeries {
    private let level = Mutex(0.0)
    package var value: Double { level.withLock { $0 } }

    package func record(_ value: Int64) { set(Double(value)) }
    package func record(_ value: Double) { set(value) }
    package func set(_ value: Int64) { set(Double(value)) }
    package func set(_ value: Double) { level.withLock { $0 = value } }
    package func increment(by amount: Double) { level.withLock { $0 += amount } }
    package func decrement(by amount: Double) { level.withLock { $0 -= amount } }
}
