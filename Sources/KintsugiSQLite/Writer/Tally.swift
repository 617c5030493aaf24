import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What a transaction does to the counters, summed, so that each is written once.
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

    private(set) var counters: [Counter: Int64] = [:]
    private(set) var hours: [Int64: Hour] = [:]
    /// In the order in which they came.
    private(set) var money: [Money] = []

    mutating func removeAll() {
        counters.removeAll(keepingCapacity: true)
        hours.removeAll(keepingCapacity: true)
        money.removeAll(keepingCapacity: true)
    }

    /// Counts for a subject and for everyone.
    private mutating func add(_ value: Int64, _ kind: Int, of subject: Int64, minute: Int64 = StatKind.always)
    {
        counters[Counter(subject: subject, minute: minute, kind: kind), default: 0] += value
        counters[Counter(subject: StatKind.everyone, minute: minute, kind: kind), default: 0] += value
    }

    mutating func agent(_ number: Int64, _ value: Int64) {
        counters[Counter(subject: number, minute: StatKind.always, kind: StatKind.live), default: 0] += value
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
        }
        var entry = append.before?.deadLetter?.status
        for event in append.events {
            switch event {
            case .taskCompleted: completed(append.after, userNo: userNo, minute: append.at.minute)
            case .taskFailed: add(1, StatKind.failed, of: userNo, minute: append.at.minute)
            case .taskCancelled: add(1, StatKind.cancelled, of: userNo, minute: append.at.minute)
            case .taskRetried: add(1, StatKind.retried, of: userNo, minute: append.at.minute)
            case .movedToDLQ:
                add(1, StatKind.deadLettersIn, of: userNo)
                move(&entry, to: .pending, append, userNo: userNo, isNew: true)
            case .taskRequeued: move(&entry, to: .retried, append, userNo: userNo)
            case .deadLetterResolved: move(&entry, to: .resolved, append, userNo: userNo)
            case .deadLetterDiscarded: move(&entry, to: .discarded, append, userNo: userNo)
            default: break
            }
        }
    }

    private mutating func completed(_ state: TaskState, userNo: Int64, minute: Int64) {
        add(1, StatKind.completed, of: userNo, minute: minute)
        guard let duration = state.roundDuration else { return }
        add(duration, StatKind.durationSum, of: userNo, minute: minute)
        add(1, StatKind.durations + DurationBuckets.index(of: duration), of: userNo, minute: minute)
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
