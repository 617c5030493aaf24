import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What a transaction does to the counters, summed, so that each is written once.
///
/// Every unit passes through here, mostly with the user and the minute of the one before: a page of plain
/// numbers for each, found again without hashing.
struct Tally {
    struct Counter: Hashable {
        var subject: Int64
        var minute: Int64
        var kind: Int
    }

    struct Hour {
        var first: Int64
        var last: Int64
    }

    struct Money {
        var userNo: Int64
        var currency: String
        var amount: String
        var isAdded: Bool
    }

    private struct PageName: Hashable {
        var subject: Int64
        var minute: Int64
    }

    /// The counters of one user or agent, since ever or in one minute.
    private struct Page {
        let name: PageName
        /// Whether everybody has a counter with the sum; agents have numbers of their own.
        let isUsers: Bool
        /// By kind, those of run times apart.
        var values = [Int64](repeating: 0, count: StatKind.durations)
        var durations: [(bucket: Int, count: Int64)] = []

        mutating func add(_ duration: Milliseconds) {
            values[StatKind.durationSum] += duration
            let bucket = DurationBuckets.index(of: duration)
            if let index = durations.firstIndex(where: { $0.bucket == bucket }) {
                durations[index].count += 1
            } else {
                durations.append((bucket, 1))
            }
        }

        /// How many more tasks are unfinished after this minute than before.
        var growth: Int64 {
            guard name.minute != StatKind.always else { return 0 }
            return (StatKind.completed..<StatKind.growth).reduce(0) {
                $0 + StatKind.growth(by: $1) * values[$1]
            }
        }
    }

    private var pages: [Page] = []
    private var places: [PageName: Int] = [:]
    /// The pages used last: one since ever, one of a minute, one of an agent.
    private var lastAlways = 0
    private var lastMinute = 0
    private var lastAgent = 0
    private var liveByAgent: [Int64: Int64] = [:]
    private(set) var hours: [Int64: Hour] = [:]
    /// In the order in which they came.
    private(set) var money: [Money] = []

    mutating func removeAll() {
        pages.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        liveByAgent.removeAll(keepingCapacity: true)
        hours.removeAll(keepingCapacity: true)
        money.removeAll(keepingCapacity: true)
    }

    /// The sums by counter, with those over everybody.
    var counters: [Counter: Int64] {
        var counters: [Counter: Int64] = [:]
        for page in pages {
            for subject in page.isUsers ? [page.name.subject, StatKind.everyone] : [page.name.subject] {
                let growth = page.growth
                if growth != 0 {
                    let day = StatKind.day(of: page.name.minute)
                    counters[Counter(subject: subject, minute: day, kind: StatKind.growth), default: 0] +=
                        growth
                }
                for (kind, value) in page.values.enumerated() where value != 0 {
                    counters[Counter(subject: subject, minute: page.name.minute, kind: kind), default: 0] +=
                        value
                }
                for (bucket, count) in page.durations {
                    let kind = StatKind.durations + bucket
                    counters[Counter(subject: subject, minute: page.name.minute, kind: kind), default: 0] +=
                        count
                }
            }
        }
        for (agent, value) in liveByAgent {
            counters[Counter(subject: agent, minute: StatKind.always, kind: StatKind.live)] = value
        }
        return counters.filter { $0.value != 0 }
    }

    // MARK: Counting

    private mutating func place(_ subject: Int64, _ minute: Int64, _ last: Int, isUsers: Bool = true) -> Int {
        let name = PageName(subject: subject, minute: minute)
        if last < pages.count, pages[last].name == name { return last }
        if let place = places[name] { return place }
        places[name] = pages.count
        pages.append(Page(name: name, isUsers: isUsers))
        return pages.count - 1
    }

    private mutating func add(_ value: Int64, _ kind: Int, of userNo: Int64) {
        lastAlways = place(userNo, StatKind.always, lastAlways)
        pages[lastAlways].values[kind] += value
    }

    private mutating func add(_ value: Int64, _ kind: Int, of userNo: Int64, minute: Int64) {
        lastMinute = place(userNo, minute, lastMinute)
        pages[lastMinute].values[kind] += value
    }

    private mutating func add(duration: Milliseconds, of userNo: Int64, minute: Int64) {
        lastMinute = place(userNo, minute, lastMinute)
        pages[lastMinute].add(duration)
    }

    mutating func agent(_ number: Int64, _ value: Int64) { liveByAgent[number, default: 0] += value }

    /// Counts how an attempt of this agent ended.
    mutating func count(_ end: AttemptEnd, agentNo: Int64, minute: Int64) {
        lastAgent = place(agentNo, minute, lastAgent, isUsers: false)
        pages[lastAgent].values[end.error.map(StatKind.failed) ?? StatKind.succeeded] += 1
        if let duration = end.duration { pages[lastAgent].add(duration) }
    }

    /// Counts what became of a remedy or of a chain.
    mutating func count(_ count: RemedyFold.Count, subjectNo: Int64) {
        let place = place(subjectNo, StatKind.always, pages.count, isUsers: false)
        for kind in count.statKinds { pages[place].values[kind] += 1 }
    }

    mutating func created(_ number: Int64, at time: Timestamp) {
        let hour = time.hour
        let old = hours[hour] ?? Hour(first: number, last: number)
        hours[hour] = Hour(first: min(old.first, number), last: max(old.last, number))
    }

    /// Counts a recorded append of a task that users asked for.
    mutating func count(_ append: TaskAppend, userNo: Int64) {
        let status = append.after.status
        if let before = append.before?.status {
            if before != status {
                add(-1, StatKind.tasks(before), of: userNo)
                add(1, StatKind.tasks(status), of: userNo)
            }
        } else {
            add(1, StatKind.tasks(status), of: userNo)
            add(1, StatKind.created, of: userNo, minute: append.at.minute)
        }
        // While it runs nothing has ended, and nothing has come or gone from the dead letter queue.
        if let live = append.live, live.phase == .running { return }
        countEvents(of: append, userNo: userNo)
    }

    private mutating func countEvents(of append: TaskAppend, userNo: Int64) {
        let minute = append.at.minute
        var entry = append.before?.deadLetter?.status
        for index in append.events.indices {
            switch append.events[index] {
            case .taskCompleted:
                add(1, StatKind.completed, of: userNo, minute: minute)
                if let duration = append.after.roundDuration {
                    add(duration: duration, of: userNo, minute: minute)
                }
            case .taskFailed: add(1, StatKind.failed, of: userNo, minute: minute)
            case .taskCancelled: add(1, StatKind.cancelled, of: userNo, minute: minute)
            case .taskRetried: add(1, StatKind.retried, of: userNo, minute: minute)
            case .movedToDLQ:
                add(1, StatKind.deadLettersIn, of: userNo)
                move(&entry, to: .pending, append, userNo: userNo, isNew: true)
            case .taskRequeued:
                add(1, StatKind.requeued, of: userNo, minute: minute)
                move(&entry, to: .retried, append, userNo: userNo)
            case .deadLetterResolved: move(&entry, to: .resolved, append, userNo: userNo)
            case .deadLetterDiscarded: move(&entry, to: .discarded, append, userNo: userNo)
            default: break
            }
        }
    }

    /// A dead letter changes its status; its money counts while it is pending.
    private mutating func move(
        _ entry: inout DeadLetterStatus?, to status: DeadLetterStatus, _ append: TaskAppend, userNo: Int64,
        isNew: Bool = false
    ) {
        let old = isNew ? nil : entry
        if let old { add(-1, StatKind.deadLetters(old), of: userNo) }
        add(1, StatKind.deadLetters(status), of: userNo)
        entry = status
        guard let paid = append.after.spec.payment?.money, (old == .pending) != (status == .pending) else {
            return
        }
        for user in [userNo, StatKind.everyone] {
            money.append(
                Money(userNo: user, currency: paid.currency, amount: paid.amount, isAdded: status == .pending)
            )
        }
    }
}

extension Timestamp {
    /// The hour it lies in, counted from 1970.
    var hour: Int64 {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 3_600_000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
