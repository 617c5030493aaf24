import KintsugiCore
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension StatsResource {
    /// - Parameter forAdmin: others do not see why a person forced a breaker.
    package init(_ span: SeriesSpan, _ buckets: [SeriesBucket], _ changes: [RecordChange], forAdmin: Bool) {
        self.init(
            from: span.from.rfc3339, to: span.to.rfc3339, window: span.to - span.from, bucket: span.bucket,
            data: buckets.map(StatsBucketResource.init),
            marks: changes.compactMap { StatsMarkResource($0, forAdmin: forAdmin) })
    }
}

extension StatsBucketResource {
    init(_ bucket: SeriesBucket) {
        self.init()
        let activity = bucket.activity
        at = bucket.at.rfc3339
        created = bucket.created
        completed = activity.completed
        failed = activity.failed
        cancelled = activity.cancelled
        retried = activity.retried
        active = bucket.active
        let ended = activity.completed + activity.failed
        failureRate = ended == 0 ? nil : Double(activity.failed) / Double(ended)
        execution = ExecutionTimes(activity.durations, sum: activity.durationSum)
    }
}

extension ExecutionTimes {
    /// - Parameter counts: By bucket of `DurationBuckets`.
    package init(_ counts: [Int: Int], sum: Int64) {
        self.init()
        let count = counts.values.reduce(0, +)
        guard count > 0 else { return }
        average = (Double(sum) / Double(count)).rounded()
        p50 = DurationBuckets.percentile(0.5, of: counts)
        p95 = DurationBuckets.percentile(0.95, of: counts)
        p99 = DurationBuckets.percentile(0.99, of: counts)
    }
}

extension AgentStatsResource {
    package init(_ figures: AgentFigures, window: Int64) {
        self.init()
        self.window = window
        succeeded = figures.succeeded
        failed = figures.failed
        execution = ExecutionTimes(figures.durations, sum: figures.durationSum)
        errors = figures.errors
        running = figures.inProgress
        waiting = max(0, figures.unfinished - figures.inProgress)
    }
}

extension StatsMarkResource {
    /// Nil: the change is none of a breaker.
    init?(_ change: RecordChange, forAdmin: Bool) {
        guard change.kind == .provider, let type = change.event.markType else { return nil }
        let reason = forAdmin ? (try? JSONNode(parsing: change.data.bytes))?["reason"]?.string : nil
        self.init(at: change.at.rfc3339, type: type, provider: change.key, reason: reason)
    }
}

extension RecordEventType {
    /// As tasks' timelines call it, where they do; nil: not of a breaker.
    fileprivate var markType: String? {
        switch self {
        case .breakerOpened: EventType.circuitBreakerOpened.rawValue
        case .breakerHalfOpened: EventType.circuitBreakerHalfOpened.rawValue
        case .breakerClosed: EventType.circuitBreakerClosed.rawValue
        case .breakerForcedOpen, .breakerForcedClosed: rawValue
        default: nil
        }
    }
}
