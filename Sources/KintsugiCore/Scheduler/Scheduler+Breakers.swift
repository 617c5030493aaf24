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
        touchAll()
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
        touchAll()
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
        guard let window = lanes[.held(provider)] else { return 0 }
        return window.keys.count + (window.more ? 1 : 0)
    }

    /// Why the task, which is ready, does not run yet.
    package func obstacle(for state: TaskState) -> Obstacle? { lanes[Lane(state)]?.obstacle }

    // MARK: Inside

    mutating func tickProviders(at now: Timestamp) {
        for id in openBreakers {
            let change = providers[id]?.breaker?.tick(at: now)
            guard change == .halfOpened else { continue }
            openBreakers.remove(id)
            roster.note(.halfOpen, of: id)
            providers[id]?.announcesHalfOpen = true
            providers[id]?.forcedReason = nil
            actions.append(.recordBreaker(breakerRecord(id, .halfOpened, at: now)))
            // With nothing held, a dead letter is the probe.
            if heldCount(id) == 0 { actions.append(.redrive(id, limit: 1)) }
            touchAll()
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
            touchAll(ifProbe: call.permit)
            return nil
        case .failed where isLocalSaturation:
            providers[call.provider]?.breaker?.release(call.permit)
            touchAll(ifProbe: call.permit)
            return nil
        case .failed(let failure): success = !failure.type.isProviderFault
        case .succeeded, .accepted: success = true
        }
        if !success, providers[call.provider]?.slowStart != nil {
            providers[call.provider]?.slowStart = ProviderState.SlowStart(at: now)
            providers[call.provider]?.slowStart?.left = 0
        }
        let waiting = heldCount(call.provider)
        let change = providers[call.provider]?.breaker?.record(
            success: success, permit: call.permit, waiting: waiting, at: now)
        touchAll(ifProbe: call.permit)
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
        touchAll()
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

    /// Gives back what a call had taken that never began.
    mutating func release(_ key: CallKey) {
        guard let call = calls.removeValue(forKey: key) else { return }
        providers[call.provider]?.breaker?.release(call.permit)
        touchAll(ifProbe: call.permit)
        freeSlot(of: call.agent)
    }

    mutating func freeSlot(of agent: AgentID) {
        agents[agent]?.running -= 1
        if let lanes = waiters.removeValue(forKey: agent) { for lane in lanes { touch(lane) } }
    }

    private mutating func touchAll(ifProbe permit: CircuitBreaker.Permit) {
        if permit == .probe { touchAll() }
    }
}
