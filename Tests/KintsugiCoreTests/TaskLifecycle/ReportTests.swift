import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: what agents report")
struct ReportTests {
    private func accepted(timeout: Milliseconds = 30_000, _ policy: RetryPolicy = .still) throws -> Story {
        var story = Story(policy, timeout: timeout)
        try story.begin()
        try story.end(.accepted, after: 0)
        return story
    }

    @Test("At most one progress report a second is kept, the last always")
    func progressIsThinned() throws {
        var story = try accepted()
        var kept: [Int] = []
        for step in 0..<40 where !(try story.report(.percent(Double(step)), after: 100).isEmpty) {
            kept.append(step)
        }
        #expect(kept == [0, 10, 20, 30])
        #expect(try story.report(.percent(100), after: 10).types == [.taskProgress])
        #expect(try story.report(.percent(100), after: 10).isEmpty, "done is done")
        #expect(story.state.progress?.percent == 100)
    }

    @Test("The first progress report of the next attempt is kept however soon it comes")
    func progressOfNextAttempt() throws {
        var story = try accepted()
        try story.report(.percent(50))
        try story.report(.failed())
        try story.begin()
        #expect(story.state.progress == nil)
        #expect(try story.report(.percent(1)).types == [.taskProgress])
    }

    @Test("An agent that reports progress within its timeout never times out, though reports are thinned")
    func progressExtends() throws {
        for (timeout, pause) in [(30_000, 29_999), (500, 200), (1500, 900), (100, 99)]
            as [(Milliseconds, Milliseconds)]
        {
            var story = try accepted(timeout: timeout)
            for _ in 0..<50 {
                #expect(
                    story.refused(.timeIsUp, after: pause) == .outOfDate, "timeout \(timeout), every \(pause)"
                )
                try story.report(.percent(10))
            }
            let events = try story.when(.timeIsUp, after: timeout + 1000)
            #expect(events.types == [.attemptFailed, .taskRetried])
        }
    }

    @Test("Progress before the 202 is kept and extends nothing, for the call has a timeout of its own")
    func progressWhileCalling() throws {
        var story = Story()
        try story.begin()
        #expect(try story.report(.percent(5)).types == [.taskProgress])
        #expect(story.state.phase == .running)
    }

    @Test("A report completes the task, and the callback's own answer after it is ignored")
    func completeThenAnswer() throws {
        var story = Story()
        try story.begin()
        #expect(try story.report(.done("5")).types == [.attemptSuccess, .taskCompleted])
        #expect(story.state.output == JSONText(valid: Array("5".utf8)))
        for outcome in [
            AttemptOutcome.succeeded(output: nil, httpStatus: 200), .failed(.status503), .accepted,
        ] {
            #expect(try story.end(outcome).isEmpty)
        }
        #expect(story.state.phase == .completed(byFallback: false))
    }

    @Test("A report of failure goes the way of a failed attempt, as the agent says")
    func reportedFailure() throws {
        var retryable = try accepted()
        #expect(try retryable.report(.failed()).types == [.attemptFailed, .taskRetried])
        var permanent = try accepted()
        let events = try permanent.report(.failed("never", .permanent))
        #expect(events.types == [.attemptFailed, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .permanentError)
        var last = try accepted(.still(max: 1))
        #expect(try last.report(.failed()).ending?.reason == .retriesExhausted)
    }

    @Test("The same report again is known, another one of the same attempt is late")
    func repeated() throws {
        var story = try accepted()
        try story.report(.done("5"))
        #expect(story.refused(.report(attempt: 1, .done("5"))) == .repeatedReport)
        guard case .notCurrent(.completed, let late?)? = story.refused(.report(attempt: 1, .done("6"))) else {
            Issue.record("another result must be kept")
            return
        }
        story.record([.lateResult(late)])
        #expect(story.refused(.report(attempt: 1, .done("6"))) == .notCurrent(status: .completed, keep: nil))
        #expect(story.refused(.report(attempt: 1, .percent(5))) == .notCurrent(status: .completed, keep: nil))
    }

    @Test("A repeated report of failure is known even after the next attempt has begun")
    func repeatedAcrossAttempts() throws {
        var story = try accepted()
        try story.report(.failed())
        try story.begin(after: 1000)
        #expect(story.refused(.report(attempt: 1, .failed())) == .repeatedReport)
        #expect(try story.when(.attemptEnded(number: 1, .succeeded(output: nil, httpStatus: 200))).isEmpty)
        #expect(story.state.currentAttempt == 2)
    }

    @Test("An agent's word for its failure does not make it ours: a reported timeout repeats like any other")
    func reportedTimeout() throws {
        var story = try accepted()
        let report = AgentReport.fail(
            Failure(type: .timeout, message: "upstream"), ReportMark(kind: "fail", body: [1]))
        try story.report(report)
        #expect(story.refused(.report(attempt: 1, report)) == .repeatedReport)
        #expect(try story.end(.succeeded(output: nil, httpStatus: 200)).isEmpty)
    }

    @Test("A success that comes after the timeout is kept once and overwrites nothing")
    func late() throws {
        var story = try accepted(timeout: 1000)
        try story.when(.timeIsUp, after: 1000)
        guard case .notCurrent(.pending, let late?)? = story.refused(.report(attempt: 1, .done())) else {
            Issue.record("a late result must be kept")
            return
        }
        #expect(late.kind == .complete && late.attempt == 1)
        story.record([.lateResult(late)])
        #expect(story.refused(.report(attempt: 1, .done())) == .notCurrent(status: .pending, keep: nil))
        #expect(story.state.lateResults == [late] && story.state.status == .pending)
    }

    @Test("At most 32 late results of a task are kept")
    func lateIsCapped() throws {
        var story = try accepted(timeout: 1000)
        try story.when(.cancel(reason: nil, actor: "ada"))
        for index in 0..<40 {
            if case .notCurrent(_, let late?)? = story.refused(.report(attempt: 1, .done("\(index)"))) {
                story.record([.lateResult(late)])
            }
        }
        #expect(story.state.lateResults.count == 32 && story.state.version == 5 + 32)
    }

    @Test("Taken reports are remembered within a limit")
    func takenReportsAreBounded() throws {
        var story = Story(.still(max: 1000))
        for index in 0..<100 {
            try story.begin(after: 60_000)
            try story.report(.failed("\(index)"))
        }
        #expect(story.state.reports.count == TaskRules.maxReports)
        #expect(story.refused(.report(attempt: 100, .failed("99"))) == .repeatedReport)
    }

    @Test("A report under an open breaker is held like any failure")
    func failUnderOpenBreaker() throws {
        var story = try accepted()
        let events = try story.when(.report(attempt: 1, .failed()), .open)
        #expect(events.types == [.attemptFailed, .taskHeld])
    }
}
