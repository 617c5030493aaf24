import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Reads an agent to register, or changes to one (a JSON merge patch), as changes to its record.
struct AgentInput {
    typealias Change = @Sendable (inout AgentRecord) -> Void

    let addressFault: @Sendable (String) -> String?
    /// Whether credentials may stand in files.
    let hasSecretFolder: Bool
    private(set) var changes: [Change] = []

    static let names = [
        "name", "callback_url", "provider", "capabilities", "timeout_ms", "max_concurrency", "rate_limit",
        "auth",
        "breaker", "retry_budget", "redrive", "weight", "paused",
    ]

    init(_ configuration: ServerConfiguration) {
        addressFault = configuration.addressFault
        hasSecretFolder = configuration.hasSecretFolder
    }

    func apply(to record: inout AgentRecord) { for change in changes { change(&record) } }

    /// Reads all members but those that only a new agent has; what is left out stays, null sets the default.
    mutating func read(_ members: Fields.Members, isNew: Bool, _ fields: inout Fields) {
        if isNew || members.node("name") != nil {
            let name = fields.text(members, "name", .free(1...200), required: true) ?? ""
            changes.append { $0.name = name }
        }
        readAddress(members, &fields)
        readLimits(members, &fields)
        if members.node("auth") != nil {
            let input = AgentAuthInput(addressFault: addressFault, hasSecretFolder: hasSecretFolder)
            let auth = input.read(members, &fields)
            changes.append { $0.auth = auth }
        }
        readBreaker(members, &fields)
        readBudget(members, &fields)
        if members.node("redrive") != nil {
            let redrive = fields.word(members, "redrive", Redrive.self) ?? .onRecovery
            changes.append { $0.profile.redrive = redrive }
        }
        if members.node("paused") != nil {
            let isPaused = fields.flag(members, "paused") ?? false
            changes.append { $0.profile.isPaused = isPaused }
        }
    }

    private mutating func readAddress(_ members: Fields.Members, _ fields: inout Fields) {
        if members.node("callback_url") != nil {
            let url = fields.text(members, "callback_url", .free(0...8192))
            if let url, let fault = CallbackURL.fault(url) ?? addressFault(url) {
                fields.add(members, "callback_url", fault)
            }
            changes.append {
                $0.callbackURL = url
                $0.profile.isCallable = url != nil || $0.kind == .local
            }
        }
        if members.node("provider") != nil {
            let provider = fields.text(members, "provider", .slug)
            if let provider, provider.hasPrefix(Reserved.agentPrefix) {
                fields.add(members, "provider", "must not begin with kintsugi-, which is reserved")
            }
            changes.append { $0.profile.provider = ProviderID(provider ?? $0.profile.id.rawValue) }
        }
        if members.node("capabilities") != nil {
            let capabilities = Self.capabilities(members, &fields)
            changes.append { $0.profile.capabilities = capabilities }
        }
    }

    private static func capabilities(_ members: Fields.Members, _ fields: inout Fields) -> [String] {
        guard let nodes = fields.list(members, "capabilities", 0...100) else { return [] }
        let pointer = Fields.pointer(members.pointer, "capabilities")
        var capabilities: [String] = []
        for (index, node) in nodes.enumerated() {
            guard let text = node.string else {
                fields.add("\(pointer)/\(index)", "must be a string")
                continue
            }
            if let fault = TextRule.word(100).fault(text) { fields.add("\(pointer)/\(index)", fault) }
            if capabilities.contains(text) { fields.add("\(pointer)/\(index)", "is there twice") }
            capabilities.append(text)
        }
        return capabilities
    }

    private mutating func readLimits(_ members: Fields.Members, _ fields: inout Fields) {
        if members.node("timeout_ms") != nil {
            let timeout = fields.whole(members, "timeout_ms", 1...TaskInput.day)
            changes.append {
                $0.givenTimeout = timeout
                $0.profile.timeout = timeout ?? 30_000
            }
        }
        if members.node("max_concurrency") != nil {
            let limit = Int(clamping: fields.whole(members, "max_concurrency", 1...10_000) ?? 64)
            changes.append { $0.profile.maxConcurrency = limit }
        }
        if members.node("weight") != nil {
            let weight = Int(clamping: fields.whole(members, "weight", 1...1000) ?? 1)
            changes.append { $0.profile.weight = weight }
        }
        if members.node("rate_limit") != nil {
            let limit = Self.rateLimit(members, &fields)
            changes.append { $0.profile.rateLimit = limit }
        }
    }

    private static func rateLimit(_ members: Fields.Members, _ fields: inout Fields) -> RateLimit.Settings? {
        guard let limit = fields.object(members, "rate_limit", ["per_second", "burst"]) else { return nil }
        let rate = fields.number(limit, "per_second", 0.01...100_000, required: true)
        let burst = fields.whole(limit, "burst", 1...100_000)
        if fields.given(limit, "burst") == nil { fields.add(limit, "burst", "is required") }
        guard let rate, let burst else { return nil }
        return RateLimit.Settings(perSecond: rate, burst: Int(clamping: burst))
    }

    private mutating func readBreaker(_ members: Fields.Members, _ fields: inout Fields) {
        guard members.node("breaker") != nil else { return }
        let names = [
            "window_calls", "window_ms", "failure_rate", "min_calls", "consecutive_failures", "open_ms",
            "max_open_ms",
            "probes",
        ]
        guard let given = fields.object(members, "breaker", names) else {
            return changes.append { $0.profile.breaker = BreakerSettings() }
        }
        let standard = BreakerSettings()
        var sets: [@Sendable (inout BreakerSettings) -> Void] = []
        func whole(
            _ name: String, _ range: ClosedRange<Int64>, _ standard: Int64,
            _ set: @escaping @Sendable (inout BreakerSettings, Int64) -> Void
        ) {
            guard given.node(name) != nil else { return }
            let value = fields.whole(given, name, range) ?? standard
            sets.append { set(&$0, value) }
        }
        whole("window_calls", 1...10_000, Int64(standard.windowCalls)) { $0.windowCalls = Int(clamping: $1) }
        whole("window_ms", 1...TaskInput.day, standard.window) { $0.window = $1 }
        whole("min_calls", 1...1_000_000, Int64(standard.minCalls)) { $0.minCalls = Int(clamping: $1) }
        whole("consecutive_failures", 1...1_000_000, Int64(standard.consecutiveFailures)) {
            $0.consecutiveFailures = Int(clamping: $1)
        }
        whole("open_ms", 1...TaskInput.day, standard.open) { $0.open = $1 }
        whole("max_open_ms", 1...TaskInput.day, standard.maxOpen) { $0.maxOpen = $1 }
        whole("probes", 1...100, Int64(standard.probes)) { $0.probes = Int(clamping: $1) }
        if given.node("failure_rate") != nil {
            let rate = fields.number(given, "failure_rate", 0.01...1) ?? standard.failureRate
            sets.append { $0.failureRate = rate }
        }
        changes.append { [sets] record in
            var settings = record.profile.breaker ?? BreakerSettings()
            for set in sets { set(&settings) }
            record.profile.breaker = settings
        }
    }

    private mutating func readBudget(_ members: Fields.Members, _ fields: inout Fields) {
        guard members.node("retry_budget") != nil else { return }
        let standard = RetryBudget.Settings()
        guard let given = fields.object(members, "retry_budget", ["ratio", "min_per_second"]) else {
            return changes.append { $0.profile.retryBudget = RetryBudget.Settings() }
        }
        let hasRatio = given.node("ratio") != nil
        let hasMinimum = given.node("min_per_second") != nil
        let ratio = fields.number(given, "ratio", 0...1) ?? standard.ratio
        let minimum = fields.number(given, "min_per_second", 0...100_000) ?? standard.minPerSecond
        changes.append { record in
            var settings = record.profile.retryBudget ?? RetryBudget.Settings()
            if hasRatio { settings.ratio = ratio }
            if hasMinimum { settings.minPerSecond = minimum }
            record.profile.retryBudget = settings
        }
    }
}

/// Where an agent may be called, as far as its text tells.
enum CallbackURL {
    /// `http` or `https`, a host, no user info, no fragment, visible ASCII only.
    static func fault(_ url: String) -> String? {
        let fault =
            "must be http:// or https://, a host, and optionally a port, path and query; without user info"
        let bytes = Array(url.utf8)
        let rest: ArraySlice<UInt8>
        if url.hasPrefix("http://") {
            rest = bytes[7...]
        } else if url.hasPrefix("https://") {
            rest = bytes[8...]
        } else {
            return fault
        }
        guard bytes.allSatisfy({ (33...126).contains($0) && $0 != 34 && $0 != 35 }) else { return fault }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        return isAuthority(authority) ? nil : fault
    }

    private static func isAuthority(_ authority: ArraySlice<UInt8>) -> Bool {
        let host: ArraySlice<UInt8>
        var port: ArraySlice<UInt8>?
        if authority.first == UInt8(ascii: "[") {
            guard let end = authority.firstIndex(of: UInt8(ascii: "]")) else { return false }
            host = authority[(authority.startIndex + 1)..<end]
            let after = authority[(end + 1)...]
            guard after.isEmpty || after.first == UInt8(ascii: ":") else { return false }
            if !after.isEmpty { port = after.dropFirst() }
            guard (2...45).contains(host.count), host.allSatisfy({ isHex($0) || $0 == 58 || $0 == 46 }) else {
                return false
            }
        } else {
            let colon = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
            host = authority[..<colon]
            if colon < authority.endIndex { port = authority[(colon + 1)...] }
            guard let first = host.first, let last = host.last, host.count <= 253, isAlphanumeric(first),
                isAlphanumeric(last), host.allSatisfy({ isAlphanumeric($0) || $0 == 45 || $0 == 46 })
            else { return false }
        }
        guard let port else { return true }
        guard (1...5).contains(port.count), port.allSatisfy({ (48...57).contains($0) }) else { return false }
        return (Int(String(decoding: port, as: UTF8.self)) ?? 0) <= 65_535
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
