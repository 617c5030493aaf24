import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary

/// Reads what is to be done to many.
struct BulkInput {
    let caller: Caller
    let isAgent: (AgentID) -> Bool

    enum Subject {
        case deadLetters, tasks
    }

    private static let members = [
        "action", "filter", "all", "dry_run", "max_per_second", "canary", "note", "agent_id",
    ]
    /// Entries that may be named one by one.
    private static let maxIDs = 1000

    /// The plan, and whether it is only to be looked at; nil: there are faults.
    func read(_ body: Body, _ subject: Subject, _ fields: inout Fields) -> (plan: BulkPlan, isDry: Bool)? {
        guard let members = fields.object(body.root, at: "", Self.members) else { return nil }
        let action = action(members, subject, &fields)
        let isAll = fields.flag(members, "all") ?? false
        let hasCanary = fields.flag(members, "canary") ?? false
        let agent = TaskInput.agent(members, &fields, isAgent)
        let note = fields.text(members, "note", .free(0...2000))
        let rate = fields.whole(members, "max_per_second", 1...10_000).map(Int.init(clamping:))
        let isDry = fields.flag(members, "dry_run") ?? false
        if let action, action != .retry {
            if hasCanary { fields.add(members, "canary", "is for retries only") }
            if agent != nil { fields.add(members, "agent_id", "is for retries only") }
        }
        let target = target(members, subject, action, isAll: isAll, &fields)
        guard let action, let target else { return nil }
        let order = BulkRules.Order(action: action, actor: caller.actor, note: note, agentID: agent)
        let plan = BulkPlan(
            target: target, order: order, maxPerSecond: rate, hasCanary: hasCanary, owner: caller.userID)
        return (plan, isDry)
    }

    private func action(_ members: Fields.Members, _ subject: Subject, _ fields: inout Fields) -> BulkAction?
    {
        let actions: [BulkAction] =
            subject == .deadLetters ? [.retry, .resolve, .discard] : [.cancel, .retry]
        return fields.text(members, "action", .oneOf(actions.map(\.rawValue)), required: true)
            .flatMap(BulkAction.init(rawValue:))
    }

    private func target(
        _ members: Fields.Members, _ subject: Subject, _ action: BulkAction?, isAll: Bool,
        _ fields: inout Fields
    ) -> BulkPlan.Target? {
        let names = subject == .deadLetters ? Self.letterNames : Self.taskNames
        let faultsBefore = fields.faults.count
        var filter = Fields.Members(pointer: "/filter", all: [])
        if let node = fields.given(members, "filter") {
            guard let object = fields.filter(node, names, hasMetadata: subject == .tasks) else { return nil }
            filter = object
        }
        let target: BulkPlan.Target
        let isEmpty: Bool
        switch subject {
        case .deadLetters:
            let query = deadLetters(filter, &fields)
            // Only pending ones can be meant, so their status alone says nothing.
            isEmpty = query == DeadLetterQuery.pending
            target = .deadLetters(scoped(query))
        case .tasks:
            let query = tasks(filter, &fields)
            isEmpty = query == TaskQuery()
            target = .tasks(scoped(query, action))
        }
        switch (isEmpty, isAll) {
        // A filter that could not be read is told of by what is wrong in it.
        case (true, false) where fields.faults.count == faultsBefore:
            fields.add("/filter", "must say which are meant; for everything say so: \"all\": true")
        case (false, true): fields.add("/all", "must not be true beside a filter")
        default: break
        }
        return target
    }

    // MARK: Dead letters

    private static let letterNames = [
        "status", "agent", "error_type", "user_id", "task_type", "min_amount", "group", "ids",
    ]

    private func deadLetters(_ filter: Fields.Members, _ fields: inout Fields) -> DeadLetterQuery {
        var query = DeadLetterQuery.pending
        _ = fields.text(filter, "status", .oneOf([DeadLetterStatus.pending.rawValue]))
        query.agent = fields.text(filter, "agent", .slug).map { AgentID($0) }
        query.errorType = fields.word(filter, "error_type", ErrorType.self)
        query.user = fields.text(filter, "user_id", .userID).map { UserID($0) }
        query.taskType = fields.text(filter, "task_type", .word(100))
        query.minAmount = fields.amount(filter, "min_amount")
        query.group = fields.text(filter, "group", .visible(1...128))
        query.ids = fields.ids(filter, "ids", atMost: Self.maxIDs)?.map { DeadLetterID($0) }
        return query
    }

    /// Below admin the caller's own only; another user's are none.
    private func scoped(_ query: DeadLetterQuery) -> DeadLetterQuery {
        var query = query
        if let user = query.user, !caller.scope.covers(user) { query.ids = [] }
        query.user = query.user ?? caller.scope.user
        return query
    }

    // MARK: Tasks

    private static let taskNames = [
        "status", "type", "agent", "user_id", "error_type", "created_after", "created_before", "q",
        "min_attempts", "min_amount", "not_status", "not_type", "not_agent", "not_error_type", "ids",
    ]

    private func tasks(_ filter: Fields.Members, _ fields: inout Fields) -> TaskQuery {
        var query = TaskQuery()
        query.statuses = fields.words(filter, "status", TaskStatus.self)
        query.type = fields.text(filter, "type", .word(100))
        query.agent = fields.text(filter, "agent", .slug).map { AgentID($0) }
        query.user = fields.text(filter, "user_id", .userID).map { UserID($0) }
        query.errorType = fields.word(filter, "error_type", ErrorType.self)
        query.createdAfter = fields.time(filter, "created_after")
        query.createdBefore = fields.time(filter, "created_before")
        query.text = fields.text(filter, "q", .free(1...200))
        query.minAttempts = fields.whole(filter, "min_attempts", 0...1_000_000).map(Int.init(clamping:)) ?? 0
        query.minAmount = fields.amount(filter, "min_amount")
        query.excluded.statuses = fields.words(filter, "not_status", TaskStatus.self)
        query.excluded.types = fields.texts(filter, "not_type", .word(100))
        query.excluded.agents = fields.texts(filter, "not_agent", .slug).map { AgentID($0) }
        query.excluded.errorTypes = fields.words(filter, "not_error_type", ErrorType.self)
        query.metadata = fields.metadataPairs(filter)
        query.ids = fields.ids(filter, "ids", atMost: Self.maxIDs)?.map { TaskID($0) }
        return query
    }

    /// Without a status those that the act can be done to.
    private func scoped(_ query: TaskQuery, _ action: BulkAction?) -> TaskQuery {
        var query = query
        if query.statuses.isEmpty, query.ids == nil {
            query.statuses = action == .retry ? [.failed] : [.pending, .inProgress, .waiting]
        }
        if let user = query.user, !caller.scope.covers(user) { query.ids = [] }
        query.user = query.user ?? caller.scope.user
        return query
    }
}

extension DeadLetterQuery {
    fileprivate static var pending: DeadLetterQuery {
        var query = DeadLetterQuery()
        query.statuses = [.pending]
        return query
    }
}

extension Fields {
    /// The members of a filter: these, and for tasks `metadata.KEY`.
    fileprivate mutating func filter(_ node: JSONNode, _ names: [String], hasMetadata: Bool) -> Members? {
        let given = (node.object ?? []).map(\.name).filter { hasMetadata && $0.hasPrefix("metadata.") }
        return object(node, at: "/filter", names + given)
    }

    fileprivate mutating func amount(_ members: Members, _ name: String) -> String? {
        guard let text = text(members, name, .free(1...64)) else { return nil }
        guard Decimal.isAmount(text) else {
            add(members, name, "must be 1 to 30 digits with up to 18 decimals")
            return nil
        }
        return text
    }

    /// One or several texts, parted by commas as in a query, or in an array.
    fileprivate mutating func texts(_ members: Members, _ name: String, _ rule: TextRule) -> [String] {
        guard let node = given(members, name) else { return [] }
        let texts: [String?]
        if let text = node.string {
            texts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        } else if let items = node.array {
            texts = items.map(\.string)
        } else {
            add(members, name, "must be a string or an array of strings")
            return []
        }
        if texts.count > 100 { add(members, name, "may have at most 100 values") }
        if texts.contains(nil) { add(members, name, "must hold strings") }
        if let fault = texts.lazy.compactMap({ $0 }).compactMap(rule.fault).first {
            add(members, name, fault)
        }
        return texts.compactMap { $0 }
    }

    fileprivate mutating func words<Word: RawRepresentable<String> & CaseIterable>(
        _ members: Members, _ name: String, _ type: Word.Type
    ) -> [Word] {
        texts(members, name, .oneOf(Word.allCases.map(\.rawValue))).compactMap(Word.init(rawValue:))
    }

    fileprivate mutating func ids(_ members: Members, _ name: String, atMost limit: Int) -> [UUID7]? {
        guard let items = list(members, name, 1...limit) else { return nil }
        let ids = items.map { $0.string.flatMap { UUID7($0) } }
        for (index, id) in ids.enumerated() where id == nil {
            add("\(Self.pointer(members.pointer, name))/\(index)", "must be an id")
        }
        return ids.compactMap { $0 }
    }

    fileprivate mutating func metadataPairs(_ members: Members) -> [MetadataPair] {
        let pairs = members.all.filter { $0.name.hasPrefix("metadata.") }
        if pairs.count > 10 { add(members.pointer, "may have at most 10 members metadata.KEY") }
        return pairs.compactMap { name, _ in
            let key = String(name.dropFirst("metadata.".count))
            if !TaskInput.isMetadataKey(key) { add(members, name, "must name a key of 1 to 64 characters") }
            return text(members, name, .free(0...512), required: true).map {
                MetadataPair(key: key, value: $0)
            }
        }
    }
}
