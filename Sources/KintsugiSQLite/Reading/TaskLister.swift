import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// One page of tasks: an index that drives, the other filters on the rows it gives, and a limit on how many
/// of them are looked at. The page may then be short, but it has a cursor.
struct TaskLister {
    static let maxExamined = 5_000
    /// Appends looked at for filters whose facts stand in no row; the last task is always read to its end.
    static let maxAppends = 2_000

    let snapshot: Snapshot
    let query: TaskQuery
    private let filter: Filter

    /// The query in numbers.
    struct Filter {
        var user: Int64?
        var type: Int64?
        var agent: Int64?
        var errorType: Int64?
        var bounds: Range<Int64>
        /// The user whose tasks are internal; nil: there is none yet.
        var reserved: Int64?
        /// Types, agents and error types that are left out.
        var excluded: Set<Int64> = []
    }

    /// A row that an index gave.
    struct Candidate {
        var number: Int64
        var user, type: Int64
        var agent, errorType: Int64?
        var createdAt: Timestamp
        var status: Int64
        var phase: Int64?
        var id: UUID7
        var version: Int

        init(_ row: PreparedStatement) {
            number = row.int(0)
            (user, type) = (row.int(1), row.int(2))
            (agent, errorType) = (row.optionalInt(3), row.optionalInt(4))
            createdAt = Timestamp(milliseconds: row.int(5))
            status = row.int(6)
            phase = row.optionalInt(7)
            let halves = row.halves(8)
            id = UUID7(high: halves.0, low: halves.1)
            version = Int(row.int(9))
        }

        var taskStatus: TaskStatus? {
            switch phase.flatMap({ LiveRow.Phase(rawValue: Int($0)) }) {
            case .ready, .held, .delayed: .pending
            case .running, .accepted: .inProgress
            case .waiting: .waiting
            case nil: TaskStatus(code: Int(status))
            }
        }
    }

    /// Nil if the query names something that no task has.
    init?(_ query: TaskQuery, on snapshot: Snapshot) throws(ReadFault) {
        guard let query = query.withoutContradictions else { return nil }
        self.snapshot = snapshot
        self.query = query
        var filter = Filter(bounds: try snapshot.bounds(of: query))
        if let user = query.user {
            guard let number = try snapshot.number(.user, user.rawValue) else { return nil }
            filter.user = number
        }
        if let type = query.type {
            guard let number = try snapshot.number(.type, type) else { return nil }
            filter.type = number
        }
        if let agent = query.agent {
            guard let number = try snapshot.number(.agent, agent.rawValue) else { return nil }
            filter.agent = number
        }
        if let error = query.errorType {
            guard let number = try snapshot.number(.errorType, error.rawValue) else { return nil }
            filter.errorType = number
        }
        filter.reserved = try snapshot.number(.user, Reserved.user.rawValue)
        if query.isInternal {
            guard let number = filter.reserved, filter.user ?? number == number else { return nil }
            filter.user = number
        }
        filter.excluded = try snapshot.numbers(of: query.excluded)
        self.filter = filter
    }

    /// What one driver gave.
    private struct Scan {
        var found: [Int64] = []
        var next: PageCursor?
        /// The page is full or the list at its end: no other driver can do better.
        var isDone = false
    }

    /// Nobody knows beforehand which of several filters leaves the fewest, so each drives for its share of
    /// the rows that may be looked at, until one fills the page; else the one that came furthest counts.
    func page() throws(ReadFault) -> Page<Int64> {
        let sources = TaskSources(snapshot: snapshot, query: query, filter: filter)
        let drivers = sources.drivers
        var best: Scan?
        for driver in drivers {
            let scan = try scan(try sources.rows(driver), share: drivers.count)
            let isFurther = best.map { scan.next?.before ?? 0 < $0.next?.before ?? 0 } ?? true
            if scan.isDone || isFurther { best = scan }
            if scan.isDone { break }
        }
        return Page(elements: best?.found ?? [], next: best?.next)
    }

    private func scan(_ sources: [TaskSource], share: Int) throws(ReadFault) -> Scan {
        var merge = try NewestFirst(sources)
        defer { merge.end() }
        var scan = Scan()
        var examined = 0
        var appends = 0
        while let candidate = try merge.next() {
            examined += 1
            if try matches(candidate, &appends) {
                guard scan.found.count < query.limit else {
                    scan.next = scan.found.last.map(PageCursor.init(before:))
                    scan.isDone = true
                    return scan
                }
                scan.found.append(candidate.number)
            }
            if examined == Self.maxExamined / share || appends >= Self.maxAppends / share {
                scan.next = PageCursor(before: candidate.number)
                return scan
            }
        }
        scan.isDone = true
        return scan
    }

    // MARK: The other filters

    /// The cheap ones first: `appends` grows by what had to be read of the task's history.
    private func matches(_ candidate: Candidate, _ appends: inout Int) throws(ReadFault) -> Bool {
        guard matches(candidate) else { return false }
        for pair in query.metadata where try !has(pair, candidate.number) { return false }
        if let text = query.text, try !matches(text, candidate) { return false }
        return try historyMatches(candidate, &appends)
    }

    private func matches(_ candidate: Candidate) -> Bool {
        if let user = filter.user, candidate.user != user { return false }
        if !query.isInternal, candidate.user == filter.reserved { return false }
        if let type = filter.type, candidate.type != type { return false }
        if let agent = filter.agent, candidate.agent != agent { return false }
        if let error = filter.errorType, candidate.errorType != error { return false }
        if let after = query.createdAfter, candidate.createdAt <= after { return false }
        if let before = query.createdBefore, candidate.createdAt >= before { return false }
        if !query.statuses.isEmpty {
            guard let status = candidate.taskStatus, query.statuses.contains(status) else { return false }
        }
        guard !filter.excluded.isEmpty else { return true }
        return ![candidate.type, candidate.agent, candidate.errorType].contains {
            $0.map(filter.excluded.contains) ?? false
        }
    }

    /// What stands only in the task's events, read as little of it as will do.
    private func historyMatches(_ candidate: Candidate, _ appends: inout Int) throws(ReadFault) -> Bool {
        if query.minAttempts > 0 {
            // Its creation, so many beginnings, and the end of each but the last.
            guard candidate.version >= 2 * query.minAttempts else { return false }
            let (attempts, examined) = try snapshot.attemptsBegun(candidate.number)
            appends += examined
            if attempts < query.minAttempts { return false }
        }
        guard let least = query.minAmount else { return true }
        appends += 1
        let payment = try snapshot.spec(candidate.number)?.payment
        return payment.map { Decimal.compare($0.money.amount, least) >= 0 } ?? false
    }

    private func has(_ pair: MetadataPair, _ number: Int64) throws(ReadFault) -> Bool {
        let select = try snapshot.statement(
            "SELECT 1 FROM metadata WHERE key = ? AND value = ? AND task_no = ?")
        select.bind(1, pair.key)
        select.bind(2, pair.value)
        select.bind(3, number)
        return try select.first { _ in true } ?? false
    }

    private func matches(_ text: String, _ candidate: Candidate) throws(ReadFault) -> Bool {
        if let range = query.idRange, range.contains(candidate.id) { return true }
        if let type = try snapshot.number(.type, text), candidate.type == type { return true }
        let select = try snapshot.statement(
            "SELECT 1 FROM payment_references WHERE reference = ? AND task_no = ?")
        select.bind(1, text)
        select.bind(2, candidate.number)
        return try select.first { _ in true } ?? false
    }
}

extension TaskQuery {
    /// The same with wanted statuses only; nil if it asks for what it leaves out.
    fileprivate var withoutContradictions: TaskQuery? {
        if let type, excluded.types.contains(type) { return nil }
        if let agent, excluded.agents.contains(agent) { return nil }
        if let errorType, excluded.errorTypes.contains(errorType) { return nil }
        guard !excluded.statuses.isEmpty else { return self }
        var query = self
        query.statuses = statuses.isEmpty ? TaskStatus.allCases : statuses
        query.statuses.removeAll { excluded.statuses.contains($0) }
        return query.statuses.isEmpty ? nil : query
    }
}

extension Snapshot {
    fileprivate func numbers(of excluded: TaskQuery.Excluded) throws(ReadFault) -> Set<Int64> {
        var numbers: Set<Int64> = []
        for type in excluded.types { if let no = try number(.type, type) { numbers.insert(no) } }
        for agent in excluded.agents { if let no = try number(.agent, agent.rawValue) { numbers.insert(no) } }
        for error in excluded.errorTypes {
            if let no = try number(.errorType, error.rawValue) { numbers.insert(no) }
        }
        return numbers
    }

    func tasks(_ query: TaskQuery) throws(ReadFault) -> Page<StoredTask> {
        guard query.limit > 0, let lister = try TaskLister(query, on: self) else {
            return Page(elements: [], next: nil)
        }
        let page = try lister.page()
        return Page(elements: try tasks(page.elements), next: page.next)
    }

    func taskNumbers(_ query: TaskQuery) throws(ReadFault) -> Page<TaskNumber> {
        guard query.limit > 0, let lister = try TaskLister(query, on: self) else {
            return Page(elements: [], next: nil)
        }
        let page = try lister.page()
        return Page(elements: page.elements.map { TaskNumber($0) }, next: page.next)
    }

    func tasks(numbered numbers: [TaskNumber]) throws(ReadFault) -> [StoredTask] {
        var tasks: [StoredTask] = []
        for number in numbers {
            if let task = try task(number) { tasks.append(task) }
        }
        return tasks
    }

    static let firstOfHoursSQL = "SELECT min(first_no) FROM hours WHERE hour >= ?"
    static let lastOfHoursSQL = "SELECT max(last_no) FROM hours WHERE hour <= ?"

    /// The numbers between which all tasks of the query's dates lie; exact even if a clock went back.
    fileprivate func bounds(of query: TaskQuery) throws(ReadFault) -> Range<Int64> {
        var bounds = (lower: Int64(1), upper: query.before?.before ?? .max)
        if let after = query.createdAfter {
            let select = try statement(Self.firstOfHoursSQL)
            select.bind(1, after.hour)
            bounds.lower = try select.first { $0.optionalInt(0) ?? .max } ?? .max
        }
        if let before = query.createdBefore {
            let select = try statement(Self.lastOfHoursSQL)
            select.bind(1, before.hour)
            bounds.upper = min(bounds.upper, (try select.first { $0.int(0) } ?? 0) &+ 1)
        }
        return bounds.lower..<max(bounds.lower, bounds.upper)
    }
}
