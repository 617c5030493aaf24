/// The types of events on streams that are not a task's; codes from 101, never reused.
public enum RecordEventType: String, Sendable, Hashable, CaseIterable {
    case agentRegistered = "agent_registered"
    case agentUpdated = "agent_updated"
    case agentSecretRotated = "agent_secret_rotated"
    case agentDeleted = "agent_deleted"
    case breakerOpened = "breaker_opened"
    case breakerHalfOpened = "breaker_half_opened"
    case breakerClosed = "breaker_closed"
    case breakerForcedOpen = "breaker_forced_open"
    case breakerForcedClosed = "breaker_forced_closed"
    case keyCreated = "key_created"
    case keyRevoked = "key_revoked"
    case systemStarted = "system_started"
    case sessionCreated = "session_created"
    case sessionEnded = "session_ended"
    case chainCreated = "chain_created"
    case chainUpdated = "chain_updated"
    case chainDeleted = "chain_deleted"
    case channelCreated = "channel_created"
    case channelUpdated = "channel_updated"
    case channelDeleted = "channel_deleted"
    case silenceCreated = "silence_created"
    case silenceDeleted = "silence_deleted"
    case alertAcknowledged = "alert_acknowledged"
    /// By a person; an alert that resolves by itself stands on its tasks' timelines.
    case alertClosed = "alert_closed"
    case alertNotified = "alert_notified"
    case bulkStarted = "bulk_started"
    case bulkAdvanced = "bulk_advanced"
    case bulkPaused = "bulk_paused"
    case bulkResumed = "bulk_resumed"
    case bulkEnded = "bulk_ended"
    case consumerAdvanced = "consumer_advanced"

    /// Whether it only says how far something has come: the history of what people did leaves it out.
    public var isRoutine: Bool { self == .bulkAdvanced || self == .consumerAdvanced }

    /// The number by which the store knows this type.
    public var code: Int { 101 + (Self.allCases.firstIndex(of: self) ?? 0) }

    public init?(code: Int) {
        guard Self.allCases.indices.contains(code - 101) else { return nil }
        self = Self.allCases[code - 101]
    }
}
