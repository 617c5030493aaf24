package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// Why the engine did not do what it was asked. Nothing has changed, unless the case says otherwise.
package enum EngineError: Error, Sendable, Hashable {
    /// No such thing, or it belongs to another user: callers cannot tell which.
    case notFound
    case rejected(Rejection)
    /// `If-Match` named another version.
    case preconditionFailed(version: Int)
    /// Others changed it faster than we could decide, five times in a row.
    case contended
    /// The named agent is not registered.
    case unknownAgent(AgentID)
    case agentExists(AgentID)
    /// Unfinished tasks need the agent.
    case agentInUse(AgentID)
    /// The bulk operation has ended so.
    case bulkEnded(BulkStatus)
    /// The user has as many fallback chains as one user may have.
    case tooManyChains(UserID)
    /// A request with this idempotency key was recorded by somebody else just now: read its answer.
    case idempotencyConflict
    /// The server is shutting down.
    case draining
    case store(StoreError)
}

/// Whose things a caller may touch.
package enum Scope: Sendable, Hashable {
    case everyone
    case user(UserID)

    package var user: UserID? {
        switch self {
        case .everyone: nil
        case .user(let id): id
        }
    }

    package func covers(_ owner: UserID) -> Bool {
        switch self {
        case .everyone: true
        case .user(let id): id == owner
        }
    }
}

/// Makes the answer that is kept under an idempotency key, from the states that the act leads to.
package typealias Sealing = @Sendable ([TaskState]) -> IdempotencyRecord
