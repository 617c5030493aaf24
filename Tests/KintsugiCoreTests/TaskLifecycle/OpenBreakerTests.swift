import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: under an open breaker")
struct OpenBreakerTests {
    @Test("The failure that trips the breaker says so and is held, in one append")
    func tripThenHold() throws {
        var story = Story()
        try story.begin()
        let events = try story.end(.failed(.status503), .opened(at: story.now))
        #expect(events.types == [.attemptFailed, .circuitBreakerOpened, .taskHeld])
        #expect(story.state.status == .pending && events.heldUntil == story.now + 600_000)
        #expect(story.state.nextAt == story.now + 600_000)
    }

    @Test("A failure while the breaker is open already is held without another trip")
    func failUnderOpen() throws {
        var story = Story()
        #expect(try story.fail(.status503, .open).types == [.attemptFailed, .taskHeld])
    }

    @Test("A trip by a permanent error or by the last attempt ends the task all the same")
    func tripThenEnd() throws {
        var story = Story()
        try story.begin()
        let permanent = try story.end(.failed(.status404), .opened(at: story.now))
        #expect(permanent.types == [.attemptFailed, .circuitBreakerOpened, .taskFailed, .movedToDLQ])
        var last = Story(.still(max: 1))
        try last.begin()
        let exhausted = try last.end(.failed(.status503), .opened(at: last.now))
        #expect(exhausted.types == [.attemptFailed, .circuitBreakerOpened, .taskFailed, .movedToDLQ])
        #expect(exhausted.ending?.reason == .retriesExhausted)
    }

    @Test("A task whose turn comes under an open breaker is held, spending no attempt")
    func turnUnderOpen() throws {
        var story = Story()
        #expect(try story.when(.hold(provider: Story.provider)).types == [.taskStarted, .taskHeld])
        #expect(story.state.attempts == 0 && story.state.roundAttempts == 0)
        #expect(try story.begin(after: 1000).types == [.taskReleased, .attemptStarted])
        #expect(story.state.roundAttempts == 1)
    }

    @Test("hold_ms runs from the first hold of the round, however often the task is held")
    func fromTheFirstHold() throws {
        var story = Story(.still(max: 9, hold: 10_000))
        try story.when(.hold(provider: Story.provider))
        let first = story.now + 10_000
        try story.begin(after: 4000)
        #expect(try story.end(.failed(.status503), .open).heldUntil == first)
        try story.begin(probe: true, after: 4000)
        #expect(try story.end(.failed(.status503), .open).heldUntil == first)
        try story.begin(after: 1900)
        let after = try story.end(.failed(.status503), .open, after: 200)
        #expect(after.types == [.attemptFailed, .retriesSkipped, .taskFailed, .movedToDLQ])
        #expect(after.ending?.reason == .circuitOpen)
    }

    @Test("A new round has a hold time of its own")
    func newRoundNewHold() throws {
        var story = Story(.still(hold: 10_000))
        try story.when(.hold(provider: Story.provider))
        try story.when(.timeIsUp, after: 10_000)
        try story.when(.retry(Retry(actor: "ada")), after: 5000)
        let held = try story.when(.hold(provider: Story.provider))
        #expect(held.types == [.taskStarted, .taskHeld] && held.heldUntil == story.now + 10_000)
    }

    @Test("A hold that runs out gives the remaining retries up")
    func holdRunsOut() throws {
        var story = Story(.still(hold: 10_000))
        try story.when(.hold(provider: Story.provider))
        #expect(story.refused(.timeIsUp, after: 9999) == .outOfDate)
        let events = try story.when(.timeIsUp, after: 1)
        #expect(events.types == [.retriesSkipped, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .circuitOpen)
        #expect(events.ending?.failure.type == .circuitOpen && events.ending?.failure.sent == .no)
        guard case .retriesSkipped(_, let remaining)? = events.first else { return }
        #expect(remaining == 6)
    }

    @Test("The error of a task whose hold ran out is that of its last attempt")
    func holdRunsOutAfterAttempt() throws {
        var story = Story(.still(hold: 10_000))
        try story.fail(.status503, .open)
        let events = try story.when(.timeIsUp, after: 10_000)
        #expect(events.ending?.reason == .circuitOpen && events.ending?.failure == .status503)
    }

    @Test("Policy skip gives up at the failure under an open breaker, with that failure as its error")
    func skipAfterFailure() throws {
        var story = Story(.still(open: .skip))
        let events = try story.fail(.status503, .open)
        #expect(events.types == [.attemptFailed, .retriesSkipped, .taskFailed, .movedToDLQ])
        #expect(events.ending?.reason == .circuitOpen && events.ending?.failure == .status503)
        #expect(story.state.lastFailure?.failure == .status503)
        guard case .retriesSkipped(_, let remaining) = events[1] else { return }
        #expect(remaining == 5)
    }

    @Test("Policy skip gives up at the task's turn, without an attempt, as circuit_open")
    func skipAtTurn() throws {
        var story = Story(.still(open: .skip))
        let events = try story.when(.hold(provider: Story.provider))
        #expect(events.types == [.taskStarted, .retriesSkipped, .taskFailed, .movedToDLQ])
        #expect(events.ending?.failure.type == .circuitOpen)
    }

    @Test("A round that was never attempted does not inherit the error of the one before")
    func errorOfThisRound() throws {
        var story = Story(.still(max: 1, open: .skip))
        try story.fail()
        try story.when(.retry(Retry(actor: "ada")), after: 1000)
        let events = try story.when(.hold(provider: Story.provider), after: 1000)
        #expect(events.ending?.failure.type == .circuitOpen)
    }

    @Test("A failed probe spends nothing and goes back to the line, however few attempts are left")
    func probeFails() throws {
        var story = Story(.still(max: 1))
        try story.when(.hold(provider: Story.provider))
        for number in 1...4 {
            let begun = try story.begin(probe: true, halfOpens: true, after: 30_000)
            #expect(begun.types == [.taskReleased, .circuitBreakerHalfOpened, .attemptStarted])
            let events = try story.end(.failed(.status503), .opened(at: story.now))
            #expect(
                events.types == [.attemptFailed, .taskHeld], "a breaker that opens again did not trip anew")
            #expect(story.state.roundAttempts == 0 && story.state.attempts == number)
        }
        try story.begin(after: 30_000)
        #expect(try story.end(.failed(.status503)).ending?.reason == .retriesExhausted)
    }

    @Test("A probe that succeeds closes the breaker on its task's timeline")
    func probeSucceeds() throws {
        var story = Story()
        try story.when(.hold(provider: Story.provider))
        try story.begin(probe: true, after: 30_000)
        let events = try story.end(.succeeded(output: nil, httpStatus: 204), .closed)
        #expect(events.types == [.attemptSuccess, .circuitBreakerClosed, .taskCompleted])
    }

    @Test("Even a refusal closes the breaker: it is an answer; so does an acceptance")
    func probeAnswers() throws {
        var refused = Story()
        try refused.begin(probe: true)
        let ended = try refused.end(.failed(.status404), .closed)
        #expect(ended.types == [.attemptFailed, .circuitBreakerClosed, .taskFailed, .movedToDLQ])
        var accepted = Story()
        try accepted.begin(probe: true)
        #expect(try accepted.end(.accepted, .closed).types == [.attemptAccepted, .circuitBreakerClosed])
    }

    @Test("An accepted probe that falls silent later can trip the breaker that it closed")
    func acceptedProbeTrips() throws {
        var story = Story(timeout: 5000)
        try story.begin(probe: true)
        try story.end(.accepted, .closed)
        let events = try story.when(.timeIsUp, .opened(at: story.now), after: 5000)
        #expect(events.types == [.attemptFailed, .circuitBreakerOpened, .taskHeld])
    }

    @Test("A held task that no agent can run any more fails")
    func heldAndUnregistered() throws {
        var story = Story()
        try story.when(.hold(provider: Story.provider))
        let gone = Failure(type: .missingCallback, message: "not registered", sent: .no)
        #expect(try story.when(.refuse(gone)).types == [.taskFailed, .movedToDLQ])
    }

    @Test("A held task cannot be held again")
    func heldTwice() throws {
        var story = Story()
        try story.when(.hold(provider: Story.provider))
        #expect(story.refused(.hold(provider: Story.provider)) == .outOfDate)
    }
}
