package import KintsugiCore

/// Whole minutes, cut into equal buckets.
package struct SeriesSpan: Sendable, Hashable {
    /// When the first bucket begins; a whole minute.
    package let from: Timestamp
    package let minutesPerBucket: Int64
    package let count: Int

    package init(from: Timestamp, minutesPerBucket: Int64, count: Int) {
        precondition(from == from.startOfMinute, "\(from) is no whole minute")
        precondition(minutesPerBucket > 0 && count > 0, "\(count) buckets of \(minutesPerBucket) minutes")
        self.from = from
        self.minutesPerBucket = minutesPerBucket
        self.count = count
    }

    package var bucket: Milliseconds { minutesPerBucket * 60_000 }
    /// When the last bucket ends and no longer counts.
    package var to: Timestamp { from + Milliseconds(count) * bucket }

    /// Its buckets, with nothing in them.
    package var buckets: [SeriesBucket] {
        (0..<count).map { SeriesBucket(at: from + Milliseconds($0) * bucket) }
    }

    /// The bucket of a time; nil: before the first or after the last.
    package func index(of time: Timestamp) -> Int? {
        guard time >= from, time < to else { return nil }
        return Int((time - from) / bucket)
    }
}

/// What happened from `at` on until the next bucket begins.
package struct SeriesBucket: Sendable, Hashable {
    package var at: Timestamp
    package var created = 0
    /// Ended tasks of which a new round began.
    package var requeued = 0
    package var activity = Activity()
    /// Tasks that had not ended when the bucket did.
    package var active = 0

    package init(at: Timestamp) { self.at = at }

    /// How many more tasks were unfinished at its end than at its beginning.
    package var growth: Int { created + requeued - activity.completed - activity.failed - activity.cancelled }
}

extension [SeriesBucket] {
    /// Works out how many tasks were unfinished at the end of each, from how many were at the end of the last.
    package mutating func countActive(atEnd last: Int) {
        var active = last
        for index in indices.reversed() {
            self[index].active = active
            active -= self[index].growth
        }
    }
}
