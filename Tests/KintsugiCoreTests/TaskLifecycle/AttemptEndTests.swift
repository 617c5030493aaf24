import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: how an attempt ends")
struct AttemptEndTests {
    @Test("Two answers 503 and then a 200 leave exactly the story that the contract tells")
    func unavailableTwiceThenWell() throws {
        var story = Story()
        try story.fail()
        try story.fail()
        try story.begin()
        try story.end(.succeeded(output: JSONText(valid: Array("7".utf8)), httpStatus: 200))
        #expect(
            story.types == [
                .taskCreated, .taskStarted, .attemptStarted, .attemptFailed, .taskRetried,
                .attemptStarted, .attemptFailed, .taskRetried,
                .attemptStarted, .attemptSuccess, .taskCompleted,
            ])
        #expect(story.state.status == .completed && story.state.version == 11)
        #expect(story.state.phase == .completed(byFallback: false))
        #expect(story.state.output == JSONText(valid: Array("7".utf8)))
        #expect(story.state.attempts == 3 && story.state.roundAttempts == 3 && story.state.nextAt == nil)
        #expect(story.state == story.refolded)
    }

    @Test("Retries wait longer and longer, and each says which attempt comes next")
    func backoff() throws {
        var story = Story()
        for (delay, next) in [(1000, 2), (2000, 3), (4000, 4), (8000, 5), (16_000, 6)] {
            let retry = try story.fail().retry
            #expect(retry?.delay == Int64(delay) && retry?.nextAttempt == next)
            #expect(story.state.phase == .pending(due: story.now + Int64(delay), why: .backoff))
        }
    }

    @Test("The last attempt of the policy ends the round")
    func maxAttempts() throws {
        var story = Story(.still(max: 2))
        #expect(try story.fail().types == [.attemptFailed, .taskRetried])
        let last = try story.fail()
        #expect(last.types == [.attemptFailed, .taskFailed, .movedToDLQ])
        #expect(last.ending?.reason == .retriesExhausted && last.ending?.failure == .status503)
        #expect(story.state.status == .failed && story.state.finishedAt == story.now)
        #expect(
            story.state.deadLetter?.status == .pending && story.state.deadLetter?.reason == .retriesExhausted)
    }

    @Test("A permanent error is not tried again")
    func permanent() throws {
        var story = Story()
        let events = try story.fail(.status404)
        #expect(events.types == [.attemptFailed, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .permanentError && events.ending?.failure == .status404)
    }

    @Test("No retry begins later than max_elapsed after the round began")
    func maxElapsed() throws {
        var story = Story(.still(elapsed: 3300))
        // 0.1 s + 1 s, then 1.2 s + 2 s = 3.2 s: in time.
        try story.fail()
        story.now = story.now + 1000
        #expect(try story.fail().types == [.attemptFailed, .taskRetried])
        story.now = story.now + 2000
        let late = try story.fail()
        #expect(late.types == [.attemptFailed, .taskFailed, .movedToDLQ])
        #expect(late.ending?.reason == .retriesExhausted)
    }

    @Test("Retry-After is a floor, and no ceiling")
    func retryAfter() throws {
        var story = Story()
        #expect(try story.fail(.busy(retryAfter: 45_000)).retry?.delay == 45_000)
        #expect(try story.fail(.busy(retryAfter: 10)).retry?.delay == 2000)
    }

    @Test("An attempt that our shutdown ended does not count and runs again at once")
    func interrupted() throws {
        var story = Story(.still(max: 1))
        for number in 1...3 {
            let begun = try story.begin()
            #expect(begun.types.last == .attemptStarted && story.state.attempts == number)
            #expect(story.state.roundAttempts == 1)
            #expect(try story.end(.interrupted).types == [.attemptInterrupted])
            #expect(
                story.state.phase == .pending(due: story.now, why: .scheduled)
                    && story.state.roundAttempts == 0)
        }
        #expect(story.types.filter { $0 == .taskStarted }.count == 1)
        #expect(try story.fail().ending?.reason == .retriesExhausted)
    }

    @Test("A call broken off although its attempt is current leaves nothing running for ever")
    func brokenOffWhileCurrent() throws {
        var story = Story()
        try story.begin()
        #expect(try story.end(.cancelled).types == [.attemptInterrupted])
        #expect(story.state.nextAt == story.now)
    }

    @Test("202 makes the attempt wait for its report, and what the connection does then is no matter")
    func accepted() throws {
        var story = Story(timeout: 5000)
        try story.begin()
        #expect(try story.end(.accepted).types == [.attemptAccepted])
        #expect(
            story.state.phase == .accepted(until: story.now + 5000) && story.state.nextAt == story.now + 5000)
        #expect(story.state.currentAttempt == 1 && story.state.status == .inProgress)
        #expect(try story.end(.failed(.status503)).isEmpty)
        #expect(try story.end(.accepted).isEmpty)
        #expect(try story.end(.interrupted).isEmpty)
        #expect(try story.report(.done()).types == [.attemptSuccess, .taskCompleted])
    }

    @Test("An accepted attempt that reports nothing in time has timed out")
    func acceptedAndSilent() throws {
        var story = Story(timeout: 5000)
        try story.begin()
        try story.end(.accepted)
        #expect(story.refused(.timeIsUp, after: 4999) == .outOfDate)
        let events = try story.when(.timeIsUp, after: 1)
        #expect(events.types == [.attemptFailed, .taskRetried])
        #expect(story.state.lastFailure?.failure.type == .timeout)
        #expect(story.state.attempt?.ended == .withdrawn, "its own answer may still come")
    }

    @Test("The outcome of an attempt that is no longer current is kept as a late result, once")
    func lateAnswer() throws {
        var story = Story(timeout: 5000)
        try story.fail(Failure(type: .timeout, message: "no answer in 5 s"))
        try story.begin()
        let late = try story.when(.attemptEnded(number: 1, .succeeded(output: .null, httpStatus: 200)))
        #expect(late.types == [.lateResult])
        #expect(try story.when(.attemptEnded(number: 1, .succeeded(output: .null, httpStatus: 200))).isEmpty)
        #expect(story.state.currentAttempt == 2, "it overwrites nothing")
        #expect(try story.when(.attemptEnded(number: 1, .cancelled)).isEmpty)
    }

    @Test("A begun attempt cannot be begun again, and an ended task not at all")
    func onlyOnce() throws {
        var story = Story()
        try story.begin()
        #expect(story.refused(.begin(.to())) == .outOfDate)
        #expect(story.refused(.hold(provider: Story.provider)) == .outOfDate)
        #expect(story.refused(.refuse(.status404)) == .outOfDate)
        try story.end(.succeeded(output: nil, httpStatus: 204))
        for command in [
            TaskCommand.begin(.to()), .hold(provider: Story.provider), .timeIsUp, .abandon(poisonous: true),
        ] {
            #expect(story.refused(command) == .outOfDate)
        }
    }

    @Test("A task that no agent can run fails without an attempt")
    func missingCallback() throws {
        var story = Story()
        let failure = Failure(type: .missingCallback, message: "no callback", sent: .no)
        let events = try story.when(.refuse(failure))
        #expect(events.types == [.taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .permanentError && story.state.attempts == 0)
    }

    @Test("Of a lost node's attempt nobody knows the end: it counts, and is tried again")
    func abandoned() throws {
        var story = Story(.still(max: 2))
        try story.begin()
        #expect(try story.when(.abandon(poisonous: false)).types == [.attemptAbandoned, .taskRetried])
        #expect(story.state.lastFailure?.failure.type == .workerLost && story.state.roundAttempts == 1)
        try story.begin()
        let events = try story.when(.abandon(poisonous: false))
        #expect(events.types == [.attemptAbandoned, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .retriesExhausted)
    }

    @Test("A local handler under which the process died three times in a row is poison")
    func poison() throws {
        var story = Story(.still(max: 10))
        for _ in 1...2 {
            try story.begin()
            #expect(try story.when(.abandon(poisonous: true)).types == [.attemptAbandoned, .taskRetried])
        }
        try story.begin()
        let events = try story.when(.abandon(poisonous: true))
        #expect(events.types == [.attemptAbandoned, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .poison)
    }

    @Test("A failure in between breaks the row of crashes, and a remote agent is never poison")
    func noPoison() throws {
        var story = Story(.still(max: 20))
        for poisonous in [true, true] {
            try story.begin()
            try story.when(.abandon(poisonous: poisonous))
        }
        try story.fail()
        for poisonous in [true, true, false, false] {
            try story.begin()
            #expect(
                try story.when(.abandon(poisonous: poisonous)).types == [.attemptAbandoned, .taskRetried])
        }
    }

    @Test("An accepted attempt belongs to no node and cannot be abandoned")
    func acceptedIsNotAbandoned() throws {
        var story = Story()
        try story.begin()
        try story.end(.accepted)
        #expect(story.refused(.abandon(poisonous: true)) == .outOfDate)
    }
}
