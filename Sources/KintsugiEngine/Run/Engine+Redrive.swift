import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Dead letters that an open breaker caused come back by themselves when it closes.
extension Engine {
    /// Between two of them: an outage's worth of dead letters must not be the next outage.
    private static let redrivePace = Duration.milliseconds(100)
    /// Pages of an agent's pending dead letters that are looked through for those that a breaker turned away.
    private static let redrivePages = 50

    /// Begins a new round for the provider's dead letters with reason `circuit_open`, at most `limit` of them,
    /// slowly, as long as its breaker does not open again.
    func redrive(_ provider: ProviderID, limit: Int) async {
        guard redriving.begin(provider) else { return }
        defer { redriving.end(provider) }
        var left = limit
        for agent in registry.all
        where agent.profile.provider == provider && agent.profile.redrive == .onRecovery && !agent.isDraining
        {
            var query = DeadLetterQuery()
            query.agent = agent.profile.id
            query.statuses = [.pending]
            query.limit = 200
            for _ in 0..<Self.redrivePages where left > 0 {
                guard let page = try? await store.deadLetters(query) else { return }
                for entry in page.elements.reversed() where entry.reason == .circuitOpen && left > 0 {
                    guard brain.breakerState(provider) != .open, !brain.isDraining else { return }
                    let retry = Retry(
                        cause: .automatic, actor: "system", reason: "The circuit breaker closed.")
                    // Somebody may have been quicker; then there is nothing left to do for this one.
                    _ = try? await perform(.retry(retry), on: entry.task.state.id, in: .everyone)
                    left -= 1
                    guard left > 0, (try? await Task.sleep(for: Self.redrivePace)) != nil else { return }
                }
                guard let next = page.next else { break }
                query.before = next
            }
        }
    }
}
