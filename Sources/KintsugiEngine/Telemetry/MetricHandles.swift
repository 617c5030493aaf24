package import CoreMetrics
package import KintsugiVocabulary

/// Metric handles, made once for each combination of labels, with a bound on how many there can be.
package struct MetricHandles {
    private let factory: any MetricsFactory
    private let root: String
    private var counters: [Key: Counter] = [:]
    private var recorders: [Key: Recorder] = [:]
    private var known: [String: Set<String>] = [:]

    /// Of one label's values so many stand for themselves; the rest is `other`.
    package static let mostValues = 100
    static let other = "other"

    private struct Key: Hashable {
        var name: MetricName
        var values: [String]
    }

    package init(factory: any MetricsFactory, root: String) {
        self.factory = factory
        self.root = root
    }

    /// The values stand at their labels' places; those that anybody can choose are bounded.
    package mutating func count(_ name: MetricName, _ values: String..., by amount: Int = 1) {
        let key = self.key(name, values)
        if let counter = counters[key] { return counter.increment(by: amount) }
        let counter = Counter(
            label: name.text(root: root), dimensions: Self.dimensions(key), factory: factory)
        counters[key] = counter
        counter.increment(by: amount)
    }

    package mutating func record(_ name: MetricName, _ values: String..., value: Double) {
        recorder(key(name, values)).record(value)
    }

    /// A level; what is beyond the bound has none, since one would stand for many.
    package mutating func set(_ name: MetricName, _ values: String..., to value: Double) {
        let key = self.key(name, values)
        guard !key.values.contains(Self.other) else { return }
        recorder(key).record(value)
    }

    private mutating func recorder(_ key: Key) -> Recorder {
        if let recorder = recorders[key] { return recorder }
        let isHistogram = if case .histogram = key.name.kind { true } else { false }
        let recorder = Recorder(
            label: key.name.text(root: root), dimensions: Self.dimensions(key), aggregate: isHistogram,
            factory: factory)
        recorders[key] = recorder
        return recorder
    }

    private mutating func key(_ name: MetricName, _ values: [String]) -> Key {
        var key = Key(name: name, values: values)
        for (index, label) in name.labels.enumerated() where Self.isOpen(label) {
            key.values[index] = bounded(values[index], of: label)
        }
        return key
    }

    /// Whether anybody who makes tasks, agents or channels chooses the values.
    private static func isOpen(_ label: String) -> Bool {
        label == "type" || label == "provider" || label == "channel"
    }

    private mutating func bounded(_ value: String, of label: String) -> String {
        if known[label]?.contains(value) ?? false { return value }
        guard known[label, default: []].count < Self.mostValues else { return Self.other }
        known[label, default: []].insert(value)
        return value
    }

    private static func dimensions(_ key: Key) -> [(String, String)] {
        Array(zip(key.name.labels, key.values))
    }
}

/// What a value that is recorded now is an example of.
package enum Exemplar {
    @TaskLocal package static var traceID: String?
}
