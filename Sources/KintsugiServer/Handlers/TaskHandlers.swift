import HTTPTypes
import Hummingbird
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Creating, listing, showing, cancelling and retrying tasks.
enum TaskHandlers {
    @Sendable static func create(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            var input = exchange.taskInput
            let spec = input.read(body.root, at: "", &fields)
            try exchange.check(fields, input)
            guard let spec else { throw Problem(.malformedRequest, "A task is needed here.") }
            let render = exchange.rendering(.created, located: true)
            let tasks = try await exchange.engine.create([spec], sealing: keeping.sealing(render))
            return keeping.answer ?? render(tasks.map(\.state))
        }
    }

    @Sendable static func createBatch(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body) { keeping in
            let specs = try batch(body, exchange)
            let render: @Sendable ([TaskState]) -> Answer = { states in
                Answer(.created, TaskBatchResource(data: states.map { exchange.resource($0) }))
            }
            let tasks = try await exchange.engine.create(specs, sealing: keeping.sealing(render))
            return keeping.answer ?? render(tasks.map(\.state))
        }
    }

    private static func batch(_ body: Body, _ exchange: Exchange) throws(Problem) -> [TaskSpec] {
        var fields = Fields(body.bytes)
        var input = exchange.taskInput
        var specs: [TaskSpec] = []
        if let members = fields.object(body.root, at: "", ["tasks"]),
            let nodes = fields.list(members, "tasks", 1...1000, required: true)
        {
            specs.reserveCapacity(nodes.count)
            for (index, node) in nodes.enumerated() {
                if let spec = input.read(node, at: "/tasks/\(index)", &fields) { specs.append(spec) }
            }
        }
        try exchange.check(fields, input)
        return specs
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let wanted = try taskQuery(&query, exchange)
        guard let wanted else { return Answer(.ok, ListResource<TaskResource>(data: [], nextCursor: nil)) }
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await exchange.engine.store.tasks(wanted)
        }
        return Answer(
            .ok, json: PageWriter.page(page, number: \.number.rawValue) { exchange.resource($0.state) })
    }

    /// What is asked for; nil: only what the caller must not see.
    private static func taskQuery(_ query: inout Query, _ exchange: Exchange) throws(Problem) -> TaskQuery? {
        var wanted = TaskQuery()
        wanted.statuses = query.words("status", TaskStatus.self)
        wanted.type = query.text("type", .word(100))
        wanted.agent = query.text("agent", .slug).map { AgentID($0) }
        let user = query.text("user_id", .userID).map { UserID($0) }
        wanted.errorType = query.word("error_type", ErrorType.self)
        wanted.createdAfter = query.time("created_after")
        wanted.createdBefore = query.time("created_before")
        wanted.text = query.text("q", .free(1...200))
        wanted.limit = query.limit()
        wanted.before = query.numberCursor().map(PageCursor.init(before:))
        let pairs = query.parameters.filter { $0.name.hasPrefix("metadata.") }
        if pairs.count > 10 { query.add("metadata", "may be given at most 10 times") }
        for (name, value) in pairs {
            let key = String(name.dropFirst("metadata.".count))
            if !TaskInput.isMetadataKey(key) { query.add(name, "must name a key of 1 to 64 characters") }
            if let fault = TextRule.free(0...512).fault(value) { query.add(name, fault) }
            wanted.metadata.append(MetadataPair(key: key, value: value))
        }
        try query.check(
            [
                "status", "type", "agent", "user_id", "error_type", "created_after", "created_before", "q",
                "limit",
                "cursor",
            ], prefix: "metadata.")
        if let user, !exchange.caller.scope.covers(user) { return nil }
        wanted.user = user ?? exchange.caller.scope.user
        return wanted
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.taskID()
        try exchange.checkNoQuery()
        let task = try await exchange.engine.task(id, in: exchange.caller.scope)
        let etag = ETag.text(task.state.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }
        return exchange.rendering(.ok, located: false)([task.state])
    }

    @Sendable static func cancel(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange) { body throws(Problem) in try exchange.cancellation(body) }
    }

    @Sendable static func retry(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange) { body throws(Problem) in try exchange.retryRequest(body) }
    }

    private static func act(_ exchange: Exchange, _ command: (Body) throws(Problem) -> TaskCommand)
        async throws -> Answer
    {
        let id = try exchange.taskID()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            let command = try command(body)
            var version: Int?
            if exchange.ifMatch != nil {
                let current = try await exchange.engine.task(id, in: exchange.caller.scope).state.version
                try exchange.checkMatch(current)
                version = current
            }
            let render = exchange.rendering(.accepted, located: false)
            let task = try await exchange.engine.perform(
                command, on: id, in: exchange.caller.scope, ifVersion: version,
                sealing: keeping.sealing(render))
            return keeping.answer ?? render([task.state])
        }
    }
}

extension Exchange {
    var taskInput: TaskInput {
        TaskInput(
            caller: caller, now: now, traceparent: TaskInput.traceparent(header(.traceparent)),
            isAgent: isAgent)
    }

    func check(_ fields: Fields, _ input: TaskInput) throws(Problem) {
        try fields.check()
        if input.isForbidden { throw Problem(.forbidden, "Only an admin may create tasks for another user.") }
    }

    func resource(_ state: TaskState) -> TaskResource {
        TaskResource(state, Outlook(of: state, in: engine, at: max(engine.now, state.updatedAt)))
    }

    /// The answer with one task.
    func rendering(_ status: HTTPResponse.Status, located: Bool) -> @Sendable ([TaskState]) -> Answer {
        { states in
            guard let state = states.first else { return Answer(status) }
            var headers: HTTPFields = [.eTag: ETag.text(state.version)]
            if located { headers[.location] = Paths.filled(Paths.task, state.id.description) }
            return Answer(status, resource(state), headers: headers)
        }
    }
}
