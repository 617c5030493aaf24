package import KintsugiCore
package import KintsugiVocabulary

/// An alert channel: where it leads, and what is told there.
package struct AlertChannel: Sendable, Hashable {
    package var settings: ChannelSettings
    package var rule: ChannelRule
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    package var version: Int

    package init(
        settings: ChannelSettings, rule: ChannelRule, createdAt: Timestamp, updatedAt: Timestamp,
        version: Int = 1
    ) {
        self.settings = settings
        self.rule = rule
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.version = version
    }

    package var id: String { settings.id }
    package var agentID: AgentID { Reserved.agent(ofChannel: id) }
    package var provider: ProviderID { Reserved.provider(ofChannel: id) }

    /// How often a delivery is tried: 2 s, 4 s, 8 s … between, over some eight minutes in all.
    static let retryPolicy = RetryPolicy(maxAttempts: 9, baseDelay: 2000, maxDelay: 300_000)

    /// Three failures in a row are enough to tell the other channels of it; one success ends it.
    private static var breaker: BreakerSettings {
        var settings = BreakerSettings()
        settings.consecutiveFailures = 3
        settings.open = 10_000
        settings.probes = 1
        return settings
    }

    /// The channel as the engine calls it: an agent with a provider, hence a breaker, of its own.
    package var agent: AgentRecord {
        let profile = AgentProfile(
            id: agentID, provider: provider, timeout: 15_000, maxConcurrency: 4, breaker: Self.breaker,
            retryBudget: nil)
        return AgentRecord(
            profile: profile, name: settings.name, kind: .channel, secrets: settings.secrets,
            channel: settings, createdAt: createdAt, updatedAt: updatedAt, version: version)
    }
}
