import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// A task's history played again event by event.
struct Replay {
    struct DeadLetter {
        var id: DeadLetterID
        var seq: Int
        var reason: DeadLetterReason
        var agent: AgentID?
        var errorType: ErrorType?
        /// Nil: it is in no group.
        var signature: ErrorSignature?
        var status: DeadLetterStatus
        var failedAt: Timestamp
        var closedAt: Timestamp?
        var closedBy: String?
    }

    /// Something that is counted in the minute in which it happened.
    struct Happening {
        var minute: Int64
        var kind: Int
        var value: Int64
    }

    private(set) var state: TaskState
    private(set) var deadLetters: [DeadLetter] = []
    private(set) var happenings: [Happening] = []
    private(set) var attemptEnds: [(end: AttemptEnd, minute: Int64)] = []
    private(set) var remedyCounts: [RemedyFold.Count] = []
    /// What concerned alerts, with the task as it was then.
    private(set) var alertEvents: [(recorded: RecordedEvent, state: TaskState)] = []

    /// Nil if the first event is not the creation.
    init?(_ id: TaskID, _ events: [RecordedEvent]) {
        guard let first = events.first, case .taskCreated(let spec) = first.event else { return nil }
        state = TaskState(id: id, spec: spec, at: first.at)
        happenings.append(Happening(minute: first.at.minute, kind: StatKind.created, value: 1))
        for recorded in events.dropFirst() {
            var remedies = state.remedies
            remedies.take(recorded.event, agent: state.listedAgent, into: &remedyCounts)
            state.evolve(recorded.event, at: recorded.at)
            note(recorded)
        }
    }

    private mutating func note(_ recorded: RecordedEvent) {
        let minute = recorded.at.minute
        if let end = state.attemptEnd(recorded.event) { attemptEnds.append((end, minute)) }
        switch recorded.event {
        case .alertRaised, .alertResolved: alertEvents.append((recorded, state))
        case .taskCompleted:
            happenings.append(Happening(minute: minute, kind: StatKind.completed, value: 1))
            guard let duration = state.roundDuration else { return }
            let bucket = StatKind.durations + DurationBuckets.index(of: duration)
            happenings.append(Happening(minute: minute, kind: StatKind.durationSum, value: duration))
            happenings.append(Happening(minute: minute, kind: bucket, value: 1))
        case .taskFailed: happenings.append(Happening(minute: minute, kind: StatKind.failed, value: 1))
        case .taskCancelled: happenings.append(Happening(minute: minute, kind: StatKind.cancelled, value: 1))
        case .taskRetried: happenings.append(Happening(minute: minute, kind: StatKind.retried, value: 1))
        case .movedToDLQ(let id, let reason):
            deadLetters.append(
                DeadLetter(
                    id: id, seq: recorded.seq, reason: reason, agent: state.listedAgent,
                    errorType: reason == .cancelled ? nil : state.lastFailure?.failure.type,
                    signature: state.spec.origin == .internal ? nil : state.signature(of: reason),
                    status: .pending,
                    failedAt: recorded.at))
        case .taskRequeued(let requeue):
            happenings.append(Happening(minute: minute, kind: StatKind.requeued, value: 1))
            close(requeue.failedTaskID, .retried, recorded.at, requeue.actor)
        case .deadLetterResolved(let id, _, let actor): close(id, .resolved, recorded.at, actor)
        case .deadLetterDiscarded(let id, _, let actor): close(id, .discarded, recorded.at, actor)
        default: break
        }
    }

    func alertHappenings(of number: TaskNumber) -> [AlertHappening] {
        alertEvents.compactMap { AlertHappening($0.recorded, of: number, $0.state) }
    }

    private mutating func close(
        _ id: DeadLetterID, _ status: DeadLetterStatus, _ at: Timestamp, _ actor: String
    ) {
        guard let index = deadLetters.firstIndex(where: { $0.id == id }) else { return }
        deadLetters[index].status = status
        deadLetters[index].closedAt = at
        deadLetters[index].closedBy = actor
    }
}

/// What the counters should be.
struct Expected {
    struct MoneyKey: Hashable {
        var user: Int64
        var currency: String
    }

    var live = 0
    var deadLetters = 0
    var metadata = 0
    var references = 0
    private(set) var stats: [Tally.Counter: Int64] = [:]
    private(set) var money: [MoneyKey: String] = [:]

    /// - Parameter number: Of an interned word; 0 if it has none, and then its counter is found missing.
    mutating func add(_ replay: Replay, _ row: TaskRow, number: (NameKind, String) -> Int64) {
        let state = replay.state
        deadLetters += replay.deadLetters.count
        if !state.status.isFinal {
            live += 1
            if let agent = row.agent {
                stats[
                    Tally.Counter(subject: agent, minute: StatKind.always, kind: StatKind.live), default: 0] +=
                    1
            }
        }
        guard state.isCounted else { return }
        for (end, minute) in replay.attemptEnds {
            add(end, minute, number(.agent, end.agentID.rawValue))
        }
        for count in replay.remedyCounts {
            let subject = number(count.subject.kind, count.subject.name)
            for kind in count.statKinds {
                stats[
                    Tally.Counter(subject: subject, minute: StatKind.always, kind: kind), default: 0] += 1
            }
        }
        for subject in [row.user, StatKind.everyone] {
            func count(_ kind: Int, _ value: Int64 = 1, minute: Int64 = StatKind.always) {
                stats[Tally.Counter(subject: subject, minute: minute, kind: kind), default: 0] += value
            }
            count(StatKind.tasks(state.status))
            for happening in replay.happenings {
                count(happening.kind, happening.value, minute: happening.minute)
                let growth = StatKind.growth(by: happening.kind) * happening.value
                if growth != 0 { count(StatKind.growth, growth, minute: StatKind.day(of: happening.minute)) }
            }
            for entry in replay.deadLetters {
                count(StatKind.deadLettersIn)
                count(StatKind.deadLetters(entry.status))
                guard entry.status == .pending, let paid = state.spec.payment?.money else { continue }
                let key = MoneyKey(user: subject, currency: paid.currency)
                money[key] = Decimal.sum(money[key] ?? "0", paid.amount)
            }
        }
    }
}

extension Expected {
    private mutating func add(_ end: AttemptEnd, _ minute: Int64, _ agent: Int64) {
        func count(_ kind: Int, _ value: Int64 = 1) {
            stats[Tally.Counter(subject: agent, minute: minute, kind: kind), default: 0] += value
        }
        count(end.error.map(StatKind.failed) ?? StatKind.succeeded)
        guard let duration = end.duration else { return }
        count(StatKind.durationSum, duration)
        count(StatKind.durations + DurationBuckets.index(of: duration))
    }
}

/// A row of `tasks`.
struct TaskRow {
    var number: Int64
    var id: TaskID
    var user, type: Int64
    var agent: Int64?
    var createdAt, finishedAt: Timestamp
    var status: Int64
    var version: Int
    var errorType: Int64?

    init(_ row: PreparedStatement) {
        number = row.int(0)
        let halves = row.halves(1)
        id = TaskID(UUID7(high: halves.0, low: halves.1))
        (user, type, agent) = (row.int(2), row.int(3), row.optionalInt(4))
        createdAt = Timestamp(milliseconds: row.int(5))
        finishedAt = Timestamp(milliseconds: row.int(6))
        (status, version, errorType) = (row.int(7), Int(row.int(8)), row.optionalInt(9))
    }
}

/// A row of `live`.
struct LiveColumns {
    var version: Int
    var phase, lane, priority, readyAt: Int64
    var nextAt, deadline: Int64?
    var user: Int64

    init(_ row: PreparedStatement) {
        version = Int(row.int(0))
        (phase, lane, priority, readyAt) = (row.int(1), row.int(2), row.int(3), row.int(4))
        (nextAt, deadline) = (row.optionalInt(5), row.optionalInt(6))
        user = row.int(7)
    }
}
