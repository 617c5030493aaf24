import KintsugiCore
import KintsugiVocabulary
import Testing

/// A progress that an expectation can move on.
@dynamicMemberLookup
private final class Going {
    private var progress: BulkProgress

    init(_ progress: BulkProgress) { self.progress = progress }

    subscript<Value>(dynamicMember path: KeyPath<BulkProgress, Value>) -> Value { progress[keyPath: path] }
    func next(batch: Int) -> BulkProgress.Step { progress.next(batch: batch) }
    func acted(_ batch: BulkProgress.Batch) { progress.acted(batch) }
    func exhausted() { progress.exhausted() }
    func watched(_ watch: BulkWatch, through version: Int) { progress.watched(watch, through: version) }
    func pause() -> Bool { progress.pause() }
    func resume() -> Bool { progress.resume() }
    func end(_ status: BulkStatus) -> Bool { progress.end(status) }
}

/// Given how far an act on many has come, when something comes in, then this is next.
@Suite("Acts on many")
struct BulkProgressTests {
    private func progress(_ matched: Int, canary: Bool = false) -> Going {
        Going(BulkProgress(matched: matched, before: 1000, withCanary: canary))
    }

    private func acts(_ count: Int, last: Int64 = 1) -> BulkProgress.Batch {
        var batch = BulkProgress.Batch(last: last)
        batch.done = count
        return batch
    }

    private func watch(recovered: Int = 0, failed: Int = 0, gone: Int = 0, cameBack: String? = nil)
        -> BulkWatch
    {
        var watch = BulkWatch()
        (watch.recovered, watch.failedAgain, watch.gone, watch.cameBack) = (recovered, failed, gone, cameBack)
        return watch
    }

    @Test("It acts batch by batch until nothing is left, and counts everything once")
    func plain() {
        let progress = progress(5)
        #expect(progress.next(batch: 3) == .act(3))
        var batch = acts(2, last: 990)
        batch.skip(.agentGone)
        progress.acted(batch)
        #expect(progress.before == 990 && progress.handled == 3 && progress.remaining == 2)
        #expect(progress.next(batch: 3) == .act(3))
        progress.acted(acts(1, last: 980))
        progress.exhausted()
        #expect(progress.next(batch: 3) == .end(.completed))
        #expect(progress.done == 3 && progress.skipped == [.agentGone: 1, .notPending: 1])
        #expect(progress.remaining == 0)
    }

    @Test(
        "What came to match before its turn is counted too, and what was named but is not there is passed over"
    )
    func matched() {
        let progress = progress(1)
        progress.acted(acts(3))
        #expect(progress.matched == 3 && progress.remaining == 0)
        let named = BulkProgress(matched: 3, unknown: 2, before: 9, withCanary: false)
        #expect(named.skipped == [.notFound: 2] && named.remaining == 1)
    }

    @Test("A pause stops it where it is, and it goes on from there; an end is for ever")
    func people() {
        let progress = progress(5)
        progress.acted(acts(2))
        #expect(progress.pause() && !progress.pause())
        #expect(progress.next(batch: 3) == .end(.paused))
        #expect(progress.resume() && !progress.resume())
        #expect(progress.next(batch: 3) == .act(3) && progress.done == 2)
        #expect(progress.end(.cancelled) && !progress.end(.completed) && !progress.pause())
        #expect(progress.status == .cancelled && progress.remaining == 3)
        #expect(!progress.end(.running))
    }

    @Test("A canary takes 1, then 10, then 10 %, then all; each stage waits until its tasks have ended")
    func stages() {
        let progress = progress(205, canary: true)
        var version = 0
        for (stage, size) in [(1, 1), (2, 10), (3, 21)] {
            #expect(progress.next(batch: 100) == .act(size))
            progress.acted(acts(size))
            #expect(progress.canary?.stage == stage && progress.canary?.waiting == size)
            #expect(progress.next(batch: 100) == .wait)
            version += 1
            progress.watched(watch(recovered: size - 1), through: version)
            #expect(progress.next(batch: 100) == .wait)
            version += 1
            progress.watched(watch(recovered: 1), through: version)
        }
        #expect(progress.next(batch: 100) == .act(100))
        progress.acted(acts(100))
        #expect(progress.next(batch: 100) == .act(100), "the last stage takes all that are left")
        progress.acted(acts(73))
        progress.exhausted()
        #expect(progress.next(batch: 100) == .wait)
        progress.watched(watch(recovered: 170, failed: 1, gone: 2), through: 9)
        #expect(progress.next(batch: 100) == .end(.completed))
        #expect(progress.canary?.recovered == 202 && progress.canary?.failedAgain == 1)
        #expect(progress.canary?.watchedVersion == 9)
    }

    @Test("The same failure come back in any task stops it at once")
    func sameFailure() {
        let progress = progress(205, canary: true)
        #expect(progress.next(batch: 100) == .act(1))
        progress.acted(acts(1))
        progress.watched(watch(recovered: 1), through: 2)
        #expect(progress.next(batch: 100) == .act(10))
        progress.acted(acts(10))
        progress.watched(watch(recovered: 3, failed: 1, cameBack: "cafe"), through: 3)
        #expect(progress.next(batch: 100) == .end(.stopped))
        #expect(progress.stop == .sameFailure(cause: "cafe") && progress.done == 11)
        #expect(progress.end(.stopped) && progress.remaining == 194)
    }

    @Test("Another failure counts; it stops only what has no success in its stage")
    func otherFailure() {
        var progress = progress(205, canary: true)
        #expect(progress.next(batch: 100) == .act(1))
        progress.acted(acts(1))
        progress.watched(watch(failed: 1), through: 2)
        #expect(progress.next(batch: 100) == .end(.stopped))
        #expect(progress.stop == .noneRecovered(stage: 1))

        progress = self.progress(205, canary: true)
        _ = progress.next(batch: 100)
        progress.acted(acts(1))
        progress.watched(watch(recovered: 1), through: 2)
        _ = progress.next(batch: 100)
        progress.acted(acts(10))
        progress.watched(watch(recovered: 1, failed: 9), through: 3)
        #expect(progress.next(batch: 100) == .act(21))
    }

    @Test("A stage in which everything was passed over takes others instead")
    func skipped() {
        let progress = progress(50, canary: true)
        #expect(progress.next(batch: 100) == .act(1))
        var batch = acts(0)
        batch.skip(.notPending)
        progress.acted(batch)
        #expect(progress.next(batch: 100) == .act(1))
    }

    @Test("Few entries are through before the last stage")
    func few() {
        let progress = progress(3, canary: true)
        #expect(progress.next(batch: 100) == .act(1))
        progress.acted(acts(1))
        progress.watched(watch(recovered: 1), through: 2)
        #expect(progress.next(batch: 100) == .act(10))
        progress.acted(acts(2))
        progress.exhausted()
        #expect(progress.next(batch: 100) == .wait)
        progress.watched(watch(recovered: 2), through: 3)
        #expect(progress.next(batch: 100) == .end(.completed))
    }

    @Test("However the tasks of a broken cause end, a canary spends 11 of them at most")
    func spending() {
        var rng = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let progress = progress(Int.random(in: 1...500, using: &rng), canary: true)
            var version = 0
            walk: while true {
                switch progress.next(batch: Int.random(in: 1...100, using: &rng)) {
                case .act(let count):
                    let taken = min(count, progress.remaining)
                    progress.acted(acts(taken))
                    if progress.remaining == 0 { progress.exhausted() }
                case .wait:
                    version += 1
                    let waiting = progress.canary?.waiting ?? 0
                    // The first may be lucky; ten are not.
                    let isLucky = progress.canary?.stage == 1 && Bool.random(using: &rng)
                    let seen = isLucky ? watch(recovered: waiting) : watch(failed: waiting, cameBack: "cafe")
                    progress.watched(seen, through: version)
                case .end(let status):
                    #expect(progress.done <= 11)
                    #expect(status == .stopped || progress.matched == 1)
                    break walk
                }
            }
        }
    }
}

@Suite("What an act on many does to one")
struct BulkRulesTests {
    private func failed(_ type: ErrorType = .validationError) throws -> Story {
        var story = Story()
        try story.begin()
        try story.when(.attemptEnded(number: 1, .failed(Failure(type: type, message: "order 7 is locked"))))
        return story
    }

    private func verdict(_ action: BulkAction, _ state: TaskState, entry: DeadLetterID?, gone: Bool = false)
        -> String
    {
        let order = BulkRules.Order(action: action, actor: "user:ada", note: "why")
        switch BulkRules.judge(order, state, entry: entry, isGone: { _ in gone }) {
        case .skip(let reason): return reason.rawValue
        case .act(.retry(let retry)): return "retry \(retry.cause) \(retry.actor) \(retry.reason ?? "")"
        case .act(.resolveDeadLetter(let note, _)): return "resolve \(note ?? "")"
        case .act(.discardDeadLetter(let note, _)): return "discard \(note ?? "")"
        case .act(.cancel(let reason, _)): return "cancel \(reason ?? "")"
        case .act: return "?"
        }
    }

    @Test("A pending entry is retried, resolved or discarded, with who and why")
    func letters() throws {
        let state = try failed().state
        let id = try #require(state.deadLetter?.id)
        #expect(verdict(.retry, state, entry: id) == "retry bulk user:ada why")
        #expect(verdict(.resolve, state, entry: id) == "resolve why")
        #expect(verdict(.discard, state, entry: id) == "discard why")
        #expect(verdict(.retry, state, entry: id, gone: true) == "agent_gone")
        #expect(verdict(.resolve, state, entry: id, gone: true) == "resolve why")
        #expect(verdict(.retry, state, entry: DeadLetterID(UUID7(high: 9, low: 9))) == "not_pending")
    }

    @Test("What others have closed meanwhile is passed over")
    func closed() throws {
        var story = try failed()
        let id = try #require(story.state.deadLetter?.id)
        try story.when(.resolveDeadLetter(note: nil, actor: "bob"))
        #expect(verdict(.retry, story.state, entry: id) == "not_pending")
        #expect(verdict(.retry, story.state, entry: nil) == "retry bulk user:ada why")
        try story.when(.retry(Retry(actor: "bob")))
        #expect(verdict(.retry, story.state, entry: id) == "not_pending")
        #expect(verdict(.retry, story.state, entry: nil) == "not_retryable")
        #expect(verdict(.cancel, story.state, entry: nil) == "cancel why")
        try story.when(.cancel(reason: nil, actor: "bob"))
        #expect(verdict(.cancel, story.state, entry: nil) == "already_ended")
    }

    @Test("A canary sees how its tasks end")
    func watching() throws {
        var story = try failed()
        let cause = try #require(story.state.signature?.fingerprint)
        try story.when(.retry(Retry(actor: "bob")))
        let task = CanaryTask(number: TaskNumber(1), round: story.state.round, cause: cause)
        func look(_ state: TaskState?) -> BulkWatch {
            var watch = BulkWatch()
            watch.look(at: task, state)
            return watch
        }
        #expect(look(story.state).waiting == 1)
        #expect(look(nil).gone == 1)
        var cancelled = story
        try cancelled.when(.cancel(reason: nil, actor: "bob"))
        #expect(look(cancelled.state).gone == 1)
        try story.begin()
        var good = story
        try good.when(.attemptEnded(number: 2, .succeeded(output: nil, httpStatus: 200)))
        #expect(look(good.state).recovered == 1)
        var same = story
        let again = Failure(type: .validationError, message: "order 8 is locked")
        try same.when(.attemptEnded(number: 2, .failed(again)))
        #expect(look(same.state).failedAgain == 1 && look(same.state).cameBack == cause)
        var other = story
        let different = Failure(type: .validationError, message: "no such card")
        try other.when(.attemptEnded(number: 2, .failed(different)))
        #expect(look(other.state).failedAgain == 1 && look(other.state).cameBack == nil)
        try other.when(.retry(Retry(actor: "bob")))
        #expect(look(other.state).failedAgain == 1 && look(other.state).waiting == 0)
    }
}
