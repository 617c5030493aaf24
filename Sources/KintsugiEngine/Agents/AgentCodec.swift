import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The document of an agent's record. Secrets stand in it sealed only.
enum AgentCodec {
    static func encode(_ record: AgentRecord, seal: (String) -> String) -> JSONText {
        let profile = record.profile
        return JSONText(
            valid: JSONWriter.object(reserving: 512) { json in
                json.member("name", record.name)
                json.member("kind", record.kind.rawValue)
                json.member("callback_url", record.callbackURL)
                json.member("provider", profile.provider.rawValue)
                json.member("capabilities", array: profile.capabilities) { $0.string($1) }
                json.member("timeout_ms", record.givenTimeout)
                json.member("max_concurrency", profile.maxConcurrency)
                if let limit = profile.rateLimit {
                    json.member("rate_limit") {
                        $0.member("per_second", limit.perSecond)
                        $0.member("burst", limit.burst)
                    }
                }
                if let breaker = profile.breaker {
                    json.member("breaker") { Self.breaker(breaker, into: &$0) }
                }
                if let budget = profile.retryBudget {
                    json.member("retry_budget") {
                        $0.member("ratio", budget.ratio)
                        $0.member("min_per_second", budget.minPerSecond)
                    }
                }
                json.member("redrive", profile.redrive.rawValue)
                json.member("weight", profile.weight)
                json.member("paused", profile.isPaused)
                json.member("draining", record.isDraining)
                json.member("secrets", array: record.secrets) { json, secret in
                    json.object {
                        $0.member("sealed", seal(secret.value))
                        $0.member("until", secret.until?.milliseconds)
                    }
                }
                if let auth = record.auth { json.member("auth") { Self.auth(auth, seal, into: &$0) } }
                json.member("classification", array: record.classification) { json, rule in
                    json.object { Self.rule(rule, into: &$0) }
                }
            })
    }

    private static func breaker(_ settings: BreakerSettings, into json: inout JSONWriter) {
        json.member("window_calls", settings.windowCalls)
        json.member("window_ms", settings.window)
        json.member("failure_rate", settings.failureRate)
        json.member("min_calls", settings.minCalls)
        json.member("consecutive_failures", settings.consecutiveFailures)
        json.member("open_ms", settings.open)
        json.member("max_open_ms", settings.maxOpen)
        json.member("probes", settings.probes)
    }

    private static func auth(
        _ auth: AgentRecord.Auth, _ seal: (String) -> String, into json: inout JSONWriter
    ) {
        switch auth {
        case .bearer(let token):
            json.member("type", "bearer")
            json.member("sealed", seal(token))
        case .basic(let username, let password):
            json.member("type", "basic")
            json.member("name", username)
            json.member("sealed", seal(password))
        case .header(let name, let value):
            json.member("type", "header")
            json.member("name", name)
            json.member("sealed", seal(value))
        case .clientCredentials(let client):
            json.member("type", "oauth2_client_credentials")
            json.member("token_url", client.tokenURL)
            json.member("name", client.clientID)
            json.member("sealed", seal(client.clientSecret))
            json.optional("scope", client.scope)
            json.optional("audience", client.audience)
        case .bearerFile(let path):
            json.member("type", "bearer_file")
            json.member("path", path)
        case .headerFile(let name, let path):
            json.member("type", "header_file")
            json.member("name", name)
            json.member("path", path)
        }
    }

    private static func rule(_ rule: ClassificationTable.Rule, into json: inout JSONWriter) {
        switch rule.subject {
        case .status(let range):
            json.member("from", range.lowerBound)
            json.member("to", range.upperBound)
        case .type(let type): json.member("error_type", type.rawValue)
        }
        json.member("type", rule.type?.rawValue)
        json.member("class", rule.errorClass?.rawValue)
    }

    static func decode(_ record: StoredRecord, unseal: (String) -> String?) -> AgentRecord? {
        guard let node = try? JSONNode(parsing: record.document.bytes), let name = node["name"]?.string,
            let kind = node["kind"]?.string.flatMap(AgentRecord.Kind.init(rawValue:))
        else { return nil }
        let callback = node["callback_url"]?.string
        let timeout = node["timeout_ms"]?.int
        let profile = AgentProfile(
            id: AgentID(record.key), provider: node["provider"]?.string.map { ProviderID($0) },
            capabilities: (node["capabilities"]?.array ?? []).compactMap(\.string),
            isCallable: callback != nil || kind == .local, isLocal: kind == .local,
            timeout: timeout ?? 30_000,
            maxConcurrency: Int(clamping: node["max_concurrency"]?.int ?? 64),
            rateLimit: node["rate_limit"].flatMap(rateLimit), breaker: node["breaker"].map(breaker),
            retryBudget: node["retry_budget"].flatMap(budget),
            weight: Int(clamping: node["weight"]?.int ?? 1),
            isPaused: node["paused"]?.bool ?? false,
            redrive: node["redrive"]?.string.flatMap(Redrive.init(rawValue:)) ?? .onRecovery)
        let secrets = (node["secrets"]?.array ?? []).compactMap { secret -> AgentRecord.Secret? in
            guard let value = secret["sealed"]?.string.flatMap(unseal) else { return nil }
            return AgentRecord.Secret(
                value: value, until: secret["until"]?.int.map(Timestamp.init(milliseconds:)))
        }
        return AgentRecord(
            profile: profile, name: name, kind: kind, callbackURL: callback, secrets: secrets,
            auth: node["auth"].flatMap { auth($0, unseal) },
            classification: (node["classification"]?.array ?? []).compactMap(rule),
            isDraining: node["draining"]?.bool ?? false, givenTimeout: timeout, createdAt: record.createdAt,
            updatedAt: record.updatedAt, version: record.version)
    }

    private static func rateLimit(_ node: JSONNode) -> RateLimit.Settings? {
        guard let rate = node["per_second"]?.double else { return nil }
        return RateLimit.Settings(perSecond: rate, burst: Int(clamping: node["burst"]?.int ?? 1))
    }

    private static func budget(_ node: JSONNode) -> RetryBudget.Settings? {
        guard let ratio = node["ratio"]?.double, let minimum = node["min_per_second"]?.double else {
            return nil
        }
        return RetryBudget.Settings(ratio: ratio, minPerSecond: minimum)
    }

    private static func breaker(_ node: JSONNode) -> BreakerSettings {
        var settings = BreakerSettings()
        if let value = node["window_calls"]?.int { settings.windowCalls = Int(clamping: value) }
        if let value = node["window_ms"]?.int { settings.window = value }
        if let value = node["failure_rate"]?.double { settings.failureRate = value }
        if let value = node["min_calls"]?.int { settings.minCalls = Int(clamping: value) }
        if let value = node["consecutive_failures"]?.int {
            settings.consecutiveFailures = Int(clamping: value)
        }
        if let value = node["open_ms"]?.int { settings.open = value }
        if let value = node["max_open_ms"]?.int { settings.maxOpen = value }
        if let value = node["probes"]?.int { settings.probes = Int(clamping: value) }
        return settings
    }

    private static func auth(_ node: JSONNode, _ unseal: (String) -> String?) -> AgentRecord.Auth? {
        let name = node["name"]?.string ?? ""
        if let path = node["path"]?.string {
            let isHeader = node["type"]?.string == "header_file"
            return isHeader ? .headerFile(name: name, path: path) : .bearerFile(path: path)
        }
        guard let secret = node["sealed"]?.string.flatMap(unseal) else { return nil }
        switch node["type"]?.string {
        case "bearer": return .bearer(token: secret)
        case "basic": return .basic(username: name, password: secret)
        case "header": return .header(name: name, value: secret)
        case "oauth2_client_credentials":
            return .clientCredentials(
                AgentRecord.ClientCredentials(
                    tokenURL: node["token_url"]?.string ?? "", clientID: name, clientSecret: secret,
                    scope: node["scope"]?.string, audience: node["audience"]?.string))
        default: return nil
        }
    }

    private static func rule(_ node: JSONNode) -> ClassificationTable.Rule? {
        let type = node["type"]?.string.flatMap(ErrorType.init(rawValue:))
        let errorClass = node["class"]?.string.flatMap(ErrorClass.init(rawValue:))
        if let from = node["from"]?.int, let to = node["to"]?.int, from <= to {
            return .init(.status(Int(clamping: from)...Int(clamping: to)), type: type, errorClass: errorClass)
        }
        guard let subject = node["error_type"]?.string.flatMap(ErrorType.init(rawValue:)) else { return nil }
        return .init(.type(subject), type: type, errorClass: errorClass)
    }
}

/// The document of a provider's record: its breaker.
struct BreakerDocument: Sendable, Hashable {
    var state: BreakerState
    var openedAt: Timestamp?
    var probeAt: Timestamp?
    var openCount: Int
    var forced: Bool
    var reason: String?

    var encoded: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("state", state.rawValue)
                json.member("opened_at", openedAt?.milliseconds)
                json.member("probe_at", probeAt?.milliseconds)
                json.member("open_count", openCount)
                json.member("forced", forced)
                json.member("reason", reason)
            })
    }

    init(
        state: BreakerState, openedAt: Timestamp?, probeAt: Timestamp?, openCount: Int, forced: Bool,
        reason: String?
    ) {
        self.state = state
        self.openedAt = openedAt
        self.probeAt = probeAt
        self.openCount = openCount
        self.forced = forced
        self.reason = reason
    }

    init?(_ document: JSONText) {
        guard let node = try? JSONNode(parsing: document.bytes),
            let state = node["state"]?.string.flatMap(BreakerState.init(rawValue:))
        else { return nil }
        self.init(
            state: state, openedAt: node["opened_at"]?.int.map(Timestamp.init(milliseconds:)),
            probeAt: node["probe_at"]?.int.map(Timestamp.init(milliseconds:)),
            openCount: Int(clamping: node["open_count"]?.int ?? 0), forced: node["forced"]?.bool ?? false,
            reason: node["reason"]?.string)
    }

    func record(of provider: ProviderID) -> BreakerRecord {
        BreakerRecord(
            provider: provider, event: .breakerOpened, state: state, openedAt: openedAt, probeAt: probeAt,
            openCount: openCount)
    }
}
