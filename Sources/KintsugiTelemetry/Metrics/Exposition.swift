import KintsugiVocabulary

/// What Prometheus reads.
package enum Exposition: Sendable, Hashable {
    /// - Source: Prometheus, "Exposition formats", text format 0.0.4.
    case text
    /// With exemplars.
    /// - Source: OpenMetrics 1.0.0.
    case openMetrics

    /// The better one of those that the client accepts.
    package init(accept: String?) {
        var (open, text) = (0.0, 0.0)
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            let weight =
                parts.dropFirst().lazy.filter { $0.hasPrefix("q=") }.compactMap { Double($0.dropFirst(2)) }
                .first ?? 1
            switch parts.first {
            case "application/openmetrics-text" where !parts.contains("version=0.0.1"):
                open = max(open, weight)
            case "text/plain", "text/*", "*/*": text = max(text, weight)
            default: break
            }
        }
        self = open > 0 && open >= text ? .openMetrics : .text
    }

    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    package func render(_ registry: PrometheusRegistry) -> [UInt8] {
        var text = ""
        for (name, family) in registry.snapshot() { write(name, family, to: &text) }
        if self == .openMetrics { text += "# EOF\n" }
        return Array(text.utf8)
    }

    private func write(_ name: String, _ family: Family, to text: inout String) {
        let isCounter = family.kind == .counter
        let title =
            isCounter && self == .openMetrics && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        let type =
            switch family.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        text += "# HELP \(title) \(family.help)\n# TYPE \(title) \(type)\n"
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case let counter as CounterSeries: line(name, labels, "\(counter.value)", to: &text)
            case let gauge as GaugeSeries: line(name, labels, Self.number(gauge.value), to: &text)
            case let histogram as HistogramSeries: write(name, labels, histogram, to: &text)
            default: break
            }
        }
    }

    private func write(_ name: String, _ labels: String, _ histogram: HistogramSeries, to text: inout String)
    {
        let contents = histogram.contents
        let before = labels.isEmpty ? "" : labels + ","
        var sum = 0
        for (index, count) in contents.counts.enumerated() {
            sum += count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            var value = "\(sum)"
            if self == .openMetrics, let example = contents.examples[index] {
                value += " # {trace_id=\"\(example.traceID)\"} \(Self.number(example.value))"
            }
            line(name + "_bucket", before + "le=\"\(bound)\"", value, to: &text)
        }
        line(name + "_sum", labels, Self.number(contents.sum), to: &text)
        line(name + "_count", labels, "\(sum)", to: &text)
    }

    private func line(_ name: String, _ labels: String, _ value: String, to text: inout String) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// In OpenMetrics a bound is written as a floating-point number, in the other format too.
    private static func number(_ value: Double) -> String { "\(value)" }
}
