import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Rows of one index, the greatest task number first.
struct TaskSource {
    private enum Rows {
        /// Stepped as far as it is needed.
        case statement(PreparedStatement)
        /// Few numbers, greatest first.
        case numbers(ArraySlice<Int64>, PreparedStatement)
    }

    private var rows: Rows

    init(_ statement: PreparedStatement) { rows = .statement(statement) }
    init(_ numbers: [Int64], row: PreparedStatement) { rows = .numbers(numbers[...], row) }

    mutating func next() throws(ReadFault) -> TaskLister.Candidate? {
        switch rows {
        case .statement(let statement): return try statement.next() ? TaskLister.Candidate(statement) : nil
        case .numbers(let numbers, let row):
            guard let number = numbers.first else { return nil }
            rows = .numbers(numbers.dropFirst(), row)
            row.bind(1, number)
            return try row.first(TaskLister.Candidate.init)
        }
    }

    func end() {
        if case .statement(let statement) = rows { statement.reset() }
    }
}

/// Several sources as one, without repeats.
struct NewestFirst {
    private var sources: [TaskSource]
    private var heads: [TaskLister.Candidate?]

    init(_ sources: [TaskSource]) throws(ReadFault) {
        self.sources = sources
        heads = []
        for index in sources.indices { heads.append(try self.sources[index].next()) }
    }

    mutating func next() throws(ReadFault) -> TaskLister.Candidate? {
        guard let best = heads.compactMap({ $0 }).max(by: { $0.number < $1.number }) else { return nil }
        for index in heads.indices where heads[index]?.number == best.number {
            heads[index] = try sources[index].next()
        }
        return best
    }

    func end() { for source in sources { source.end() } }
}

/// The indexes that can drive a list.
struct TaskSources {
    let snapshot: Snapshot
    let query: TaskQuery
    let filter: TaskLister.Filter

    enum Driver {
        case ids([TaskID])
        case text(String)
        case metadata(MetadataPair)
        case column(String, Int64)
        case statuses
        case everything
    }

    /// Those that the query allows, the more promising first.
    var drivers: [Driver] {
        if let ids = query.ids { return [.ids(ids)] }
        if let text = query.text { return [.text(text)] }
        var drivers: [Driver] = []
        if let error = filter.errorType { drivers.append(.column(SQL.byError, error)) }
        if let pair = query.metadata.first { drivers.append(.metadata(pair)) }
        // Most tasks are completed: that status leaves the most.
        let isRare = !query.statuses.contains(.completed)
        if !query.statuses.isEmpty, isRare { drivers.append(.statuses) }
        if let agent = filter.agent { drivers.append(.column(SQL.byAgent, agent)) }
        if let type = filter.type { drivers.append(.column(SQL.byType, type)) }
        if let user = filter.user { drivers.append(.column(SQL.byUser, user)) }
        if !query.statuses.isEmpty, !isRare { drivers.append(.statuses) }
        return drivers.isEmpty ? [.everything] : drivers
    }

    /// The driver's rows, from one or several indexes.
    func rows(_ driver: Driver) throws(ReadFault) -> [TaskSource] {
        switch driver {
        case .ids(let ids): [try source(ids)]
        case .text(let text): try sources(text)
        case .metadata(let pair): [try metadata(pair)]
        case .column(let sql, let value): [try column(sql, value)]
        case .statuses: try sources(Set(query.statuses))
        case .everything: [try everything()]
        }
    }

    // MARK: Status

    /// Unfinished tasks are in the small table, ended ones in the index by status.
    private func sources(_ wanted: Set<TaskStatus>) throws(ReadFault) -> [TaskSource] {
        var sources: [TaskSource] = []
        if wanted.contains(.pending) {
            sources.append(try bounded(SQL.unfinished))
        } else {
            var phases: [LiveRow.Phase] = []
            if wanted.contains(.inProgress) { phases += [.running, .accepted] }
            if wanted.contains(.waiting) { phases.append(.waiting) }
            for phase in phases { sources.append(try column(SQL.busy(phase), Int64(phase.rawValue))) }
        }
        for status in TaskStatus.allCases where status.isFinal && wanted.contains(status) {
            sources.append(try column(SQL.ended(status), Int64(status.code)))
        }
        return sources
    }

    // MARK: Identifiers and text

    private func source(_ ids: [TaskID]) throws(ReadFault) -> TaskSource {
        let select = try snapshot.statement(SQL.numberByID)
        var numbers: [Int64] = []
        for id in Set(ids) {
            select.bind(1, blob: (id.uuid.high, id.uuid.low))
            if let number = try select.first({ $0.int(0) }), filter.bounds.contains(number) {
                numbers.append(number)
            }
        }
        return TaskSource(numbers.sorted(by: >), row: try snapshot.statement(SQL.byNumber))
    }

    /// An id's beginning, a type or a reference.
    private func sources(_ text: String) throws(ReadFault) -> [TaskSource] {
        var sources: [TaskSource] = []
        if let range = query.idRange {
            let numbers = try numbers(range)
            // So short a beginning that an index by id does not help.
            guard numbers.count <= TaskLister.maxExamined else { return [try everything()] }
            let inBounds = numbers.filter(filter.bounds.contains).sorted(by: >)
            sources.append(TaskSource(inBounds, row: try snapshot.statement(SQL.byNumber)))
        }
        if let type = try snapshot.number(.type, text) { sources.append(try column(SQL.byType, type)) }
        let reference = try snapshot.statement(SQL.byReference)
        reference.bind(1, text)
        sources.append(bind(reference, from: 2))
        return sources
    }

    private func numbers(_ range: ClosedRange<UUID7>) throws(ReadFault) -> [Int64] {
        let select = try snapshot.statement(SQL.numbersByID)
        select.bind(1, blob: (range.lowerBound.high, range.lowerBound.low))
        select.bind(2, blob: (range.upperBound.high, range.upperBound.low))
        select.bind(3, TaskLister.maxExamined + 1)
        return try select.all { $0.int(0) }
    }

    // MARK: Binding

    private func metadata(_ pair: MetadataPair) throws(ReadFault) -> TaskSource {
        let select = try snapshot.statement(SQL.byMetadata)
        select.bind(1, pair.key)
        select.bind(2, pair.value)
        return bind(select, from: 3)
    }

    private func column(_ sql: String, _ value: Int64) throws(ReadFault) -> TaskSource {
        let select = try snapshot.statement(sql)
        select.bind(1, value)
        return bind(select, from: 2)
    }

    private func everything() throws(ReadFault) -> TaskSource { try bounded(SQL.everything) }

    private func bounded(_ sql: String) throws(ReadFault) -> TaskSource {
        bind(try snapshot.statement(sql), from: 1)
    }

    private func bind(_ select: PreparedStatement, from index: Int32) -> TaskSource {
        select.bind(index, filter.bounds.lowerBound)
        select.bind(index + 1, filter.bounds.upperBound)
        return TaskSource(select)
    }
}

/// Each begins with the driver's own argument, if it has one; then come the bounds of the number.
extension TaskSources {
    enum SQL {
        private static let columns = """
            SELECT t.task_no, t.user_no, t.type_no, t.agent_no, t.error_type, t.created_at, t.status, l.phase, t.id,
            coalesce(l.version, t.version)
            """
        private static let joinLive = "LEFT JOIN live l ON l.task_no = t.task_no"

        static let everything = by("")
        static let byUser = by("t.user_no = ? AND")
        static let byType = by("t.type_no = ? AND")
        static let byAgent = by("t.agent_no = ? AND")
        static let byError = by("t.error_type IS NOT NULL AND t.error_type = ? AND")
        static let byNumber = "\(columns) FROM tasks t \(joinLive) WHERE t.task_no = ?"
        static let byMetadata = through("metadata", "key = ? AND m.value = ?")
        static let byReference = through("payment_references", "reference = ?")
        static let numberByID = "SELECT task_no FROM tasks WHERE id = ?"
        static let numbersByID = "SELECT task_no FROM tasks WHERE id BETWEEN ? AND ? LIMIT ?"
        static let unfinished = fromLive("")

        /// The text differs from phase to phase, because one kept statement cannot run twice at once.
        static func busy(_ phase: LiveRow.Phase) -> String {
            fromLive("l.phase >= 3 AND l.phase = ? /* \(phase) */ AND")
        }

        static func ended(_ status: TaskStatus) -> String {
            by("t.status > 2 AND t.status = ? /* \(status) */ AND")
        }

        private static func by(_ driver: String) -> String {
            """
            \(columns) FROM tasks t \(joinLive) WHERE \(driver) t.task_no >= ? AND t.task_no < ?
            ORDER BY t.task_no DESC
            """
        }

        private static func through(_ table: String, _ driver: String) -> String {
            """
            \(columns) FROM \(table) m CROSS JOIN tasks t ON t.task_no = m.task_no \(joinLive)
            WHERE m.\(driver) AND m.task_no >= ? AND m.task_no < ? ORDER BY m.task_no DESC
            """
        }

        private static func fromLive(_ driver: String) -> String {
            """
            \(columns) FROM live l CROSS JOIN tasks t ON t.task_no = l.task_no
            WHERE \(driver) l.task_no >= ? AND l.task_no < ? ORDER BY l.task_no DESC
            """
        }

        /// Every list statement, for the test that looks at their plans.
        static let all: [String] =
            [
                everything, byUser, byType, byAgent, byError, byNumber, byMetadata, byReference, numbersByID,
                unfinished,
            ]
            + [LiveRow.Phase.running, .accepted, .waiting].map(busy)
            + [TaskStatus.completed, .failed, .cancelled].map(ended)
    }
}
