package import KintsugiCore
package import KintsugiVocabulary

/// Where tasks live: an append-only log of events and the projections that are written with it.
///
/// Promises, each with a check in the contract suite that every store passes:
/// - A unit is recorded whole or not at all; `append` returns and `onCommit` is called only when it is durable.
/// - A task's `seq` and the positions of the log have no gaps; positions rise in commit order.
/// - A task's stream takes an append only at the version it was decided on.
/// - Every projection (live rows, lists, dead letters, counters) is written in the same transaction.
/// - Events can be neither changed nor removed.
package protocol Store: Sendable {
    /// Records the unit and returns once it is durable.
    func append(_ unit: AppendUnit) async throws(StoreError) -> Receipt

    /// Records units without waiting: each one's fate comes to its `completion`, once, on the writer's thread,
    /// in commit order. The completion must be quick and must not call the store.
    func submit(
        _ units: [AppendUnit], completion: @escaping @Sendable ([Result<Receipt, StoreError>]) -> Void)

    /// Hears of every commit, in position order, on the writer's thread, before the callers do. Set once, at start.
    func observeCommits(_ observer: @escaping @Sendable ([CommittedUnit]) -> Void)

    // MARK: Tasks

    func task(_ id: TaskID) async throws(StoreError) -> StoredTask?
    func task(numbered number: TaskNumber) async throws(StoreError) -> StoredTask?
    func tasks(_ query: TaskQuery) async throws(StoreError) -> Page<StoredTask>
    /// The tasks with these numbers, in their order; those that are not there are left out.
    func tasks(numbered numbers: [TaskNumber]) async throws(StoreError) -> [StoredTask]
    /// The same list as `tasks`, numbers only, which reads nothing of their history that no filter asks for.
    func taskNumbers(_ query: TaskQuery) async throws(StoreError) -> Page<TaskNumber>
    /// The recorded events of a task with a greater `seq` than `after`, oldest first.
    func timeline(_ number: TaskNumber, after seq: Int, limit: Int) async throws(StoreError)
        -> [RecordedEvent]
    /// What the newest attempts of each task are told from, as of its version; see `AttemptStory`. For the first
    /// of these tasks, as many as a bound on what is read allows, but at least one.
    func attemptStories(of tasks: [StoredTask], attempts: Int) async throws(StoreError) -> [[RecordedEvent]]

    // MARK: The log

    /// What is wanted of the log after this position, whole appends, oldest first.
    ///
    /// Gives `limit` appends at most and looks at `LogSlice.span` at most, so that a read is short whatever is
    /// wanted; it may give fewer where they are large. A position inside an append gives that append whole; one
    /// at or behind the end of the log gives nothing.
    /// - Complexity: O(`LogSlice.span`); for a filter of tasks only, O(`limit`) for each of them.
    func log(after position: Int64, limit: Int, of filter: LogFilter) async throws(StoreError) -> LogSlice

    // MARK: What the scheduler reads

    /// Every lane in which a ready or held task stands.
    func lanes() async throws(StoreError) -> [Lane]
    /// The best tasks of a lane by `(priority DESC, ready_at, task_no)`, and whether there are more.
    func window(_ lane: Lane, limit: Int) async throws(StoreError) -> Window
    /// Unfinished tasks with `nextAt` up to `horizon`, soonest first, and whether there are more up to it.
    func timers(until horizon: Timestamp, limit: Int) async throws(StoreError) -> Window
    /// The soonest `nextAt` later than this time.
    func nextTimer(after: Timestamp) async throws(StoreError) -> Timestamp?
    /// Tasks whose attempt was running when their node was last seen; for the rescue at start.
    func running(after: TaskNumber?, limit: Int) async throws(StoreError) -> [StoredTask]
    /// Makes delayed tasks ready whose time has come but that could not start; no event, only the live row.
    func promote(_ tasks: [(number: TaskNumber, version: Int)], at now: Timestamp) async throws(StoreError)

    // MARK: Dead letters

    func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetter>
    func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter?
    /// The same list as `deadLetters`, without reading a task.
    func deadLetterPlaces(_ query: DeadLetterQuery) async throws(StoreError) -> Page<DeadLetterPlace>
    /// Pending entries of this agent that an open breaker turned away, with a greater number, oldest first.
    func turnedAway(agent: AgentID, after number: Int64, limit: Int) async throws(StoreError)
        -> [DeadLetterPlace]
    /// Dead letters by cause, each cause once. Does not grow with the number of dead letters.
    func causeGroups(_ query: CauseGroupQuery) async throws(StoreError) -> CauseGroupPage

    // MARK: Alerts

    func alerts(_ query: AlertQuery) async throws(StoreError) -> Page<Alert>
    func alert(_ id: UUID7) async throws(StoreError) -> Alert?
    /// Alerts to which something happened after this position, the oldest change first, each as it is now.
    func alerts(changedAfter position: Int64, limit: Int) async throws(StoreError) -> [Alert]

    // MARK: Counters; none of these grows with the number of tasks

    /// Counts over everything, or over one user's tasks.
    func totals(of user: UserID?) async throws(StoreError) -> Totals
    /// What ended in the minutes that began in this range, summed.
    func activity(of user: UserID?, from: Timestamp, to: Timestamp) async throws(StoreError) -> Activity
    /// What happened in each bucket of the span, and how many tasks were unfinished at its end.
    func series(of user: UserID?, _ span: SeriesSpan) async throws(StoreError) -> [SeriesBucket]
    /// Figures of these agents over the minutes that began in this range, each at its agent's place. How many tasks
    /// are in progress is exact as long as there are not more than some thousands in all.
    func figures(of agents: [AgentID], from: Timestamp, to: Timestamp) async throws(StoreError)
        -> [AgentFigures]
    /// What was tried against which failures, over all users, and how often it helped.
    func remedies() async throws(StoreError) -> MeasuredRemedies
    /// How often each of these chains was begun and how it ended, each at its chain's place.
    func chainFigures(_ chains: [UUID7]) async throws(StoreError) -> [ChainFigures]
    /// Since when the longest-waiting ready task has been waiting.
    func oldestPending(of user: UserID?) async throws(StoreError) -> Timestamp?

    // MARK: Records

    func records(_ kind: RecordKind) async throws(StoreError) -> [StoredRecord]
    func record(_ kind: RecordKind, _ key: String) async throws(StoreError) -> StoredRecord?
    /// Records with a smaller key (nil: all), the greatest key first.
    func records(_ kind: RecordKind, before key: String?, limit: Int) async throws(StoreError)
        -> [StoredRecord]
    /// What happened to one record after this version of it, oldest first.
    func recordEvents(_ kind: RecordKind, _ key: String, after version: Int, limit: Int)
        async throws(StoreError) -> [RecordChange]
    /// What happened to records of these kinds (none: all), newest first; without mere progress.
    func recordHistory(_ kinds: [RecordKind], before: PageCursor?, limit: Int) async throws(StoreError)
        -> Page<RecordChange>
    /// The latest of what happened to them at these times, oldest first.
    func recordChanges(_ kinds: [RecordKind], at times: Range<Timestamp>, limit: Int) async throws(StoreError)
        -> [RecordChange]
    /// How many live tasks stand in a lane, at most `limit`; for "is this agent still needed".
    func liveCount(agent: AgentID, limit: Int) async throws(StoreError) -> Int

    // MARK: Idempotency

    func idempotencyRecord(caller: String, operation: String, key: String, at now: Timestamp)
        async throws(StoreError) -> IdempotencyRecord?

    /// What an operator should know about the store: durability and position.
    func status() async throws(StoreError) -> StoreStatus

    /// Writes what is pending, checkpoints and closes. Later calls throw `.closed`.
    func close() async
}

/// A commit as the log's listeners hear it.
package struct CommittedUnit: Sendable {
    package var unit: AppendUnit
    package var receipt: Receipt

    package init(unit: AppendUnit, receipt: Receipt) {
        self.unit = unit
        self.receipt = receipt
    }
}

package struct Window: Sendable {
    package var tasks: [StoredTask]
    package var more: Bool

    package init(tasks: [StoredTask], more: Bool) {
        self.tasks = tasks
        self.more = more
    }
}

package struct RecordedEvent: Sendable, Hashable {
    package var seq: Int
    package var position: Int64
    package var at: Timestamp
    package var event: TaskEvent

    package init(seq: Int, position: Int64, at: Timestamp, event: TaskEvent) {
        self.seq = seq
        self.position = position
        self.at = at
        self.event = event
    }
}

/// One page of a list. `next` is nil on the last page; a page may be short and still have a next.
package struct Page<Element: Sendable>: Sendable {
    package var elements: [Element]
    package var next: PageCursor?

    package init(elements: [Element], next: PageCursor?) {
        self.elements = elements
        self.next = next
    }
}

/// Where a list goes on: before this number, newest first. Stable under inserts.
package struct PageCursor: Sendable, Hashable {
    package let before: Int64
    package init(before: Int64) { self.before = before }
}

/// Which tasks. Nil members mean all.
package struct TaskQuery: Sendable, Hashable {
    package var user: UserID?
    package var statuses: [TaskStatus] = []
    package var type: String?
    package var agent: AgentID?
    package var errorType: ErrorType?
    package var metadata: [MetadataPair] = []
    package var createdAfter: Timestamp?
    package var createdBefore: Timestamp?
    /// The beginning of an id in lower case, or an exact type or payment reference.
    package var text: String?
    /// Tasks that have begun at least so many attempts, over all rounds.
    package var minAttempts = 0
    /// Tasks whose payment is at least this, in any currency.
    package var minAmount: String?
    /// None but these.
    package var ids: [TaskID]?
    package var excluded = Excluded()
    /// Only work of our own, which is left out else: tasks of `Reserved.user`.
    package var isInternal = false
    package var before: PageCursor?
    package var limit = 50

    package init() {}

    /// What is left out of the list; a task without an agent or an error is never left out for it.
    package struct Excluded: Sendable, Hashable {
        package var statuses: [TaskStatus] = []
        package var types: [String] = []
        package var agents: [AgentID] = []
        package var errorTypes: [ErrorType] = []

        package init() {}
    }
}

/// An entry of the dead letter queue. A task that fails again after a retry makes a new one.
package struct DeadLetter: Sendable, Hashable {
    package var id: DeadLetterID
    /// Rises with each entry; the list's order.
    package var number: Int64
    /// As it was when it came here, right after `moved_to_dlq`.
    package var task: StoredTask
    package var status: DeadLetterStatus
    package var reason: DeadLetterReason
    package var agentID: AgentID?
    package var failure: Failure?
    package var attempts: Int
    package var failedAt: Timestamp
    package var closedAt: Timestamp?
    package var closedBy: String?
    package var note: String?
    /// What it raised by coming here.
    package var alert: AlertMark?

    package init(
        id: DeadLetterID, number: Int64, task: StoredTask, status: DeadLetterStatus, reason: DeadLetterReason,
        agentID: AgentID?, failure: Failure?, attempts: Int, failedAt: Timestamp, closedAt: Timestamp? = nil,
        closedBy: String? = nil, note: String? = nil, alert: AlertMark? = nil
    ) {
        self.id = id
        self.number = number
        self.alert = alert
        self.task = task
        self.status = status
        self.reason = reason
        self.agentID = agentID
        self.failure = failure
        self.attempts = attempts
        self.failedAt = failedAt
        self.closedAt = closedAt
        self.closedBy = closedBy
        self.note = note
    }
}

package struct DeadLetterQuery: Sendable, Hashable {
    package var user: UserID?
    package var statuses: [DeadLetterStatus] = []
    package var agent: AgentID?
    package var errorType: ErrorType?
    package var taskType: String?
    /// Entries whose payment is at least this, in any currency.
    package var minAmount: String?
    /// The fingerprint of their cause.
    package var group: String?
    /// None but these.
    package var ids: [DeadLetterID]?
    /// Entries of our own deliveries instead of all others.
    package var isInternal = false
    package var before: PageCursor?
    package var limit = 50

    package init() {}
}

/// Counts of everything there is, kept up with every commit.
package struct Totals: Sendable, Hashable {
    package var tasks: [TaskStatus: Int] = [:]
    package var deadLetters: [DeadLetterStatus: Int] = [:]
    /// Dead letters ever made: in = pending + closed, always.
    package var deadLettersIn = 0
    /// Money of the pending ones, by currency.
    package var pendingValue: [String: String] = [:]

    package init() {}
}

/// What ended in a span of time.
package struct Activity: Sendable, Hashable {
    package var completed = 0
    package var failed = 0
    package var cancelled = 0
    package var retried = 0
    /// Run times of completed tasks, from their round's start, by bucket of `DurationBuckets`.
    package var durations: [Int: Int] = [:]
    /// Their sum.
    package var durationSum: Milliseconds = 0

    package init() {}
}

/// Fixed buckets for run times: four to each doubling, exact below 8 ms, so that a percentile read from them
/// is at most 19 % too high.
package enum DurationBuckets {
    /// The bucket of a duration.
    package static func index(of duration: Milliseconds) -> Int {
        guard duration >= 8 else { return Int(max(0, duration)) }
        let exponent = 63 - duration.leadingZeroBitCount
        let quarter = Int(duration >> Int64(exponent - 2)) & 3
        return 8 + (exponent - 3) * 4 + quarter
    }

    /// The greatest duration in a bucket.
    package static func upperBound(of index: Int) -> Milliseconds {
        guard index >= 8 else { return Milliseconds(max(0, index)) }
        let exponent = min(3 + (index - 8) / 4, 60)
        let quarter = Milliseconds((index - 8) % 4)
        return ((4 + quarter + 1) << Milliseconds(exponent - 2)) - 1
    }

    /// The duration below which this share (0 to 1) of the counted ones lies; nil if there are none.
    package static func percentile(_ share: Double, of counts: [Int: Int]) -> Milliseconds? {
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return nil }
        var rest = max(1, Int((Double(total) * min(max(share, 0), 1)).rounded(.up)))
        for (index, count) in counts.sorted(by: { $0.key < $1.key }) {
            rest -= count
            if rest <= 0 { return upperBound(of: index) }
        }
        return nil
    }
}

package struct StoredRecord: Sendable, Hashable {
    package var kind: RecordKind
    package var key: String
    package var version: Int
    package var document: JSONText
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        kind: RecordKind, key: String, version: Int, document: JSONText, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.kind = kind
        self.key = key
        self.version = version
        self.document = document
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

package struct StoreStatus: Sendable, Hashable {
    /// Whether everything that is acknowledged survives a power cut.
    package var isFullyDurable: Bool
    /// The last event's position.
    package var position: Int64
    /// Changes only when a backup is restored.
    package var epoch: String

    package init(isFullyDurable: Bool, position: Int64, epoch: String) {
        self.isFullyDurable = isFullyDurable
        self.position = position
        self.epoch = epoch
    }
}
