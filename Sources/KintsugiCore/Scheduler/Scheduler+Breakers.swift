package import KintsugiVocabulary

extension Scheduler {
    package func breakerState(_ provider: ProviderID) -> BreakerState {
        providers[provider]?.breaker?.state ?? .closed
    }

    /// A breaker as the last process left it.
    package mutating func breakerRestored(_ record: BreakerRecord, forced: Bool, reason: String?) {
        guard let settings = providers[record.provider]?.breaker?.settings else { return }
        providers[record.provider]?.breaker = CircuitBreaker.restored(
            settings: settings, state: record.state, openedAt: record.openedAt, probeAt: record.probeAt,
            openCount: record.openCount, forced: forced)
        providers[record.provider]?.forcedReason = forced ? reason : nil
        noteOpen(record.provider)
        touchWaiting(for: record.provider)
    }

    /// A person opened or closed a breaker; it is recorded already.
    package mutating func force(
        _ provider: ProviderID, open: Bool, until: Timestamp?, reason: String?, at now: Timestamp
    ) {
        if open {
            _ = providers[provider]?.breaker?.forceOpen(until: until, at: now)
            providers[provider]?.forcedReason = reason
            providers[provider]?.slowStart = nil
        } else {
            _ = providers[provider]?.breaker?.forceClose(at: now)
            providers[provider]?.forcedReason = nil
            beginSlowStart(provider, at: now)
            actions.append(.redrive(provider, limit: .max))
        }
        noteOpen(provider)
        touchWaiting(for: provider)
    }

    package func breakers(at now: Timestamp) -> [ProviderID: (
        breaker: CircuitBreaker, trips: Int, reason: String?
    )] {
        var all: [ProviderID: (breaker: CircuitBreaker, trips: Int, reason: String?)] = [:]
        for (id, provider) in providers {
            guard let breaker = provider.breaker else { continue }
            let trips = provider.trips.count { now - $0 <= 86_400_000 }
            all[id] = (breaker, trips, provider.forcedReason)
        }
        return all
    }

    /// Held tasks of a provider that are in memory: exact unless there are more than a window.
    package func heldCount(_ provider: ProviderID) -> Int {
        (providers[provider]?.held ?? []).reduce(0) { count, user in
            guard let window = lanes[Lane(.held(provider), of: user)] else { return count }
            return count + window.keys.count + (window.more ? 1 : 0)
        }
    }

    /// Why the task, which is ready, does not run yet.
    package func obstacle(for state: TaskState) -> Obstacle? {
        guard let window = lanes[Lane(state)] else { return nil }
        return window.obstacle ?? Self.soonest(candidates(for: state).compactMap { agents[$0]?.obstacle })
    }

    // MARK: Inside

    mutating func tickProviders(at now: Timestamp) {
        for id in openBreakers.sorted(by: { $0.rawValue < $1.rawValue }) {
            let change = providers[id]?.breaker?.tick(at: now)
            guard change == .halfOpened else { continue }
            openBreakers.remove(id)
            roster.note(.halfOpen, of: id)
            providers[id]?.announcesHalfOpen = true
            providers[id]?.forcedReason = nil
            actions.append(.recordBreaker(breakerRecord(id, .halfOpened, at: now)))
            // With nothing held, a dead letter is the probe.
            if heldCount(id) == 0 { actions.append(.redrive(id, limit: 1)) }
            touchWaiting(for: id)
        }
    }

    /// Counts the outcome of a call and gives back its permit.
    mutating func settle(
        _ call: Call, _ outcome: AttemptOutcome, isLocalSaturation: Bool, at now: Timestamp
    ) -> CircuitBreaker.Change? {
        let success: Bool
        switch outcome {
        case .interrupted, .cancelled:
            providers[call.provider]?.breaker?.release(call.permit)
            knock(call)
            return nil
        case .failed where isLocalSaturation:
            providers[call.provider]?.breaker?.release(call.permit)
            knock(call)
            return nil
        case .failed(let failure): success = !failure.type.isProviderFault
        case .succeeded, .accepted: success = true
        }
        if !success, providers[call.provider]?.slowStart != nil {
            providers[call.provider]?.slowStart = ProviderState.SlowStart(at: now)
            providers[call.provider]?.slowStart?.left = 0
        }
        // Only a half-open breaker asks; how many are held is not free to know.
        let waiting = breakerState(call.provider) == .halfOpen ? heldCount(call.provider) : 0
        let change = providers[call.provider]?.breaker?.record(
            success: success, permit: call.permit, waiting: waiting, at: now)
        knock(call)
        if let change { changed(call.provider, change, at: now, wasProbe: call.permit == .probe) }
        return change
    }

    /// What a change of a breaker means for everybody else.
    @discardableResult
    mutating func changed(
        _ provider: ProviderID, _ change: CircuitBreaker.Change, at now: Timestamp, wasProbe: Bool = false
    ) -> BreakerRecord {
        switch change {
        case .opened:
            providers[provider]?.slowStart = nil
            if !wasProbe { providers[provider]?.trip(at: now) }
        case .halfOpened: providers[provider]?.announcesHalfOpen = true
        case .closed:
            beginSlowStart(provider, at: now)
            actions.append(.redrive(provider, limit: .max))
        }
        noteOpen(provider)
        touchWaiting(for: provider)
        return breakerRecord(provider, change, at: now)
    }

    private mutating func noteOpen(_ provider: ProviderID) {
        roster.note(breakerState(provider), of: provider)
        if breakerState(provider) == .open {
            openBreakers.insert(provider)
        } else {
            openBreakers.remove(provider)
        }
    }

    private mutating func beginSlowStart(_ provider: ProviderID, at now: Timestamp) {
        guard heldCount(provider) > 0 else { return }
        providers[provider]?.slowStart = ProviderState.SlowStart(at: now)
    }

    mutating func breakerRecord(_ provider: ProviderID, _ change: CircuitBreaker.Change, at now: Timestamp)
        -> BreakerRecord
    {
        let breaker = providers[provider]?.breaker
        let event: RecordEventType =
            switch change {
            case .opened: .breakerOpened
            case .halfOpened: .breakerHalfOpened
            case .closed: .breakerClosed
            }
        var record = BreakerRecord(
            provider: provider, event: event, state: breaker?.state ?? .closed, openedAt: breaker?.openedAt,
            probeAt: breaker?.probeAt, openCount: breaker?.openCount ?? 0)
        if event == .breakerOpened { record.alertID = alert(for: provider, at: now) }
        return record
    }

    /// The alert that this breaker raises by opening; nil: it has one already.
    package mutating func alert(for provider: ProviderID, at now: Timestamp) -> UUID7? {
        alerts.raise(
            for: provider, fresh: UUID7(milliseconds: now.milliseconds, random: rng.next(), rng.next()))
    }

    /// The task has ended otherwise while its call was under way.
    mutating func withdraw(_ number: TaskNumber, attempt: Int, _ state: TaskState) {
        let key = CallKey(number: number, attempt: attempt)
        guard calls[key] != nil else { return }
        // After a report the agent may finish its answer in peace; else nobody waits for it any more.
        if let last = state.attempt, last.start.number == attempt, case .reported? = last.ended { return }
        calls[key]?.isCancelled = true
        actions.append(.cancelCall(number, attempt: attempt))
    }

    /// Gives back what a decision had taken that was not recorded, if that was not done already.
    mutating func release(_ decision: Decision) {
        guard let attempt = decision.reservedAttempt else { return }
        let key = CallKey(number: decision.task.number, attempt: attempt)
        if calls[key]?.version == decision.task.state.version { release(key) }
    }

    /// Gives back what a call had taken that never began.
    mutating func release(_ key: CallKey) {
        guard let call = calls.removeValue(forKey: key) else { return }
        beginning[key.number] = nil
        providers[call.provider]?.breaker?.release(call.permit)
        knock(call)
        freeSlot(of: call.agent)
    }

    mutating func freeSlot(of agent: AgentID) {
        agents[agent]?.running -= 1
        knock(agent)
    }

    /// A probe's permit is free again, for whichever of the provider's agents.
    private mutating func knock(_ call: Call) {
        if call.permit == .probe { knock(agentsOf: call.provider) }
    }
}
