package import KintsugiVocabulary

/// What a failed task has in common with others, for groups of dead letters and for alerts.
extension TaskState {
    /// Of its last failure; nil if it never failed.
    package var signature: ErrorSignature? {
        lastFailure.map { ErrorSignature(provider: blamed, failure: $0.failure) }
    }

    /// Of the dead letter that it gets now for this reason; one that a person had cancelled has no failure.
    package func signature(of reason: DeadLetterReason) -> ErrorSignature {
        let cancelled = Failure(type: .cancelled, message: "", sent: .no)
        let failure = reason == .cancelled ? nil : lastFailure?.failure
        return ErrorSignature(provider: blamed, failure: failure ?? cancelled)
    }

    /// The provider of the round's last attempt; before there is one, who was asked for.
    package var blamed: String {
        if let attempt, let began = roundStartedAt, attempt.startedAt >= began {
            return attempt.start.provider.rawValue
        }
        return agentID?.rawValue ?? spec.capability ?? spec.type
    }
}
