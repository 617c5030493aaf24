package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// A breaker as it stands now.
package struct BreakerSnapshot: Sendable, Hashable {
    package var provider: ProviderID
    package var state: BreakerState
    package var failureRate: Double
    package var calls: Int
    /// True: the call was answered without a fault of the provider; oldest first.
    package var recent: [Bool]
    package var openedAt: Timestamp?
    package var probeAt: Timestamp?
    package var isForced: Bool
    package var forcedUntil: Timestamp?
    package var forcedReason: String?
    /// Times it went from closed to open in the last 24 hours.
    package var trips: Int
    package var heldTasks: Int
}

extension Engine {
    /// The breakers of all providers that agents name, by provider; those of alert channels are the channels' own.
    package func breakers() -> [BreakerSnapshot] {
        brain.breakers().filter { Reserved.channel(of: $0.provider) == nil }
    }

    /// Opens or closes a breaker by hand; an open one closes by itself through probes after `duration`, or stays
    /// open until a person closes it.
    package func forceBreaker(
        _ provider: ProviderID, open: Bool, for duration: Milliseconds?, reason: String, actor: String,
        idempotency: IdempotencyRecord? = nil
    ) async throws(EngineError) -> BreakerSnapshot {
        guard brain.knows(provider) else { throw .notFound }
        let now = now
        let until = open ? duration.map { now + $0 } : nil
        let alert = open ? brain.alert(for: provider, at: now) : nil
        let document = BreakerDocument(
            state: open ? .open : .closed, openedAt: open ? now : nil, probeAt: until, openCount: 0,
            forced: open,
            reason: open ? reason : nil)
        let data = JSONText(
            valid: JSONWriter.object { json in
                json.member("actor", actor)
                json.member("reason", reason)
                json.member("until", until?.milliseconds)
                json.optional("alert_id", alert?.description)
            })
        let record = RecordAppend(
            kind: .provider, key: provider.rawValue, expectedVersion: nil,
            event: open ? .breakerForcedOpen : .breakerForcedClosed, data: data, at: now,
            document: document.encoded)
        _ = try await append(AppendUnit(records: [record], idempotency: idempotency))
        brain.force(provider, open: open, until: until, reason: reason)
        guard let snapshot = brain.breakers().first(where: { $0.provider == provider }) else {
            throw .notFound
        }
        return snapshot
    }
}
