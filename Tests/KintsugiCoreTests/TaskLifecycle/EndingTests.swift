import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("A task's life: deadline, cancel and a new round")
struct EndingTests {
    /// A story in each status that is not an end, with its deadline a minute after creation.
    private static func unfinished() throws -> [(name: String, story: Story)] {
        let fresh = Story(deadline: 60_000)
        var backoff = fresh
        try backoff.fail()
        var held = fresh
        try held.when(.hold(provider: Story.provider))
        var running = fresh
        try running.begin()
        var accepted = running
        try accepted.end(.accepted)
        var waiting = running
        waiting.record([.taskEscalated(until: nil, message: nil)])
        return [
            ("pending", fresh), ("backoff", backoff), ("held", held), ("running", running),
            ("accepted", accepted), ("waiting", waiting),
        ]
    }

    @Test("The deadline ends a task whatever its state, and a running attempt is aborted")
    func deadline() throws {
        for (name, story) in try Self.unfinished() {
            var story = story
            let wasRunning = story.state.currentAttempt != nil
            #expect(story.state.nextAt ?? .distantFuture <= Story.start + 60_000, "\(name)")
            story.now = Story.start + 60_000
            let events = try story.when(.timeIsUp)
            let ending: [EventType] = [.taskFailed, .movedToDLQ]
            #expect(events.types == (wasRunning ? [.attemptFailed] : []) + ending, "\(name)")
            #expect(events.ending?.reason == .deadlineExceeded, "\(name)")
            #expect(events.ending?.failure.type == .deadlineExceeded, "\(name)")
            #expect(story.state.status == .failed && story.state.currentAttempt == nil, "\(name)")
            #expect(story.state.nextAt == nil && story.state == story.refolded, "\(name)")
        }
    }

    @Test("An attempt that the deadline aborted may still answer, which is kept and changes nothing")
    func answerAfterDeadline() throws {
        var story = Story(deadline: 1000)
        try story.begin()
        try story.when(.timeIsUp, after: 1000)
        #expect(try story.end(.succeeded(output: nil, httpStatus: 204)).types == [.lateResult])
        #expect(story.state.status == .failed)
    }

    @Test("Cancel ends a task in every status at once")
    func cancel() throws {
        for (name, story) in try Self.unfinished() {
            var story = story
            let events = try story.when(.cancel(reason: "no need", actor: "ada"))
            #expect(events == [.taskCancelled(reason: "no need", actor: "ada")], "\(name)")
            #expect(story.state.status == .cancelled && story.state.nextAt == nil, "\(name)")
            #expect(story.state.currentAttempt == nil && story.state.finishedAt == story.now, "\(name)")
            #expect(story.refused(.cancel(reason: nil, actor: "bob")) == .alreadyEnded(.cancelled), "\(name)")
            #expect(story.refused(.timeIsUp, after: 60_000) == .outOfDate, "\(name)")
            #expect(story.state == story.refolded, "\(name)")
        }
    }

    @Test("What has ended cannot be cancelled")
    func cancelTooLate() throws {
        var completed = Story()
        try completed.begin()
        try completed.end(.succeeded(output: nil, httpStatus: 204))
        #expect(completed.refused(.cancel(reason: nil, actor: "ada")) == .alreadyEnded(.completed))
        var failed = Story()
        try failed.fail(.status404)
        #expect(failed.refused(.cancel(reason: nil, actor: "ada")) == .alreadyEnded(.failed))
    }

    @Test("A cancelled call's end is no news; its late success is kept")
    func answerAfterCancel() throws {
        var story = Story()
        try story.begin()
        try story.when(.cancel(reason: nil, actor: "ada"))
        #expect(try story.end(.cancelled).isEmpty)
        #expect(try story.end(.succeeded(output: nil, httpStatus: 204)).types == [.lateResult])
    }

    @Test("Retry of a failed task begins a round with a fresh allowance through the dead letter queue")
    func retryFailed() throws {
        var story = Story(.still(max: 1))
        try story.fail()
        let entry = story.state.deadLetter
        let retry = Retry(cause: .bulk, actor: "ada", agentID: AgentID("other"), delay: 500, reason: "back")
        let events = try story.when(.retry(retry), after: 1000)
        #expect(events.types == [.taskRequeued])
        guard case .taskRequeued(let requeue)? = events.first else { return }
        #expect(requeue.failedTaskID == entry?.id && requeue.cause == .bulk && requeue.round == 2)
        #expect(story.state.deadLetter?.status == .retried && story.state.deadLetter?.id == entry?.id)
        #expect(story.state.phase == .pending(due: story.now + 500, why: .scheduled))
        #expect(story.state.agentID == AgentID("other") && story.state.finishedAt == nil)
        #expect(story.state.round == 2 && story.state.roundAttempts == 0 && story.state.attempts == 1)
        #expect(try story.begin(after: 500).types == [.taskStarted, .attemptStarted])
        let again = try story.end(.failed(.status503))
        #expect(again.ending?.reason == .retriesExhausted)
        #expect(story.state.deadLetter?.id != entry?.id, "a second failure makes an entry of its own")
        #expect(story.state == story.refolded)
    }

    @Test("Retry of a cancelled task passes through the dead letter queue in the same append")
    func retryCancelled() throws {
        var story = Story()
        try story.when(.cancel(reason: nil, actor: "ada"))
        let events = try story.when(.retry(Retry(actor: "ada", input: JSONText(valid: Array("2".utf8)))))
        #expect(events.types == [.movedToDLQ, .inputEdited, .taskRequeued])
        guard case .movedToDLQ(let entry, .cancelled)? = events.first,
            case .taskRequeued(let requeue)? = events.last
        else {
            Issue.record("no entry of its own")
            return
        }
        #expect(requeue.failedTaskID == entry && story.state.deadLetter?.status == .retried)
        #expect(story.state.status == .pending)
    }

    @Test("A closed dead letter becomes retried, whatever it was closed as")
    func retryClosed() throws {
        var resolved = Story()
        try resolved.fail(.status404)
        #expect(
            try resolved.when(.resolveDeadLetter(note: "by hand", actor: "ada")).types == [
                .deadLetterResolved
            ])
        #expect(
            resolved.refused(.discardDeadLetter(note: nil, actor: "ada")) == .noPendingDeadLetter(.resolved))
        try resolved.when(.retry(Retry(actor: "ada")))
        #expect(resolved.state.deadLetter?.status == .retried)
        #expect(
            resolved.refused(.resolveDeadLetter(note: nil, actor: "ada")) == .noPendingDeadLetter(.retried))
        var discarded = Story()
        try discarded.fail(.status404)
        try discarded.when(.discardDeadLetter(note: nil, actor: "ada"))
        try discarded.when(.retry(Retry(actor: "ada")))
        #expect(discarded.state.deadLetter?.status == .retried)
    }

    @Test("Only failed and cancelled tasks can be retried")
    func notRetryable() throws {
        for (name, story) in try Self.unfinished() {
            var story = story
            #expect(
                story.refused(.retry(Retry(actor: "ada"))) == .notRetryable(story.state.status), "\(name)")
        }
        var completed = Story()
        try completed.begin()
        try completed.end(.succeeded(output: nil, httpStatus: 204))
        #expect(completed.refused(.retry(Retry(actor: "ada"))) == .notRetryable(.completed))
    }

    @Test("An edited input is told with the old one; the same input is no edit")
    func editedInput() throws {
        let (one, two) = (JSONText(valid: Array("1".utf8)), JSONText(valid: Array("2".utf8)))
        var story = Story(TaskSpec(type: "t", userID: UserID("ada"), input: one))
        try story.when(.refuse(.status404))
        #expect(try story.when(.retry(Retry(actor: "ada", input: one))).types == [.taskRequeued])
        try story.when(.refuse(.status404))
        let events = try story.when(.retry(Retry(actor: "ada", input: two)))
        #expect(events.first == .inputEdited(before: one, after: two, revision: 2, actor: "ada"))
        #expect(story.state.input == two && story.state.inputRevision == 2)
    }

    @Test("A retry drops a deadline that has passed, keeps one that has not, and takes a new one")
    func deadlineOfRetry() throws {
        var story = Story(deadline: 10_000)
        try story.when(.cancel(reason: nil, actor: "ada"))
        try story.when(.retry(Retry(actor: "ada")), after: 9999)
        #expect(story.state.deadline == Story.start + 10_000)
        try story.when(.timeIsUp, after: 1)
        try story.when(.retry(Retry(actor: "ada")))
        #expect(story.state.deadline == nil)
        try story.when(.cancel(reason: nil, actor: "ada"))
        try story.when(.retry(Retry(actor: "ada", deadline: Story.start + 99_000)))
        #expect(story.state.deadline == Story.start + 99_000)
    }

    @Test("A retry runs now, though run_at lies ahead")
    func runAtNoLongerCounts() throws {
        var spec = TaskSpec(type: "t", userID: UserID("ada"))
        spec.runAt = Story.start + 3_600_000
        var story = Story(spec)
        #expect(story.state.phase == .pending(due: Story.start + 3_600_000, why: .scheduled))
        try story.when(.cancel(reason: nil, actor: "ada"), after: 1000)
        try story.when(.retry(Retry(actor: "ada")))
        #expect(story.state.nextAt == story.now)
    }

    @Test("A task that is due waits for its turn, so only its deadline is a time of its own")
    func nextTime() {
        let story = Story(deadline: 60_000)
        #expect(story.state.nextAt == Story.start)
        #expect(story.state.nextAt(after: Story.start) == Story.start + 60_000)
        #expect(Story().state.nextAt(after: Story.start) == nil)
    }

    @Test("Time never goes back within a task")
    func clockSetBack() throws {
        var story = Story()
        try story.fail()
        story.now = Story.start + -5000
        try story.begin()
        #expect(story.state.version == 6)
    }
}
