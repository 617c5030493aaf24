import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// The dead letter queue.
enum FailedTaskHandlers {
    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var wanted = DeadLetterQuery()
        wanted.statuses = query.words("status", DeadLetterStatus.self)
        wanted.agent = query.text("agent", .slug).map { AgentID($0) }
        wanted.errorType = query.word("error_type", ErrorType.self)
        let user = query.text("user_id", .userID).map { UserID($0) }
        wanted.taskType = query.text("task_type", .word(100))
        wanted.minAmount = query.amount("min_amount")
        wanted.group = query.text("group", .visible(1...128))
        wanted.isInternal = query.text("origin", .oneOf([TaskOrigin.internal.rawValue])) != nil
        wanted.limit = query.limit()
        wanted.before = query.numberCursor().map(PageCursor.init(before:))
        try query.check([
            "status", "agent", "error_type", "user_id", "task_type", "min_amount", "group", "origin", "limit",
            "cursor",
        ])
        let isOthers = user.map { !exchange.caller.scope.covers($0) } ?? false
        if isOthers || wanted.isInternal && exchange.caller.scope != .everyone {
            return Answer(.ok, ListResource<FailedTaskResource>(data: [], nextCursor: nil))
        }
        wanted.user = user ?? exchange.caller.scope.user
        let (store, asked) = (exchange.engine.store, wanted)
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.deadLetters(asked)
        }
        let ranking = try await exchange.ranking()
        return Answer(.ok, json: PageWriter.page(page, number: \.number) { FailedTaskResource($0, ranking) })
    }

    private enum GroupStatus: String, CaseIterable {
        case pending, all
    }

    @Sendable static func groups(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var wanted = CauseGroupQuery()
        wanted.pendingOnly = query.word("status", GroupStatus.self) != .all
        wanted.agent = query.text("agent", .slug).map { AgentID($0) }
        wanted.errorType = query.word("error_type", ErrorType.self)
        let user = query.text("user_id", .userID).map { UserID($0) }
        wanted.sort = query.word("sort", CauseGroupQuery.Sort.self) ?? .count
        wanted.limit = query.limit()
        wanted.after = query.groupCursor()
        try query.check(["status", "agent", "error_type", "user_id", "sort", "limit", "cursor"])
        if let user, !exchange.caller.scope.covers(user) {
            return Answer(.ok, ListResource<CauseGroupResource>(data: [], nextCursor: nil))
        }
        wanted.user = user ?? exchange.caller.scope.user
        let (store, asked) = (exchange.engine.store, wanted)
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.causeGroups(asked)
        }
        let next = page.next.map { Query.cursorText("\($0.rank):\($0.number)") }
        let ranking = try await exchange.ranking()
        var groups: [CauseGroupResource] = []
        for group in page.groups {
            var alert: Alert?
            if let mark = group.sample.alert {
                alert = try await exchange.engine.reading { () async throws(StoreError) in
                    try await store.alert(mark.id)
                }
            }
            groups.append(CauseGroupResource(group, pendingOnly: asked.pendingOnly, alert: alert, ranking))
        }
        return Answer(.ok, ListResource(data: groups, nextCursor: next))
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.deadLetterID()
        try exchange.checkNoQuery()
        let entry = try await exchange.entry(id)
        let task = try await exchange.engine.task(entry.task.state.id, in: exchange.caller.scope)
        let etag = ETag.text(task.state.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }
        let ranking = try await exchange.ranking()
        return Answer(.ok, FailedTaskResource(entry, ranking), headers: [.eTag: etag])
    }

    @Sendable static func retry(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange) { body throws(Problem) in
            let command = try exchange.retryRequest(body)
            guard case .retry(let retry) = command else { throw Problem.notFound }
            return Closing(command: command, status: .retried, note: retry.reason)
        }
    }

    @Sendable static func resolve(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange) { body throws(Problem) in
            let note = try exchange.note(body)
            let command = TaskCommand.resolveDeadLetter(note: note, actor: exchange.caller.actor)
            return Closing(command: command, status: .resolved, note: note)
        }
    }

    @Sendable static func discard(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange) { body throws(Problem) in
            let note = try exchange.note(body)
            let command = TaskCommand.discardDeadLetter(note: note, actor: exchange.caller.actor)
            return Closing(command: command, status: .discarded, note: note)
        }
    }

    private struct Closing: Sendable {
        let command: TaskCommand
        let status: DeadLetterStatus
        let note: String?
    }

    /// How often it is decided anew when the task changes in between.
    private static let maxDecisions = 5

    private static func act(_ exchange: Exchange, _ read: (Body) throws(Problem) -> Closing) async throws
        -> Answer
    {
        let id = try exchange.deadLetterID()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            let closing = try read(body)
            let ranking = try await exchange.ranking()
            for _ in 0..<maxDecisions {
                let entry = try await exchange.entry(id)
                let task = try await exchange.engine.task(entry.task.state.id, in: exchange.caller.scope)
                try exchange.checkMatch(task.state.version)
                guard entry.status == .pending, task.state.deadLetter?.id == id,
                    task.state.deadLetter?.status == .pending
                else { throw Problem.deadLetterClosed }
                let render = rendering(entry, closing, ranking, exchange)
                do {
                    let after = try await exchange.engine.perform(
                        closing.command, on: task.state.id, in: exchange.caller.scope,
                        ifVersion: task.state.version,
                        sealing: keeping.sealing(render))
                    return keeping.answer ?? render([after.state])
                } catch EngineError.preconditionFailed {
                    continue
                }
            }
            throw EngineError.contended
        }
    }

    /// The answer: the entry as the act closes it, and for a retry its task.
    private static func rendering(
        _ entry: DeadLetter, _ closing: Closing, _ ranking: StrategyRanking, _ exchange: Exchange
    )
        -> @Sendable ([TaskState]) -> Answer
    {
        { states in
            var closed = entry
            closed.status = closing.status
            closed.closedAt = states.first?.updatedAt
            closed.closedBy = exchange.caller.actor
            closed.note = closing.note
            let shown = FailedTaskResource(closed, ranking)
            guard let state = states.first else { return Answer(.ok, shown) }
            let headers: HTTPFields = [.eTag: ETag.text(state.version)]
            guard closing.status == .retried else { return Answer(.ok, shown, headers: headers) }
            let both = FailedTaskRetriedResource(failedTask: shown, task: exchange.resource(state))
            return Answer(.accepted, both, headers: headers)
        }
    }
}

extension Exchange {
    func entry(_ id: DeadLetterID) async throws -> DeadLetter {
        let found = try await engine.reading { () async throws(StoreError) in
            try await engine.store.deadLetter(id)
        }
        guard let found, caller.scope.covers(found.task.state.spec.userID) else { throw Problem.notFound }
        return found
    }
}
