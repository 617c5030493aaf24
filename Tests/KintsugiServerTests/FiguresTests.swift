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
