import KintsugiCore
import KintsugiVocabulary

extension MemoryLog {
    func task(_ number: TaskNumber) -> StoredTask? { self[number]?.stored }
    func timeline(_ number: TaskNumber) -> [RecordedEvent] { self[number]?.events ?? [] }

    func attemptStory(of task: StoredTask, attempts: Int) -> [RecordedEvent] {
        var story = AttemptStory(attempts: task.state.attempts == 0 ? 0 : attempts)
        for event in timeline(task.number).reversed() where event.seq <= task.state.version {
            story.take(event)
        }
        return story.events
    }

    // MARK: Tasks

    func tasks(_ query: TaskQuery) -> Page<StoredTask> {
        var found: [StoredTask] = []
        for task in tasks.reversed() where query.matches(task.stored) {
            if found.count == query.limit { return Page(elements: found, next: found.last?.cursor) }
            found.append(task.stored)
        }
        return Page(elements: found, next: nil)
    }

    // MARK: The log

    func log(after: Int64, limit: Int, of filter: LogFilter) -> LogSlice {
        var slice = LogSlice(appends: [], through: max(after, 0), more: false)
        for span in spans[span(after: after)...].prefix(LogSlice.span) {
            guard slice.appends.count < limit else { break }
            slice.through = span.position + Int64(span.count) - 1
            guard let number = span.task, let task = self[number],
                filter.matches(number, of: task.state.spec.userID)
            else { continue }
            slice.appends.append(
                LogAppend(
                    number: number, id: task.state.id, user: task.state.spec.userID,
                    events: Array(task.events[(span.seq - 1)..<(span.seq - 1 + span.count)])))
        }
        slice.more = slice.through < position
        return slice
    }

    /// The first one that ends behind this position.
    private func span(after position: Int64) -> Int {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].position + Int64(spans[middle].count) - 1 <= position {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    // MARK: What the scheduler reads

    private func liveTasks(_ isWanted: (LiveRow) -> Bool) -> [(task: StoredTask, row: LiveRow)] {
        live.compactMap { number in
            guard let task = self[number], let row = task.live, isWanted(row) else { return nil }
            return (task.stored, row)
        }
    }

    func lanes() -> [Lane] { Array(Set(liveTasks(\.isInLine).map(\.row.lane))) }

    func window(_ lane: Lane, limit: Int) -> Window {
        let line = liveTasks { $0.isInLine && $0.lane == lane }.sorted { left, right in
            if left.row.priority != right.row.priority { return left.row.priority > right.row.priority }
            if left.row.readyAt != right.row.readyAt { return left.row.readyAt < right.row.readyAt }
            return left.task.number < right.task.number
        }
        return Window(tasks: line.prefix(limit).map(\.task), more: line.count > limit)
    }

    func timers(until horizon: Timestamp, limit: Int) -> Window {
        let due = liveTasks { $0.nextAt.map { $0 <= horizon } ?? false }.sorted { left, right in
            let (first, second) = (left.row.nextAt ?? .zero, right.row.nextAt ?? .zero)
            return first == second ? left.task.number < right.task.number : first < second
        }
        return Window(tasks: due.prefix(limit).map(\.task), more: due.count > limit)
    }

    func nextTimer(after: Timestamp) -> Timestamp? {
        liveTasks { $0.nextAt.map { $0 > after } ?? false }.compactMap(\.row.nextAt).min()
    }

    func running(after: TaskNumber?, limit: Int) -> [StoredTask] {
        let running = liveTasks { $0.phase == .running }.map(\.task).sorted { $0.number < $1.number }
        return Array(running.drop { task in after.map { task.number <= $0 } ?? false }.prefix(limit))
    }

    func liveCount(agent: AgentID, limit: Int) -> Int {
        min(limit, liveTasks { _ in true }.count { $0.task.state.listedAgent == agent })
    }

    // MARK: Dead letters

    func deadLetter(_ id: DeadLetterID) -> DeadLetter? {
        deadLetters.first { $0.id == id }.map(withAlert)
    }

    /// The entry with the alert that its coming here raised.
    func withAlert(_ entry: DeadLetter) -> DeadLetter {
        var entry = entry
        let since = entry.task.state.version
        entry.alert = timeline(entry.task.number).drop { $0.seq <= since }.alertOfEntry
        return entry
    }

    func deadLetters(_ query: DeadLetterQuery) -> Page<DeadLetter> {
        var found: [DeadLetter] = []
        for entry in deadLetters.reversed() where query.matches(entry) {
            if found.count == query.limit {
                return Page(elements: found, next: found.last.map { PageCursor(before: $0.number) })
            }
            found.append(withAlert(entry))
        }
        return Page(elements: found, next: nil)
    }

    // MARK: Counters

    func counted(of user: UserID?) -> [Task] {
        tasks.filter { $0.state.isCounted && (user == nil || $0.state.spec.userID == user) }
    }

    func totals(of user: UserID?) -> Totals {
        var totals = Totals()
        for task in counted(of: user) { totals.tasks[task.state.status, default: 0] += 1 }
        for entry in deadLetters {
            let spec = entry.task.state.spec
            guard entry.task.state.isCounted, user == nil || spec.userID == user else { continue }
            totals.deadLettersIn += 1
            totals.deadLetters[entry.status, default: 0] += 1
            guard entry.status == .pending, let money = spec.payment?.money else { continue }
            totals.pendingValue[money.currency] =
                Decimal.sum(totals.pendingValue[money.currency] ?? "0", money.amount)
        }
        totals.pendingValue = totals.pendingValue.filter { Decimal.compare($0.value, "0") != 0 }
        return totals
    }

    func activity(of user: UserID?, from: Timestamp, to: Timestamp) -> Activity {
        var activity = Activity()
        for task in counted(of: user) {
            for recorded in task.events where (from..<max(from, to)).contains(recorded.at.startOfMinute) {
                switch recorded.event {
                case .taskCompleted:
                    activity.completed += 1
                    guard let duration = task.state(at: recorded.seq)?.roundDuration else { continue }
                    activity.durations[DurationBuckets.index(of: duration), default: 0] += 1
                    activity.durationSum += duration
                case .taskFailed: activity.failed += 1
                case .taskCancelled: activity.cancelled += 1
                case .taskRetried: activity.retried += 1
                default: break
                }
            }
        }
        return activity
    }

    func oldestPending(of user: UserID?) -> Timestamp? {
        liveTasks { $0.phase == .ready }.filter { line in
            let owner = line.task.state.spec.userID
            return user == nil ? owner != Reserved.user : owner == user
        }
        .map(\.row.readyAt).min()
    }

    // MARK: Records

    func records(_ kind: RecordKind) -> [StoredRecord] {
        records.keys.filter { $0.kind == kind }.map(\.key).sorted {
            Array($0.utf8).lexicographicallyPrecedes($1.utf8)
        }
        .compactMap { record(kind, $0) }
    }

    func record(_ kind: RecordKind, _ key: String) -> StoredRecord? {
        guard let record = records[RecordName(kind: kind, key: key)], let document = record.document else {
            return nil
        }
        return StoredRecord(
            kind: kind, key: key, version: record.version, document: document, createdAt: record.createdAt,
            updatedAt: record.updatedAt)
    }

    func idempotencyRecord(caller: String, operation: String, key: String, at now: Timestamp)
        -> IdempotencyRecord?
    {
        let answer = answers[IdempotencyName(caller: caller, operation: operation, key: key)]
        return answer.flatMap { $0.expiresAt > now ? $0 : nil }
    }
}

extension LiveRow {
    /// Whether it waits for its turn, ready or held.
    fileprivate var isInLine: Bool { phase == .ready || phase == .held }
}

extension StoredTask {
    fileprivate var cursor: PageCursor { PageCursor(before: number.rawValue) }
}

extension TaskQuery {
    fileprivate func matches(_ task: StoredTask) -> Bool {
        let (state, spec) = (task.state, task.state.spec)
        return (before.map { task.number.rawValue < $0.before } ?? true)
            && isInternal == (spec.userID == Reserved.user)
            && (user == nil || spec.userID == user)
            && (statuses.isEmpty || statuses.contains(state.status))
            && (type == nil || spec.type == type)
            && (agent == nil || state.listedAgent == agent)
            && (errorType == nil || state.listedError == errorType)
            && metadata.allSatisfy { spec.metadata.contains($0) }
            && (createdAfter.map { state.createdAt > $0 } ?? true)
            && (createdBefore.map { state.createdAt < $0 } ?? true)
            && (text.map { matches($0, task) } ?? true)
            && state.attempts >= minAttempts
            && (ids?.contains(task.state.id) ?? true)
            && (minAmount.map { least in
                spec.payment.map { Decimal.compare($0.money.amount, least) >= 0 } ?? false
            } ?? true)
            && !excludes(state)
    }

    private func excludes(_ state: TaskState) -> Bool {
        excluded.statuses.contains(state.status) || excluded.types.contains(state.spec.type)
            || (state.listedAgent.map(excluded.agents.contains) ?? false)
            || (state.listedError.map(excluded.errorTypes.contains) ?? false)
    }

    private func matches(_ text: String, _ task: StoredTask) -> Bool {
        let spec = task.state.spec
        return spec.type == text || spec.payment?.reference == text
            || (idRange?.contains(task.state.id.uuid) ?? false)
    }
}

extension DeadLetterQuery {
    fileprivate func matches(_ entry: DeadLetter) -> Bool {
        let spec = entry.task.state.spec
        return (before.map { entry.number < $0.before } ?? true)
            && (user == nil || spec.userID == user)
            && (statuses.isEmpty || statuses.contains(entry.status))
            && (agent == nil || entry.agentID == agent)
            && (errorType == nil || entry.failure?.type == errorType)
            && (taskType == nil || spec.type == taskType)
            && (minAmount.map { least in
                spec.payment.map { Decimal.compare($0.money.amount, least) >= 0 } ?? false
            } ?? true)
            && (group == nil || entry.signature.fingerprint == group)
            && (ids?.contains(entry.id) ?? true)
            && entry.isInternal == isInternal
    }
}
