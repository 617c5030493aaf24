package import KintsugiVocabulary

/// Names that are our own: what is done under them is work of the engine itself, not of its users.
package enum Reserved {
    /// Owns every internal task, so that an index by user knows them apart.
    package static let user = UserID("kintsugi")
    /// The type of the tasks that tell channels of alerts.
    package static let alertTask = "kintsugi.alert"
    package static let typePrefix = "kintsugi."
    package static let agentPrefix = "kintsugi-"
    private static let channelPrefix = "kintsugi-channel-"

    /// The agent that stands for an alert channel.
    package static func agent(ofChannel id: String) -> AgentID { AgentID(channelPrefix + id) }
    /// The channel's own provider, hence its own breaker.
    package static func provider(ofChannel id: String) -> ProviderID { ProviderID(channelPrefix + id) }

    /// The channel that this provider is; nil: it is another provider.
    package static func channel(of provider: ProviderID) -> String? {
        let name = provider.rawValue
        return name.hasPrefix(channelPrefix) ? String(name.dropFirst(channelPrefix.count)) : nil
    }
}
