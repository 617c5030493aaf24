import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Figures over time. None of them costs more when there are more tasks.
enum StatsHandlers {
    static let hour: Milliseconds = 3_600_000
    /// A minute to 31 days.
    static let windows: ClosedRange<Int64> = 60_000...2_678_400_000
    private static let maxBuckets = 1_000
    private static let maxMarks = 1_000

    @Sendable static func series(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let span = try span(&query, at: exchange.now)
        let (store, user) = (exchange.engine.store, exchange.caller.scope.user)
        let (buckets, changes) = try await exchange.engine.reading { () async throws(StoreError) in
            (
                try await store.series(of: user, span),
                try await store.recordChanges([.provider], at: span.from..<span.to, limit: maxMarks)
            )
        }
        return Answer(.ok, StatsResource(span, buckets, changes, forAdmin: exchange.caller.isAdmin))
    }

    @Sendable static func agent(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        var query = exchange.query
        let window = query.whole("window", windows) ?? hour
        try query.check(["window"])
        _ = try exchange.agent(id)
        return Answer(.ok, try await exchange.stats(of: [id], window: window)[0])
    }

    /// Whole buckets, of which the last holds the time asked for; they begin where a multiple of their length does.
    private static func span(_ query: inout Query, at now: Timestamp) throws(Problem) -> SeriesSpan {
        let window = query.whole("window", windows) ?? hour
        let bucket = query.whole("bucket", windows) ?? 60_000
        let end = query.time("to") ?? now + 1
        if bucket % 60_000 != 0 { query.add("bucket", "must be a multiple of 60000") }
        let count = Int((window + bucket - 1) / bucket)
        if count > maxBuckets {
            query.add("bucket", "must not cut the window into more than \(maxBuckets) buckets")
        }
        if end.milliseconds <= 0 { query.add("to", "must be later than 1970") }
        try query.check(["window", "bucket", "to"])
        let last = (max(1, end.milliseconds) + bucket - 1) / bucket * bucket
        let from = Timestamp(milliseconds: last - Int64(count) * bucket)
        return SeriesSpan(from: from, minutesPerBucket: bucket / 60_000, count: count)
    }
}

extension Exchange {
    /// How these agents' attempts went in the window that ends now, each at its agent's place.
    func stats(of agents: [AgentID], window: Milliseconds) async throws -> [AgentStatsResource] {
        let (store, from, to) = (engine.store, now + -window, now + 1)
        let figures = try await engine.reading { () async throws(StoreError) in
            try await store.figures(of: agents, from: from, to: to)
        }
        return figures.map { AgentStatsResource($0, window: window) }
    }
}
