package import KintsugiVocabulary

/// What the rules need to know of an agent: who can run what, how much, and whose breaker guards it.
package struct AgentProfile: Sendable, Hashable {
    package var id: AgentID
    package var provider: ProviderID
    package var capabilities: [String]
    /// Whether there is anything to call: a callback URL or a local handler.
    package var isCallable: Bool
    /// Runs in this process: no breaker unless configured, no retry budget, and a crash may be its fault.
    package var isLocal: Bool
    package var timeout: Milliseconds
    package var maxConcurrency: Int
    package var rateLimit: RateLimit.Settings?
    package var breaker: BreakerSettings?
    package var retryBudget: RetryBudget.Settings?
    package var weight: Int
    package var isPaused: Bool
    package var redrive: Redrive

    package init(
        id: AgentID, provider: ProviderID? = nil, capabilities: [String] = [], isCallable: Bool = true,
        isLocal: Bool = false, timeout: Milliseconds = 30_000, maxConcurrency: Int = 64,
        rateLimit: RateLimit.Settings? = nil, breaker: BreakerSettings? = BreakerSettings(),
        retryBudget: RetryBudget.Settings? = RetryBudget.Settings(), weight: Int = 1, isPaused: Bool = false,
        redrive: Redrive = .onRecovery
    ) {
        self.id = id
        self.provider = provider ?? ProviderID(id.rawValue)
        self.capabilities = capabilities
        self.isCallable = isCallable
        self.isLocal = isLocal
        self.timeout = timeout
        self.maxConcurrency = maxConcurrency
        self.rateLimit = rateLimit
        self.breaker = breaker
        self.retryBudget = retryBudget
        self.weight = weight
        self.isPaused = isPaused
        self.redrive = redrive
    }
}
