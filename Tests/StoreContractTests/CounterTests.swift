import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Counters")
struct CounterTests {
    @Test("Totals follow every change of status, by user and over all", arguments: StoreKind.allCases)
    func totals(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            #expect(try await store.totals(of: nil) == Totals())
            try await scenario.create()
            try await scenario.begin(try await scenario.create())
            try await scenario.attempt(try await scenario.create(), Scenario.success)
            try await scenario.attempt(
                try await scenario.create(Scenario.spec(user: "bob")), Scenario.failure())
            let all = try await store.totals(of: nil)
            #expect(all.tasks == [.pending: 1, .inProgress: 1, .completed: 1, .failed: 1])
            #expect(all.deadLetters == [.pending: 1])
            #expect(all.deadLettersIn == 1)
            #expect(try await store.totals(of: UserID("bob")).tasks == [.failed: 1])
            #expect(
                try await store.totals(of: UserID("ann")).tasks == [
                    .pending: 1, .inProgress: 1, .completed: 1,
                ])
            #expect(try await store.totals(of: UserID("eve")) == Totals())
        }
    }

    @Test("Money waits with its dead letters, exactly and by currency", arguments: StoreKind.allCases)
    func money(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var failed: [StoredTask] = []
            for (amount, currency) in [("0.10", "USD"), ("0.20", "USD"), ("999999999999999999.99", "EUR")] {
                let spec = Scenario.spec {
                    $0.payment = Money(amount, currency).map { Payment($0, kind: "payment") }
                }
                failed.append(try await scenario.attempt(try await scenario.create(spec), Scenario.failure()))
            }
            #expect(
                try await store.totals(of: nil).pendingValue == [
                    "USD": "0.30", "EUR": "999999999999999999.99",
                ])
            try await scenario.go(.resolveDeadLetter(note: nil, actor: "ann"), failed[0])
            try await scenario.go(.retry(Retry(actor: "ann")), failed[2])
            #expect(try await store.totals(of: UserID("ann")).pendingValue == ["USD": "0.20"])
            let resolved = try #require(try await store.task(numbered: failed[0].number))
            try await scenario.go(.retry(Retry(actor: "ann")), resolved)
            let totals = try await store.totals(of: nil)
            #expect(totals.pendingValue == ["USD": "0.20"])
            #expect(totals.deadLetters.filter { $0.value != 0 } == [.pending: 1, .retried: 2])
            #expect(totals.deadLettersIn == 3)
        }
    }

    @Test("Activity sums the minutes that began in its span", arguments: StoreKind.allCases)
    func activity(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now
            let running = try await scenario.begin(try await scenario.create())
            scenario.now = start + 61_000
            try await scenario.go(.attemptEnded(number: 1, Scenario.success), running)
            try await scenario.attempt(try await scenario.create(), Scenario.failure(.serverError))
            try await scenario.attempt(try await scenario.create(), Scenario.failure())
            try await scenario.go(.cancel(reason: nil, actor: "ann"), try await scenario.create())
            let all = try await store.activity(of: nil, from: start, to: start + 120_000)
            #expect(all.completed == 1 && all.failed == 1 && all.cancelled == 1 && all.retried == 1)
            #expect(all.durations == [DurationBuckets.index(of: 61_000): 1])
            #expect(all.durationSum == 61_000)
            #expect(try await store.activity(of: UserID("ann"), from: start, to: start + 120_000) == all)
            #expect(
                try await store.activity(of: UserID("bob"), from: start, to: start + 120_000) == Activity())
            #expect(try await store.activity(of: nil, from: start, to: start + 60_000) == Activity())
            #expect(try await store.activity(of: nil, from: start + 60_000, to: start + 60_001) == all)
            #expect(try await store.activity(of: nil, from: start + 60_001, to: .distantFuture) == Activity())
        }
    }

    @Test("Our own tasks are listed but not counted", arguments: StoreKind.allCases)
    func origin(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            for origin in [TaskOrigin.internal, .compensation] {
                let spec = Scenario.spec { $0.origin = origin }
                try await scenario.attempt(try await scenario.create(spec), Scenario.failure())
            }
            #expect(try await store.totals(of: nil) == Totals())
            #expect(try await store.activity(of: nil, from: .zero, to: .distantFuture) == Activity())
            #expect(try await store.all(TaskQuery()).count == 2)
            var letters = DeadLetterQuery()
            #expect(try await store.all(letters).map(\.task.state.spec.origin) == [.compensation])
            letters.isInternal = true
            #expect(try await store.all(letters).map(\.task.state.spec.origin) == [.internal])
        }
    }

    @Test("The oldest pending task is the ready one that waits longest", arguments: StoreKind.allCases)
    func oldest(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let start = scenario.now
            #expect(try await store.oldestPending(of: nil) == nil)
            let first = try await scenario.create()
            scenario.now = start + 10
            try await scenario.create(Scenario.spec(user: "bob", agent: "other", priority: 9))
            scenario.now = start + 20
            try await scenario.create(Scenario.spec(user: "bob", priority: 3))
            try await scenario.create(Scenario.spec { $0.runAt = start + 1_000 })
            #expect(try await store.oldestPending(of: nil) == start)
            #expect(try await store.oldestPending(of: UserID("bob")) == start + 10)
            try await scenario.begin(first)
            #expect(try await store.oldestPending(of: nil) == start + 10)
            #expect(try await store.oldestPending(of: UserID("ann")) == nil)
        }
    }

    @Test("A percentile from the buckets is at most a quarter too high")
    func buckets() {
        for duration in [Milliseconds](0...5_000) + [9_999, 123_456, 86_400_000, 1 << 50] {
            let bound = DurationBuckets.upperBound(of: DurationBuckets.index(of: duration))
            #expect(bound >= duration)
            #expect(Double(bound) <= Double(duration) * 1.25 + 1)
            if duration > 0 {
                #expect(DurationBuckets.index(of: duration) >= DurationBuckets.index(of: duration - 1))
            }
        }
        #expect(DurationBuckets.percentile(0.5, of: [:]) == nil)
        #expect(DurationBuckets.percentile(0.5, of: [1: 1, 5: 1]) == 1)
        #expect(DurationBuckets.percentile(0.99, of: [1: 1, 5: 1]) == 5)
    }
}
