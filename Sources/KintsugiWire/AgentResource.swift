public import KintsugiVocabulary

/// An agent as clients see it: never with secrets, but for the one answer that makes one.
public struct AgentResource: Resource {
    public var id = ""
    public var name = ""
    public var kind = "http"
    public var callbackURL: String?
    public var provider = ""
    public var capabilities: [String] = []
    public var timeout: Int64?
    public var maxConcurrency = 64
    public var rateLimit: (perSecond: Double, burst: Int)?
    public var auth: AgentAuthResource?
    public var breaker: BreakerSettingsResource?
    public var retryBudget: (ratio: Double, minPerSecond: Double)?
    public var redrive = Redrive.onRecovery
    public var weight = 1
    public var isPaused = false
    public var isDraining = false
    public var createdAt = ""
    public var updatedAt = ""
    public var version = 1
    /// Only in the answer that registers it.
    public var secret: String?
    /// Only where they were asked for; then nil below admin.
    public var stats: AgentStatsResource??

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("protocol", kind)
            json.member("callback_url", callbackURL)
            json.member("provider", provider)
            json.member("capabilities", texts: capabilities)
            json.member("timeout_ms", timeout)
            json.member("max_concurrency", maxConcurrency)
            writeLimits(to: &json)
            json.member("auth", resource: auth)
            json.member("breaker", resource: breaker)
            json.member("redrive", redrive.rawValue)
            json.member("weight", weight)
            json.member("paused", isPaused)
            json.member("draining", isDraining)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
            json.member("version", version)
            json.optional("secret", secret)
            if let stats { json.member("stats", resource: stats) }
        }
    }

    private func writeLimits(to json: inout JSONWriter) {
        json.key("rate_limit")
        if let rateLimit {
            json.object {
                $0.member("per_second", rateLimit.perSecond)
                $0.member("burst", rateLimit.burst)
            }
        } else {
            json.null()
        }
        json.key("retry_budget")
        if let retryBudget {
            json.object {
                $0.member("ratio", retryBudget.ratio)
                $0.member("min_per_second", retryBudget.minPerSecond)
            }
        } else {
            json.null()
        }
    }
}

/// How the server presents itself to the agent, without secrets.
public struct AgentAuthResource: Resource {
    public var type: String
    public var username: String?
    public var name: String?
    public var tokenURL: String?
    public var clientID: String?
    public var scope: String?
    public var audience: String?
    /// In the server's folder of secrets.
    public var path: String?

    package init(type: String, username: String? = nil, name: String? = nil, path: String? = nil) {
        self.type = type
        self.username = username
        self.name = name
        self.path = path
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("type", type)
            $0.member("username", username)
            $0.member("name", name)
            $0.member("token_url", tokenURL)
            $0.member("client_id", clientID)
            $0.member("scope", scope)
            $0.member("audience", audience)
            $0.member("path", path)
        }
    }
}

/// When the provider's circuit breaker opens and closes.
public struct BreakerSettingsResource: Resource {
    public var windowCalls = 50
    public var window: Int64 = 60_000
    public var failureRate = 0.5
    public var minCalls = 10
    public var consecutiveFailures = 5
    public var open: Int64 = 30_000
    public var maxOpen: Int64 = 300_000
    public var probes = 3

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("window_calls", windowCalls)
            json.member("window_ms", window)
            json.member("failure_rate", failureRate)
            json.member("min_calls", minCalls)
            json.member("consecutive_failures", consecutiveFailures)
            json.member("open_ms", open)
            json.member("max_open_ms", maxOpen)
            json.member("probes", probes)
        }
    }
}

/// A new signing secret, shown once.
public struct AgentSecretResource: Resource {
    public var id: String
    public var secret: String
    /// Until then calls carry both signatures.
    public var previousExpiresAt: String?

    package init(id: String, secret: String, previousExpiresAt: String?) {
        self.id = id
        self.secret = secret
        self.previousExpiresAt = previousExpiresAt
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("id", id)
            $0.member("secret", secret)
            $0.member("previous_expires_at", previousExpiresAt)
        }
    }
}

/// What came of a test call.
public struct AgentTestResource: Resource {
    public var isOK: Bool
    public var httpStatus: Int?
    public var duration: Int64?
    public var error: ErrorResource?
    public var at: String

    package init(isOK: Bool, httpStatus: Int?, duration: Int64?, error: ErrorResource?, at: String) {
        self.isOK = isOK
        self.httpStatus = httpStatus
        self.duration = duration
        self.error = error
        self.at = at
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("ok", isOK)
            $0.member("http_status", httpStatus)
            $0.member("duration_ms", duration)
            $0.member("error", resource: error)
            $0.member("at", at)
        }
    }
}
