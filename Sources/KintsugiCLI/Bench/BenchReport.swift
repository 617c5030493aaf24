import Histogram
import KintsugiVocabulary

/// The figures of all runs.
struct BenchReport: Sendable {
    struct Row: Sendable {
        var name: String
        var title: String
        var unit: String
        /// The row whose figure of the same run is the limit, and how often that work is done for one of these.
        var limit: String?
        var times: Double
        var values: [Double]
    }

    /// Finished tasks that the stores held before.
    let grown: Int
    private(set) var rows: [Row] = []

    init(grown: Int) { self.grown = grown }

    /// Two rows, the median and the 99th percentile of latencies in microseconds.
    mutating func add(_ name: String, _ title: String, _ latencies: [UInt64]) {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for latency in latencies { histogram.record(latency) }
        for percentile in [50, 99] {
            add(
                "\(name).p\(percentile)", "\(title), p\(percentile)",
                Double(histogram.valueAtPercentile(Double(percentile))) / 1000, "ms")
        }
    }

    mutating func add(
        _ name: String, _ title: String, _ value: Double, _ unit: String, share limit: String? = nil,
        times: Double = 1
    ) {
        if let index = rows.firstIndex(where: { $0.name == name }) {
            rows[index].values.append(value)
        } else {
            rows.append(
                Row(name: name, title: title, unit: unit, limit: limit, times: times, values: [value]))
        }
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The median of each run's share of its own limit.
    private func share(_ row: Row) -> Double? {
        guard let limit = rows.first(where: { $0.name == row.limit }), limit.values.count == row.values.count
        else {
            return nil
        }
        return median(zip(row.values, limit.values).map { $0 * row.times / $1 })
    }

    var table: String {
        var lines = [line("", "median", "range", "share of the store's limit")]
        for row in rows {
            let range = "\(text(row.values.min() ?? 0)) – \(text(row.values.max() ?? 0))"
            let share = share(row).map { "\(Int(($0 * 100).rounded())) %" } ?? ""
            lines.append(line(row.title, "\(text(median(row.values))) \(row.unit)", range, share))
        }
        return lines.joined(separator: "\n")
    }

    var json: String {
        let bytes = JSONWriter.object { json in
            json.member("durability", "full")
            json.member("finished_tasks_before", grown)
            json.member("rows", array: rows) { json, row in
                json.object { json in
                    json.member("name", row.name)
                    json.member("unit", row.unit)
                    json.member("median", median(row.values))
                    json.member("min", row.values.min())
                    json.member("max", row.values.max())
                    json.member("share_of_raw_limit", share(row))
                }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func line(_ title: String, _ median: String, _ range: String, _ share: String) -> String {
        pad(title, 42) + pad(median, 18) + pad(range, 22) + share
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// Thousands apart, decimals only for small numbers.
    private func text(_ value: Double) -> String {
        if value < 100 { return "\((value * 100).rounded() / 100)" }
        var digits = Array(String(Int(value.rounded())))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}
