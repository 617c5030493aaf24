import HTTPTypes
import Hummingbird
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Creating, showing, cancelling, retrying and deciding on tasks.
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

    /// A person's answer to an escalation.
    @Sendable static func decide(_ exchange: Exchange) async throws -> Answer {
        try await act(exchange, bodyRequired: true) { body throws(Problem) in try exchange.verdict(body) }
    }

    private static func act(
        _ exchange: Exchange, bodyRequired: Bool = false, _ command: (Body) throws(Problem) -> TaskCommand
    )
        async throws -> Answer
    {
        let id = try exchange.taskID()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: bodyRequired)
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
            isAgent: isAgent,
            isChain: { [engine, scope = caller.scope] text in
                UUID7(text).map { engine.canName(chain: $0, in: scope) } ?? false
            })
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
