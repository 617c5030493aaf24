import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Logging
import ServiceLifecycle
import Synchronization

extension Engine: Service {
    /// Loads agents, breakers and chains and begins to hear commits. To be called once, before anything else.
    package func prepare() async throws(EngineError) {
        try await loadAlerts()
        store.observeCommits { [brain, listeners, chainRegistry, telemetry] units in
            if chainRegistry.hear(units) { brain.chainsChanged(chainRegistry.book) }
            brain.tell(.committed(units))
            listeners.tell(units)
            telemetry.heard(units)
        }
        for record in try await reading({ () async throws(StoreError) in try await store.records(.agent) }) {
            guard let agent = AgentCodec.decode(record, unseal: configuration.unseal) else {
                logger.error("An agent's record cannot be read", metadata: ["agent.id": "\(record.key)"])
                continue
            }
            registry.set(agent)
            brain.agentChanged(agent.profile)
        }
        for channel in try await storedChannels() { enlist(channel) }
        for record in try await reading({ () async throws(StoreError) in try await store.records(.provider) })
        {
            guard let document = BreakerDocument(record.document) else { continue }
            brain.breakerRestored(
                document.record(of: ProviderID(record.key)), forced: document.forced, reason: document.reason)
        }
        try await loadChains()
        brain.chainsChanged(chainRegistry.book)
    }

    /// Rescues, then runs tasks until a graceful shutdown; returns when nothing is under way any more.
    package func run() async throws {
        try await rescue()
        let lanes = try await reading { () async throws(StoreError) in try await store.lanes() }
        brain.lanesFound(lanes)
        brain.start()
        isRunning.store(true, ordering: .sequentiallyConsistent)
        resumeRedrives()
        try await resumeBulks()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.drainWhenToldTo() }
                group.addTask { await self.calls.watchTimeouts() }
                group.addTask { await self.telemetry.run() }
                group.addTask {
                    await withDiscardingTaskGroup { works in
                        for await chore in self.chores { works.addTask { await chore() } }
                    }
                }
                for await actions in brain.actions {
                    var starting: [StoredTask] = []
                    for action in actions {
                        if case .startCall(let task) = action {
                            starting.append(task)
                        } else {
                            perform(action, in: &group)
                        }
                    }
                    if !starting.isEmpty { startCalls(starting, in: &group) }
                }
                calls.cancelAll()
                localCalls.finish()
                remoteCalls.finish()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
        if let fatal = brain.fatal { throw EngineError.store(fatal) }
    }

    /// Begins the shutdown without a service group: no new attempts, and `run` returns when all is recorded.
    package func stop() {
        brain.drain()
        shutdown.finish()
    }

    /// Whether the engine takes and runs tasks.
    package var isReady: Bool { isRunning.load(ordering: .sequentiallyConsistent) && !brain.isDraining }

    /// Gives running attempts their grace, then breaks them off and waits until all of it is recorded.
    private func drainWhenToldTo() async {
        for await _ in shutdownSignal {}
        if Task.isCancelled { return brain.stop() }
        brain.drain()
        logger.info("Draining: no new attempts", metadata: ["calls.running": "\(brain.runningCalls)"])
        await withDiscardingTaskGroup { group in
            group.addTask {
                guard (try? await Task.sleep(for: .milliseconds(self.configuration.drainGrace))) != nil else {
                    return
                }
                self.calls.cancelAll()
            }
            await brain.waitUntilIdle()
            group.cancelAll()
        }
        brain.stop()
    }

    // MARK: Rescue

    /// Attempts that were running when their process died have no one who will end them.
    private func rescue() async throws(EngineError) {
        var after: TaskNumber?
        var count = 0
        while true {
            let page = try await reading { () async throws(StoreError) in
                try await store.running(after: after, limit: 200)
            }
            guard let last = page.last else { break }
            await withTaskGroup(of: Void.self) { group in
                for task in page { group.addTask { await self.abandon(task) } }
            }
            count += page.count
            after = last.number
        }
        if count > 0 { logger.warning("Rescued tasks of a dead process", metadata: ["tasks": "\(count)"]) }
    }

    /// Nobody else would ever look at it: what cannot be recorded now is tried again while others run already.
    private func abandon(_ task: StoredTask) async {
        guard let attempt = task.state.currentAttempt, await !isAbandoned(task) else { return }
        chore {
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                guard let now = try? await self.store.task(numbered: task.number) else { continue }
                guard case .running = now.state.phase, now.state.currentAttempt == attempt else { return }
                if await self.isAbandoned(now) { return }
            }
        }
    }

    /// Whether there is nothing left to do: false if the task has changed in between, or the store is full.
    private func isAbandoned(_ task: StoredTask) async -> Bool {
        let isLocal =
            task.state.attempt.flatMap { registry.agent($0.start.agentID)?.profile.isLocal } ?? false
        do {
            return try await decide(
                .abandon(poisonous: isLocal), task, brain.facts(for: task.state), sealing: nil) != nil
        } catch .rejected, .store(.closed) {
            return true
        } catch {
            logger.error(
                "A task could not be rescued yet",
                metadata: ["task.id": "\(task.state.id)", "error": "\(error)"])
            return false
        }
    }

    // MARK: Acting

    private func perform(_ action: SchedulerAction, in group: inout DiscardingTaskGroup) {
        switch action {
        case .startCall: preconditionFailure("calls are started a batch at a time")
        case .cancelCall(let number, let attempt): calls.cancel(number, attempt)
        case .decideAgain(let number, let command, let facts):
            group.addTask { await self.decideAgain(number, command, facts) }
        case .reload(let number): group.addTask { await self.reload(number) }
        case .loadWindow(let lane, let limit): group.addTask { await self.loadWindow(lane, limit) }
        case .loadTimers(let horizon, let limit): group.addTask { await self.loadTimers(horizon, limit) }
        case .promote(let tasks):
            group.addTask { await self.promote(tasks) }
        case .recordBreaker(let record):
            group.addTask {
                do { _ = try await self.append(AppendUnit(records: [record.append(at: self.now)])) } catch {
                    self.logger.error("A breaker could not be recorded", metadata: ["error": "\(error)"])
                }
            }
        case .redrive(let provider, let limit): group.addTask { await self.redrive(provider, limit: limit) }
        case .append: preconditionFailure("the brain submits its decisions itself")
        }
    }

    /// Calls go to worker loops: those of local handlers on threads of their own.
    private func startCalls(_ tasks: [StoredTask], in group: inout DiscardingTaskGroup) {
        var local: [StoredTask] = []
        var remote: [StoredTask] = []
        for task in tasks {
            guard let start = task.state.attempt?.start else { continue }
            if registry.agent(start.agentID)?.kind == .local {
                local.append(task)
            } else {
                remote.append(task)
            }
        }
        for _ in 0..<localCalls.push(local) {
            group.addTask(executorPreference: handlerExecutor) { await self.work(on: self.localCalls) }
        }
        for _ in 0..<remoteCalls.push(remote) { group.addTask { await self.work(on: self.remoteCalls) } }
    }

    /// A worker loop. One whose call was broken off ends with it, since its Swift task stays cancelled; no call
    /// waits for it, because each call that found no idle loop has brought one of its own.
    private func work(on queue: CallQueue) async {
        while let task = await queue.next() {
            await makeCall(task)
            if Task.isCancelled { return }
        }
    }

    private func makeCall(_ task: StoredTask) async {
        guard let start = task.state.attempt?.start else { return }
        let number = task.number
        guard let agent = registry.agent(start.agentID), let caller = callers[agent.kind] else {
            let message = "The agent \(start.agentID) was removed before it could be called."
            let failure = Failure(type: .missingCallback, message: message, sent: .no)
            return brain.tell(.callEnded(number, attempt: start.number, CallResult(.failed(failure))))
        }
        let call = self.call(task.state, start, agent)
        let limit = agent.kind == .local ? start.timeout : nil
        let (result, cause) = await calls.run(number, start.number, timeout: limit) {
            await caller.call(call)
        }
        brain.tell(.callEnded(number, attempt: start.number, Self.ending(result, cause, start)))
    }

    /// What became of a call that was broken off.
    private static func ending(_ result: CallResult, _ cause: RunningCalls.Cause?, _ start: AttemptStart)
        -> CallResult
    {
        guard result.outcome == .cancelled else { return result }
        switch cause {
        case .withdrawn: return result
        case .timeout:
            let message = "The handler had not returned after \(start.timeout) ms."
            return CallResult(.failed(Failure(type: .timeout, message: message, sent: .yes)))
        case .shutdown, nil: return CallResult(.interrupted)
        }
    }

    private func call(_ state: TaskState, _ start: AttemptStart, _ agent: AgentRecord) -> AgentCall {
        AgentCall(
            agent: agent, taskID: state.id, type: state.spec.type, attempt: start.number, round: state.round,
            input: state.input, inputRevision: state.inputRevision, deadline: state.deadline,
            metadata: state.spec.metadata, trace: trace(of: state, attempt: start.number),
            timeout: start.timeout,
            startedAt: state.attempt?.startedAt ?? state.updatedAt,
            refreshCredentials: start.refreshesCredentials,
            report: ReportAddress(
                baseURL: configuration.reportBaseURL(),
                token: agent.kind == .local ? "" : configuration.attemptToken("\(state.id)", start.number)))
    }

    /// What an agent is told as its parent: a span of the submitter's trace, or of ours while we export traces.
    private func trace(of state: TaskState, attempt: Int) -> SpanContext? {
        guard state.spec.traceparent != nil || configuration.samplesTrace != nil else { return nil }
        let samples = configuration.samplesTrace ?? { _, parent in parent ?? false }
        let trace = TaskTrace(state.id, traceparent: state.spec.traceparent, samples: samples)
        return trace.submitter == nil && configuration.samplesTrace == nil ? nil : trace.call(attempt)
    }

    /// An outcome must not be lost because the task changed or the store was busy: tries until it is recorded.
    private func decideAgain(_ number: TaskNumber, _ command: TaskCommand, _ facts: Facts) async {
        while true {
            do {
                guard
                    let task = try await reading({ () async throws(StoreError) in
                        try await store.task(numbered: number)
                    })
                else { return }
                if try await decide(command, task, facts, sealing: nil) != nil { return }
            } catch .rejected {
                return
            } catch .store(.closed) {
                return
            } catch .store(.outcomeUnknown) {
                return
            } catch {
                logger.error("An outcome waits to be recorded", metadata: ["error": "\(error)"])
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
            if case .timeIsUp = command { return await reload(number) }
        }
    }

    /// If it fails, the next read of due tasks, within a minute, brings them back.
    private func promote(_ tasks: [OverdueTask]) async {
        do throws(StoreError) {
            try await store.promote(tasks.map { ($0.number, $0.version) }, at: now)
            brain.tell(.promoted(tasks))
        } catch {
            logger.error("Due tasks could not be made ready", metadata: ["error": "\(error)"])
        }
    }

    /// The brain has let go of the task: tries until it is read, or nobody would look at it again.
    private func reload(_ number: TaskNumber) async {
        while true {
            do throws(StoreError) {
                if let task = try await store.task(numbered: number) { brain.tell(.heard(task)) }
                return
            } catch .closed {
                return
            } catch {
                logger.error(
                    "A task could not be read", metadata: ["task": "\(number.rawValue)", "error": "\(error)"])
                guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
            }
        }
    }

    private func loadWindow(_ lane: Lane, _ limit: Int) async {
        do {
            brain.tell(.windowLoaded(lane, try await store.window(lane, limit: limit)))
        } catch {
            logger.error("A lane could not be read", metadata: ["lane": "\(lane.key)", "error": "\(error)"])
            brain.tell(.windowFailed(lane))
        }
    }

    private func loadTimers(_ horizon: Timestamp, _ limit: Int) async {
        do {
            brain.tell(.timersLoaded(try await store.timers(until: horizon, limit: limit), until: horizon))
        } catch {
            logger.error("Due tasks could not be read", metadata: ["error": "\(error)"])
            brain.tell(.timersFailed)
        }
    }
}
