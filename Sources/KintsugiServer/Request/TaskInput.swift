import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Reads tasks to create.
struct TaskInput {
    let caller: Caller
    let now: Timestamp
    let traceparent: String?
    /// Whether an agent with this id takes tasks.
    let isAgent: (AgentID) -> Bool
    /// Whether the caller's tasks may name this fallback chain.
    let isChain: (String) -> Bool
    /// Another user was named as owner by one who may not.
    private(set) var isForbidden = false

    private static let names = [
        "type", "agent_id", "capability", "input", "user_id", "priority", "run_at", "delay_ms", "timeout_ms",
        "deadline_at", "retry_policy", "payment", "metadata", "fallback_chain_id",
    ]
    static let longest: Milliseconds = 31_536_000_000
    static let day: Milliseconds = 86_400_000
    static let priorities: ClosedRange<Int64> = -100...100

    init(
        caller: Caller, now: Timestamp, traceparent: String?, isAgent: @escaping (AgentID) -> Bool,
        isChain: @escaping (String) -> Bool
    ) {
        self.caller = caller
        self.now = now
        self.traceparent = traceparent
        self.isAgent = isAgent
        self.isChain = isChain
    }

    /// Nil only if there are faults.
    mutating func read(_ node: JSONNode, at pointer: String, _ fields: inout Fields) -> TaskSpec? {
        guard let members = fields.object(node, at: pointer, Self.names) else { return nil }
        let type = Self.type(members, &fields)
        var spec = TaskSpec(type: type ?? "", userID: caller.userID)
        spec.agentID = Self.agent(members, &fields, isAgent)
        spec.capability = fields.text(members, "capability", .word(100))
        if let input = members.node("input") { spec.input = fields.raw(input) }
        if let user = fields.text(members, "user_id", .userID) {
            if user != caller.userID.rawValue, !caller.isAdmin { isForbidden = true }
            if user == Reserved.user.rawValue { fields.add(members, "user_id", "is reserved") }
            spec.userID = UserID(user)
        }
        spec.priority = Int(clamping: fields.whole(members, "priority", Self.priorities) ?? 0)
        schedule(members, &fields, &spec)
        spec.timeout = fields.whole(members, "timeout_ms", 1...Self.day)
        spec.deadline = fields.time(members, "deadline_at")
        spec.retryPolicy = Self.retryPolicy(members, &fields)
        spec.payment = Self.payment(members, &fields)
        spec.metadata = Self.metadata(members, &fields)
        spec.fallbackChainID = fields.text(members, "fallback_chain_id", .free(0...64))
        if let chain = spec.fallbackChainID, !isChain(chain) {
            fields.add(members, "fallback_chain_id", "names no fallback chain of yours or of an admin")
        }
        spec.traceparent = traceparent
        return type == nil ? nil : spec
    }

    private func schedule(_ members: Fields.Members, _ fields: inout Fields, _ spec: inout TaskSpec) {
        spec.runAt = fields.time(members, "run_at")
        if let delay = fields.whole(members, "delay_ms", 0...Self.longest) {
            if fields.given(members, "run_at") != nil {
                fields.add(members, "delay_ms", "must not be given together with run_at")
            }
            if delay > 0 { spec.runAt = now + delay }
        }
    }

    static func type(_ members: Fields.Members, _ fields: inout Fields) -> String? {
        let type = fields.text(members, "type", .word(100), required: true)
        if let type, type.hasPrefix(Reserved.typePrefix) {
            fields.add(members, "type", "must not begin with kintsugi., which is reserved")
        }
        return type
    }

    static func agent(_ members: Fields.Members, _ fields: inout Fields, _ isAgent: (AgentID) -> Bool)
        -> AgentID?
    {
        guard let id = fields.text(members, "agent_id", .slug).map({ AgentID($0) }) else { return nil }
        if !isAgent(id) { fields.add(members, "agent_id", "names no registered agent") }
        return id
    }

    private static func retryPolicy(_ members: Fields.Members, _ fields: inout Fields) -> RetryPolicy {
        let names = [
            "max_attempts", "base_delay_ms", "max_delay_ms", "jitter", "max_elapsed_ms", "on_open_breaker",
            "hold_ms",
        ]
        guard let members = fields.object(members, "retry_policy", names) else { return .standard }
        var policy = RetryPolicy.standard
        if let value = fields.whole(members, "max_attempts", 1...1000) {
            policy.maxAttempts = Int(clamping: value)
        }
        if let value = fields.whole(members, "base_delay_ms", 0...day) { policy.baseDelay = value }
        if let value = fields.whole(members, "max_delay_ms", 0...day) { policy.maxDelay = value }
        if let value = fields.number(members, "jitter", 0...1) { policy.jitter = value }
        policy.maxElapsed = fields.whole(members, "max_elapsed_ms", 1...longest)
        if let value = fields.word(members, "on_open_breaker", OpenBreakerPolicy.self) {
            policy.onOpenBreaker = value
        }
        if let value = fields.whole(members, "hold_ms", 0...longest) { policy.hold = value }
        return policy
    }

    private static func payment(_ members: Fields.Members, _ fields: inout Fields) -> Payment? {
        let names = ["amount", "currency", "kind", "reference", "payer", "payee"]
        guard let members = fields.object(members, "payment", names) else { return nil }
        let amount = fields.text(members, "amount", .free(0...64), required: true)
        if let amount, !Decimal.isAmount(amount) {
            fields.add(members, "amount", "must be 1 to 30 digits with up to 18 decimals, as a string")
        }
        let currency = fields.text(members, "currency", .free(0...64), required: true)
        if let currency, !Money.isCurrency(currency) {
            fields.add(members, "currency", "must be 1 to 10 of A-Z 0-9")
        }
        let kind = fields.text(members, "kind", .word(64), required: true)
        let reference = fields.text(members, "reference", .free(0...256))
        let payer = fields.text(members, "payer", .free(0...256))
        let payee = fields.text(members, "payee", .free(0...256))
        guard let amount, let currency, let kind, let money = Money(amount, currency) else { return nil }
        return Payment(money, kind: kind, reference: reference, payer: payer, payee: payee)
    }

    private static func metadata(_ members: Fields.Members, _ fields: inout Fields) -> [MetadataPair] {
        guard let node = fields.given(members, "metadata") else { return [] }
        guard let pairs = node.object, pairs.count <= 50 else {
            fields.add(members, "metadata", "must be an object with at most 50 members")
            return []
        }
        let pointer = Fields.pointer(members.pointer, "metadata")
        var metadata: [MetadataPair] = []
        for (index, (key, value)) in pairs.enumerated() {
            let place = Fields.pointer(pointer, key)
            if !isMetadataKey(key) {
                fields.add(place, "must have a name of 1 to 64 characters without control characters")
            } else if pairs[..<index].contains(where: { $0.name == key }) {
                fields.add(place, "is there twice")
            }
            if let text = value.string {
                if let fault = TextRule.free(0...512).fault(text) { fields.add(place, fault) }
                metadata.append(MetadataPair(key: key, value: text))
            } else {
                fields.add(place, "must be a string")
            }
        }
        return metadata
    }

    static func isMetadataKey(_ key: String) -> Bool {
        (1...64).contains(key.unicodeScalars.count) && key.utf8.allSatisfy { $0 >= 32 && $0 != 127 }
    }

    /// The header if it is a trace context; a malformed one is ignored.
    /// - Source: W3C Trace Context, section 3.2.
    static func traceparent(_ header: String?) -> String? {
        guard let header, header.utf8.count == 55 else { return nil }
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        return header
    }
}
