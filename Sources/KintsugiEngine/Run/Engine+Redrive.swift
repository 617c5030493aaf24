import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Dead letters that an open breaker caused come back by themselves when it closes.
///
/// What is still to come back stands in the queue itself: pending entries that the breaker turned away. So a process
/// that dies in the middle loses nothing; the next one finds the closed breaker and what it left, and goes on.
extension Engine {
    /// Between two of them: an outage's worth of dead letters must not be the next outage.
    private static let redrivePace = Duration.milliseconds(100)
    /// Entries read at once.
    private static let redrivePage = 100

    /// Begins a new round for the provider's dead letters with reason `circuit_open`, at most `limit` of them, slowly,
    /// as long as its breaker does not open again; its next closing goes on.
    func redrive(_ provider: ProviderID, limit: Int) async {
        guard redriving.begin(provider) else { return }
        var limit = limit
        repeat {
            if limit == 1 {
                await redriveProbe(provider)
            } else {
                await redriveAll(provider)
            }
            limit = brain.breakerState(provider) == .closed ? .max : 1
        } while redriving.end(provider)
    }

    /// What a process before this one may have left in the middle.
    func resumeRedrives() {
        for provider in Set(registry.all.map(\.profile.provider)) {
            let state = brain.breakerState(provider)
            guard state != .open else { continue }
            chore { await self.redrive(provider, limit: state == .closed ? .max : 1) }
        }
    }

    private func agents(of provider: ProviderID) -> [AgentID] {
        registry.all.filter { agent in
            agent.profile.provider == provider && agent.profile.redrive == .onRecovery && !agent.isDraining
        }.map(\.profile.id)
    }

    /// The oldest one, to see whether the provider answers again.
    private func redriveProbe(_ provider: ProviderID) async {
        var oldest: DeadLetterPlace?
        for agent in agents(of: provider) {
            guard let place = try? await store.turnedAway(agent: agent, after: 0, limit: 1).first else {
                continue
            }
            if oldest.map({ place.number < $0.number }) ?? true { oldest = place }
        }
        guard let oldest, brain.breakerState(provider) != .open, !brain.isDraining else { return }
        await redrive(oldest)
    }

    /// All that were there when it began; what comes in meanwhile has met a closed breaker.
    private func redriveAll(_ provider: ProviderID) async {
        guard let newest = try? await store.deadLetterPlaces(.newest).elements.first else { return }
        for agent in agents(of: provider) {
            var after: Int64 = 0
            while let page = try? await store.turnedAway(agent: agent, after: after, limit: Self.redrivePage),
                let last = page.last
            {
                for place in page where place.number <= newest.number {
                    guard brain.breakerState(provider) == .closed, !brain.isDraining else { return }
                    await redrive(place)
                    guard (try? await Task.sleep(for: Self.redrivePace)) != nil else { return }
                }
                after = last.number
                if after >= newest.number { break }
            }
        }
    }

    private func redrive(_ place: DeadLetterPlace) async {
        guard let task = try? await store.task(numbered: place.task), task.state.deadLetter?.id == place.id,
            task.state.deadLetter?.status == .pending
        else { return }
        let retry = Retry(cause: .automatic, actor: "system", reason: "The circuit breaker closed.")
        // Somebody may have been quicker; then there is nothing left to do for this one.
        _ = try? await perform(
            .retry(retry), on: task.state.id, in: .everyone, ifVersion: task.state.version)
    }
}

extension DeadLetterQuery {
    fileprivate static var newest: DeadLetterQuery {
        var query = DeadLetterQuery()
        query.limit = 1
        return query
    }
}
