import Kintsugi
import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Testing

@testable import KintsugiServer

@Suite("Figures as clients see them")
struct FiguresTests {
    @Test("Attempts told from the newest part of a history are those told from all of it")
    func stories() throws {
        var story = Story(.taskStarted(round: 1))
        let fault = Failure(type: .serverError, message: "No.", httpStatus: 503)
        for number in 1...6 {
            story.add(Story.start(number))
            story.add(.taskProgress(Progress(attempt: number, percent: 1, message: nil)))
            story.add(Story.failure(number))
            if number == 3 {
                story.add(.taskFailed(reason: .retriesExhausted, failure: fault))
                story.add(.movedToDLQ(Story.deadLetter, reason: .retriesExhausted))
                story.add(
                    .taskRequeued(
                        Requeue(
                            round: 2, cause: .manual, actor: "user:u", failedTaskID: Story.deadLetter,
                            due: story.end + 1500)))
                story.add(.taskStarted(round: 2))
            } else {
                story.add(.taskRetried(delay: 400, due: story.end + 400, nextAttempt: number + 1))
            }
        }
        story.add(Story.start(7))
        var whole = AttemptFold(of: story.id)
        for event in story.events { whole.take(event) }
        #expect(whole.attempts.map(\.round) == [1, 1, 1, 2, 2, 2, 2])
        for limit in 1...8 {
            var newest = AttemptStory(attempts: limit)
            for event in story.events.reversed() { newest.take(event) }
            let told = AttemptFold(of: try story.state, in: newest.events).attempts
            #expect(told.map(\.json) == whole.attempts.suffix(limit).map(\.json), "\(limit)")
        }
    }

    @Test("Buckets tell rates and times only where something ended")
    func buckets() throws {
        let from = Timestamp(milliseconds: 1_769_851_800_000)
        let span = SeriesSpan(from: from, minutesPerBucket: 5, count: 2)
        var buckets = span.buckets
        buckets[0].created = 7
        buckets[0].activity.completed = 3
        buckets[0].activity.failed = 1
        buckets[0].activity.durations = [3: 2, 7: 1]
        buckets[0].activity.durationSum = 13
        buckets.countActive(atEnd: 9)
        let json = try JSONNode(parsing: StatsResource(span, buckets, [], forAdmin: true).json)
        #expect(json["from"]?.string == "2026-01-31T09:30:00.000Z")
        #expect(json["to"]?.string == "2026-01-31T09:40:00.000Z")
        #expect(json["window_ms"]?.int == 600_000 && json["bucket_ms"]?.int == 300_000)
        let rows = try #require(json["data"]?.array)
        #expect(rows.map { $0["at"]?.string } == ["2026-01-31T09:30:00.000Z", "2026-01-31T09:35:00.000Z"])
        #expect(rows.map { $0["active"]?.int } == [9, 9])
        #expect(rows[0]["failure_rate"]?.double == 0.25)
        #expect(rows[0]["avg_execution_ms"]?.int == 4)
        #expect(rows[0]["p50_execution_ms"]?.int == 3 && rows[0]["p99_execution_ms"]?.int == 7)
        for name in ["failure_rate", "avg_execution_ms", "p50_execution_ms", "p99_execution_ms"] {
            #expect(rows[1][name]?.isNull == true, "\(name)")
        }
    }

    @Test("Marks are called as on timelines; why a person did it only admins learn")
    func marks() throws {
        let now = Timestamp(milliseconds: 1_769_851_800_000)
        let data = JSONText(valid: Array(#"{"actor":"user:a","reason":"storm","until":null}"#.utf8))
        let changes = RecordEventType.allCases.map { event in
            RecordChange(
                position: 1, at: now, kind: .provider, key: "p", version: 1, event: event, data: data)
        }
        let span = SeriesSpan(from: now, minutesPerBucket: 1, count: 1)
        for isAdmin in [true, false] {
            let marks = StatsResource(span, span.buckets, changes, forAdmin: isAdmin).marks
            #expect(
                marks.map(\.type) == [
                    "circuit_breaker_opened", "circuit_breaker_half_opened", "circuit_breaker_closed",
                    "breaker_forced_open", "breaker_forced_closed",
                ])
            #expect(marks.allSatisfy { $0.reason == (isAdmin ? "storm" : nil) && $0.provider == "p" })
        }
    }
}

extension FiguresTests {
    @Test("An agent's figures have rates only where an attempt ended")
    func agents() throws {
        var figures = AgentFigures()
        figures.unfinished = 5
        figures.inProgress = 2
        let none = try JSONNode(parsing: AgentStatsResource(figures, window: 60_000).json)
        #expect(none["attempts"]?.int == 0 && none["running"]?.int == 2 && none["waiting"]?.int == 3)
        #expect(none["success_rate"]?.isNull == true && none["avg_ms"]?.isNull == true)
        #expect(none["errors"]?.object?.isEmpty == true)
        figures.succeeded = 3
        figures.errors = [.timeout: 1, .serverError: 0]
        figures.durations = [2: 4]
        figures.durationSum = 8
        let some = try JSONNode(parsing: AgentStatsResource(figures, window: 60_000).json)
        #expect(some["attempts"]?.int == 4 && some["success_rate"]?.double == 0.75)
        #expect(some["errors"]?.object?.map(\.name) == ["timeout"])
        #expect(some["avg_ms"]?.int == 2 && some["p99_ms"]?.int == 2)
    }

    @Test("The audit log shows who, and of an event's data only what was thought of")
    func audit() throws {
        let now = Timestamp(milliseconds: 1_769_851_800_000)
        func shown(_ data: String) throws -> JSONNode {
            let change = RecordChange(
                position: 7, at: now, kind: .provider, key: "p", version: 2, event: .breakerForcedOpen,
                data: JSONText(valid: Array(data.utf8)))
            return try JSONNode(parsing: AuditResource(change).json)
        }
        let entry = try shown(#"{"actor":"user:a","reason":"\"x\"","until":1769851800000,"secret":"s"}"#)
        #expect(entry["actor"]?.string == "user:a" && entry["position"]?.int == 7)
        #expect(entry["data"]?.object?.map(\.name) == ["reason", "until"])
        #expect(entry["data"]?["reason"]?.string == #""x""#)
        #expect(entry["data"]?["until"]?.string == "2026-01-31T09:30:00.000Z")
        let bare = try shown("{}")
        #expect(bare["actor"]?.string == "system" && bare["data"]?.object?.isEmpty == true)
    }
}
