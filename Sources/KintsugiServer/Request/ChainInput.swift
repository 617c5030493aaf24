import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Reads a fallback chain to create or to put in another's place.
struct ChainInput {
    /// Whose it is to be.
    let owner: UserID
    /// Made by an admin: it may be for anybody's tasks.
    let isShared: Bool
    let isAgent: (AgentID) -> Bool
    /// It is to be for another user's tasks, by one who may not.
    private(set) var isForbidden = false

    static let maxSteps = 20

    init(owner: UserID, isShared: Bool, isAgent: @escaping (AgentID) -> Bool) {
        self.owner = owner
        self.isShared = isShared
        self.isAgent = isAgent
    }

    private static let names = ["name", "match", "task_id", "enabled", "steps"]
    /// A draft has no name yet; what else its body says is somebody else's to read.
    private static let draftNames = ["name", "match", "task_id", "steps"] + SimulationHandlers.Span.names

    /// Whether the chain's task exists is left to the caller.
    mutating func read(
        _ body: Body, id: UUID7, version: Int, isDraft: Bool = false, _ fields: inout Fields,
        _ readMore: (Fields.Members, inout Fields) -> Void
    ) -> FallbackChain {
        var chain = FallbackChain(id: id, name: "", version: version, steps: [], owner: owner)
        guard let members = fields.object(body.root, at: "", isDraft ? Self.draftNames : Self.names) else {
            return chain
        }
        readMore(members, &fields)
        chain.name = fields.text(members, "name", .free(1...200), required: !isDraft) ?? ""
        chain.isEnabled = fields.flag(members, "enabled") ?? true
        chain.match = match(members, &fields)
        if let text = fields.text(members, "task_id", .free(0...64)) {
            chain.taskID = TaskID(text)
            if chain.taskID == nil { fields.add(members, "task_id", "names no task") }
            if fields.given(members, "match") != nil {
                fields.add(members, "task_id", "must not be given together with match")
            }
        }
        chain.steps = steps(members, &fields)
        return chain
    }

    private mutating func match(_ members: Fields.Members, _ fields: inout Fields) -> ChainMatch? {
        let names = ["task_type", "agent_id", "error_types", "min_amount", "user_id"]
        guard let match = fields.object(members, "match", names) else { return nil }
        let amount = fields.text(match, "min_amount", .free(0...64))
        if let amount, !Decimal.isAmount(amount) {
            fields.add(match, "min_amount", "must be 1 to 30 digits with up to 18 decimals, as a string")
        }
        let user = fields.text(match, "user_id", .userID).map { UserID($0) }
        if let user, user != owner, !isShared { isForbidden = true }
        return ChainMatch(
            taskType: fields.text(match, "task_type", .word(100)),
            agentID: TaskInput.agent(match, &fields, isAgent),
            errorTypes: fields.words(match, "error_types", ErrorType.self, 0...ErrorType.allCases.count),
            minAmount: amount, userID: user ?? (isShared ? nil : owner))
    }

    private func steps(_ members: Fields.Members, _ fields: inout Fields) -> [FallbackStep] {
        guard let nodes = fields.list(members, "steps", 1...Self.maxSteps, required: true) else { return [] }
        let pointer = Fields.pointer(members.pointer, "steps")
        let input = StepInput(isAgent: isAgent)
        let steps = nodes.enumerated().map { input.read($1, at: "\(pointer)/\($0)", &fields) }
        for fault in ChainCheck.faults(of: steps) {
            fields.add("\(pointer)/\(fault.step)/\(fault.member)", fault.detail)
        }
        return steps.compactMap { $0 }
    }
}

extension Exchange {
    /// The chain of the body, after everything about it was checked.
    func chain(
        _ body: Body, id: UUID7, version: Int, owner: UserID, isShared: Bool, isDraft: Bool = false,
        _ readMore: (Fields.Members, inout Fields) -> Void = { _, _ in }
    ) async throws -> FallbackChain {
        var fields = Fields(body.bytes)
        var input = ChainInput(owner: owner, isShared: isShared, isAgent: isAgent)
        let chain = input.read(body, id: id, version: version, isDraft: isDraft, &fields, readMore)
        if let task = chain.taskID {
            do {
                _ = try await engine.task(task, in: isShared ? .everyone : .user(owner))
            } catch EngineError.notFound {
                fields.add("/task_id", "names no task")
            }
        }
        try fields.check()
        if input.isForbidden {
            throw Problem(.forbidden, "Only an admin's chains may be for another user's tasks.")
        }
        return chain
    }
}
