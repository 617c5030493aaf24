import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("What every store promises of its log")
struct LogTests {
    @Test("The log has every append of every task in position order", arguments: StoreKind.allCases)
    func everything(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let (first, second) = (
                try await scenario.create(), try await scenario.create(Scenario.spec(user: "bob"))
            )
            _ = try await store.append(AppendUnit(records: [.agent("a", at: scenario.now)]))
            try await scenario.attempt(first, Scenario.success)
            try await scenario.go(.cancel(reason: nil, actor: "bob"), second)
            let slice = try await store.log(after: 0, limit: 100, of: .all)
            #expect(slice.appends.map(\.number) == [first, second, first, first, second].map(\.number))
            #expect(slice.appends.map(\.position) == [1, 2, 4, 6, 8])
            #expect(slice.appends.map(\.user.rawValue) == ["ann", "bob", "ann", "ann", "bob"])
            #expect(slice.appends.map(\.id) == [first, second, first, first, second].map(\.state.id))
            #expect(slice.through == 8 && !slice.more)
            for task in [first, second] {
                let events = try await store.timeline(task.number, after: 0, limit: 100)
                #expect(slice.appends.filter { $0.number == task.number }.flatMap(\.events) == events)
            }
        }
    }

    @Test("A read goes on after any position, also inside an append", arguments: StoreKind.allCases)
    func cursors(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let task = try await scenario.attempt(try await scenario.create(), Scenario.success)
            // [1], [2, 3], [4, 5]
            for filter in [.all, LogFilter(tasks: [task.number]), LogFilter(users: [UserID("ann")])] {
                for (after, positions) in [
                    (0, [1, 2, 4]), (1, [2, 4]), (2, [2, 4]), (3, [4]), (4, [4]), (5, []), (9, []),
                ] {
                    let slice = try await store.log(after: Int64(after), limit: 9, of: filter)
                    #expect(slice.appends.map { Int($0.position) } == positions, "\(filter) after \(after)")
                    #expect(slice.through == Int64(max(after, 5)) && !slice.more)
                }
            }
        }
    }

    @Test("Only what is wanted is given, and what is not is passed over", arguments: StoreKind.allCases)
    func filters(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            var tasks: [StoredTask] = []
            for user in ["ann", "bob", "eve", "ann"] {
                tasks.append(try await scenario.create(Scenario.spec(user: user)))
            }
            func given(_ filter: LogFilter) async throws -> [Int] {
                let slice = try await store.log(after: 0, limit: 9, of: filter)
                #expect(slice.through == 4 && !slice.more)
                return slice.appends.compactMap { append in tasks.firstIndex { $0.number == append.number } }
            }
            #expect(try await given(LogFilter()) == [])
            #expect(try await given(LogFilter(users: [UserID("ann")])) == [0, 3])
            #expect(
                try await given(
                    LogFilter(users: [UserID("ann"), UserID("nobody")], tasks: [tasks[2].number])) == [
                        0, 2, 3,
                    ])
            #expect(try await given(LogFilter(tasks: [tasks[3].number, tasks[1].number])) == [1, 3])
            #expect(try await given(LogFilter(tasks: [TaskNumber(77)])) == [])
        }
    }

    @Test("A read looks at so many appends and no more, whatever is wanted", arguments: StoreKind.allCases)
    func bounded(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let first = try await scenario.create()
            _ = try await store.append(
                AppendUnit(records: (0..<LogSlice.span + 10).map { .agent("a\($0)", at: scenario.now) }))
            let last = try await scenario.create()
            var slice = try await store.log(after: 0, limit: 5, of: LogFilter(users: [UserID("ann")]))
            #expect(slice.appends.map(\.number) == [first.number])
            #expect(slice.through == Int64(LogSlice.span) && slice.more)
            slice = try await store.log(after: slice.through, limit: 5, of: LogFilter(users: [UserID("ann")]))
            #expect(slice.appends.map(\.number) == [last.number])
            #expect(!slice.more)
            // A task's own stream is found without walking there.
            let own = LogFilter(tasks: [first.number, last.number])
            #expect(try await store.wholeLog(limit: 1, of: own).map(\.number) == [first.number, last.number])
        }
    }

    @Test("Receipts cover the log without a gap, records included", arguments: StoreKind.allCases)
    func receipts(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let record = RecordAppend.agent("a", at: scenario.now)
            let units = [
                AppendUnit(tasks: [scenario.creation(), scenario.creation()], records: [record]),
                AppendUnit(records: [record, record]), AppendUnit(tasks: [scenario.creation()]),
            ]
            var next: Int64 = 1
            for unit in units {
                let range = try await store.append(unit).range
                #expect(range.lowerBound == next)
                #expect(range.count == unit.tasks.count + unit.records.count)
                next = range.upperBound
            }
            #expect(try await store.status().position == next - 1)
        }
    }
}

extension Store {
    /// The log read to its end, some at a time.
    func wholeLog(after: Int64 = 0, limit: Int = 100, of filter: LogFilter) async throws -> [LogAppend] {
        var (appends, position): ([LogAppend], Int64) = ([], after)
        while true {
            let slice = try await log(after: position, limit: limit, of: filter)
            #expect(slice.appends.count <= limit && slice.through >= position)
            appends += slice.appends
            guard slice.more else { return appends }
            #expect(slice.through > position, "a read that gets nowhere")
            position = slice.through
        }
    }
}
