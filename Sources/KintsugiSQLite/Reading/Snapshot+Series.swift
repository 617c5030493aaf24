import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Counters of each minute, in buckets.
extension Snapshot {
    static let seriesSQL = """
        SELECT minute, kind, value FROM stats WHERE subject_no = ? AND minute >= ? AND minute < ?
        """
    /// Days lie below -1, later ones deeper.
    static let growthSQL = """
        SELECT coalesce(sum(value), 0) FROM stats WHERE subject_no = ? AND minute <= ? AND kind = ?
        """

    /// Reads the minutes from the first bucket to the end of the last one's day, and the days after it.
    ///
    /// - Complexity: O(minutes × kinds of counters that are not zero in them + days since).
    func series(of user: UserID?, _ span: SeriesSpan) throws(ReadFault) -> [SeriesBucket] {
        var buckets = span.buckets
        guard let subject = try subject(user) else { return buckets }
        let nextDay = (max(0, span.to.minute) + StatKind.minutesPerDay - 1) / StatKind.minutesPerDay
        var later = try growth(of: subject, fromDay: nextDay)
        let select = try statement(Self.seriesSQL)
        select.bind(1, subject)
        select.bind(2, max(0, span.from.minute))
        select.bind(3, nextDay * StatKind.minutesPerDay)
        while try select.next() {
            let (minute, kind, value) = (select.int(0), Int(select.int(1)), Int(select.int(2)))
            let index = Int((minute - span.from.minute) / span.minutesPerBucket)
            if index < buckets.count {
                buckets[index].count(kind, value)
            } else {
                later += Int(StatKind.growth(by: kind)) * value
            }
        }
        let totals = try totals(of: user)
        let unfinished = TaskStatus.allCases.filter { !$0.isFinal }.reduce(0) { $0 + (totals.tasks[$1] ?? 0) }
        buckets.countActive(atEnd: unfinished - later)
        return buckets
    }

    /// By how much the number of unfinished tasks has grown from that day on.
    private func growth(of subject: Int64, fromDay day: Int64) throws(ReadFault) -> Int {
        let select = try statement(Self.growthSQL)
        select.bind(1, subject)
        select.bind(2, StatKind.day(of: day * StatKind.minutesPerDay))
        select.bind(3, StatKind.growth)
        return try select.first { Int($0.int(0)) } ?? 0
    }
}

extension SeriesBucket {
    fileprivate mutating func count(_ kind: Int, _ value: Int) {
        switch kind {
        case StatKind.created: created += value
        case StatKind.requeued: requeued += value
        default: activity.count(kind, value)
        }
    }
}

extension Activity {
    /// Takes a counter in.
    mutating func count(_ kind: Int, _ value: Int) {
        switch kind {
        case StatKind.completed: completed += value
        case StatKind.failed: failed += value
        case StatKind.cancelled: cancelled += value
        case StatKind.retried: retried += value
        case StatKind.durationSum: durationSum += Int64(value)
        case StatKind.durations...: durations[kind - StatKind.durations, default: 0] += value
        default: break
        }
    }
}
