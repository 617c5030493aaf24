import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

/// One random step after the other, each taken on both stores, which must agree on its outcome.
final class RandomHistory {
    private let stores: [any Store]
    private let scenario: Scenario
    private var rng: SeededGenerator
    /// Of its own, so that new questions do not change what happens.
    private var asking: SeededGenerator
    private var tasks: [StoredTask] = []
    /// States that are out of date, to provoke conflicts.
    private var stale: [StoredTask] = []

    static let agents = ["stripe", "adyen", "mail"].map { AgentID($0) }
    let users = ["ann", "bob", "eve"].map { UserID($0) }
    let keys = ["k1", "k2", "k3", "k4"]
    /// How often something happened, so that a run in which it never did can fail.
    private(set) var seen: [String: Int] = [:]
    private let types = ["payment.capture", "mail.send", "report"]
    private let roster = AgentRoster(RandomHistory.agents.map { AgentProfile(id: $0, capabilities: ["pay"]) })
    /// None for payments, so that tasks without a chain are not rare.
    private let chains = ChainBook([
        chain(1, for: "report", FallbackStep(.waitAndRetry(delay: 5000)), FallbackStep(.switchAgent(nil))),
        chain(
            2, for: "mail.send", FallbackStep(.compensate(Compensation(type: "undo"))),
            FallbackStep(.escalate(message: "ok?", timeout: 100_000, then: .continue)),
            FallbackStep(.discard(note: "no use"), when: [.validationError])),
    ])

    private static func chain(_ number: UInt64, for type: String, _ steps: FallbackStep...) -> FallbackChain {
        FallbackChain(
            id: UUID7(high: 0x7001, low: number), name: "mend it", match: ChainMatch(taskType: type),
            steps: steps, owner: UserID("ann"))
    }

    /// What every history must contain; one without would prove nothing.
    static let needed = [
        "versionConflict", "duplicate", "idempotencyConflict", "task_completed", "task_failed",
        "task_cancelled",
        "task_retried", "task_held", "task_requeued", "dead_letter_resolved", "dead_letter_discarded",
        "attempt_accepted", "attempt_abandoned", "task_progress", "fallback_started", "fallback_step_started",
        "task_escalated",
        "alert_raised", "alert_resolved",
        "breaker_opened", "breaker_closed", "alert_acknowledged", "alert_closed", "alert_notified",
    ]

    init(seed: UInt64, _ first: any Store, _ second: any Store) {
        stores = [first, second]
        scenario = Scenario(first, seed: seed)
        rng = SeededGenerator(seed: seed ^ 0xabcd)
        asking = SeededGenerator(seed: seed ^ 0xcdef)
    }

    var now: Timestamp { scenario.now }

    private func dice(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &rng) }
    private func pick<Element>(_ elements: [Element]) -> Element { elements[dice(elements.count)] }

    // MARK: Steps

    func step() async throws {
        scenario.now = scenario.now + Milliseconds(dice(10) == 0 ? dice(200_000) : dice(2_000))
        switch dice(24) {
        case 0...4: try await append(AppendUnit(tasks: (0...dice(3)).map { _ in scenario.creation(spec()) }))
        case 5: try await append(AppendUnit(tasks: [scenario.creation(spec())], idempotency: answer()))
        case 6: try await append(AppendUnit(records: (0...dice(2)).map { _ in record() }))
        case 7: try await appendMixed()
        case 8: try await promote()
        case 9 where dice(3) == 0 && !tasks.isEmpty:
            try await append(AppendUnit(tasks: [scenario.creation(spec(), id: pick(tasks).state.id)]))
        case 9: if !stale.isEmpty { try await go(pick(stale)) }
        default: if !tasks.isEmpty { try await go(pick(dice(2) == 0 ? tasks : tasks.suffix(20))) }
        }
        if ask(5) == 0 { try await append(AppendUnit(records: [try await alertRecord()])) }
    }

    private func append(_ unit: AppendUnit) async throws {
        var outcomes: [Result<Receipt, StoreError>] = []
        for store in stores {
            do throws(StoreError) { outcomes.append(.success(try await store.append(unit))) } catch {
                outcomes.append(.failure(error))
            }
        }
        #expect(outcomes[0] == outcomes[1])
        guard case .success(let receipt) = outcomes[0] else {
            if case .failure(let error) = outcomes[0] { seen["\(error)", default: 0] += 1 }
            return
        }
        for append in unit.tasks { scenario.heard(append) }
        for record in unit.records { seen[record.event.rawValue, default: 0] += 1 }
        for event in unit.tasks.flatMap(\.events) { seen[event.type.rawValue, default: 0] += 1 }
        for (number, append) in zip(receipt.numbers, unit.tasks) {
            let task = StoredTask(number: number, state: append.after)
            if let index = tasks.firstIndex(where: { $0.number == number }) {
                stale.append(tasks[index])
                tasks[index] = task
            } else {
                tasks.append(task)
            }
        }
        if stale.count > 20 { stale.removeFirst() }
    }

    private func go(_ task: StoredTask) async throws {
        guard let append = try? scenario.decided(command(task), task, facts()), !append.events.isEmpty else {
            return
        }
        try await self.append(AppendUnit(tasks: [append]))
    }

    /// Several streams at once, sometimes one of them out of date.
    private func appendMixed() async throws {
        guard !tasks.isEmpty else { return }
        let task = pick(dice(3) == 0 && !stale.isEmpty ? stale : tasks)
        guard let append = try? scenario.decided(command(task), task, facts()), !append.events.isEmpty else {
            return
        }
        let unit = AppendUnit(
            tasks: [scenario.creation(spec()), append], records: dice(2) == 0 ? [record()] : [],
            idempotency: dice(2) == 0 ? answer() : nil)
        try await self.append(unit)
    }

    private func promote() async throws {
        let chosen = tasks.filter { _ in dice(3) == 0 }.map { (number: $0.number, version: $0.state.version) }
        for store in stores { try await store.promote(chosen, at: scenario.now) }
    }

    // MARK: What to do

    private func command(_ task: StoredTask) -> TaskCommand {
        let agent = task.state.target ?? pick(Self.agents)
        switch task.state.phase {
        case .pending, .held:
            switch dice(8) {
            case 0: return .hold(provider: ProviderID(agent.rawValue))
            case 1: return .cancel(reason: "enough", actor: "ann")
            case 2: return .timeIsUp
            case 3: return .refuse(Failure(type: .missingCallback, message: "Nobody.", sent: .no))
            default: return .begin(scenario.assignment(agent))
            }
        case .running, .accepted:
            let number = task.state.currentAttempt ?? 1
            switch dice(9) {
            case 0: return .attemptEnded(number: number, .accepted)
            case 1: return .attemptEnded(number: number, .interrupted)
            case 2: return .abandon(poisonous: dice(2) == 0)
            case 3: return .cancel(reason: nil, actor: "bob")
            case 4: return .attemptEnded(number: number, Scenario.failure(pick(ErrorType.allCases)))
            case 5: return .attemptEnded(number: number, Scenario.failure(.serverError))
            case 6: return .report(attempt: number, .progress(percent: Double(dice(100)), message: "on it"))
            default: return .attemptEnded(number: number, Scenario.success)
            }
        case .completed: return .report(attempt: 1, .progress(percent: 1, message: nil))
        case .waiting:
            let answer = pick([EscalationAnswer.retry, .complete, .fail, .timedOut])
            if answer == .timedOut { return .timeIsUp }
            return .decide(Verdict(answer, actor: "ann", output: .null, note: "well"))
        case .failed, .cancelled:
            switch dice(4) {
            case 0: return .resolveDeadLetter(note: "by hand", actor: "ann")
            case 1: return .discardDeadLetter(note: nil, actor: "bob")
            default:
                return .retry(
                    Retry(
                        actor: "ann", agentID: dice(3) == 0 ? pick(Self.agents) : nil,
                        delay: Milliseconds(dice(2) * 5_000), reason: dice(2) == 0 ? "again" : nil))
            }
        }
    }

    private func facts() -> Facts {
        Facts(breaker: dice(3) == 0 ? .open : .closed, chains: chains, agents: roster)
    }

    private func spec() -> TaskSpec {
        Scenario.spec(
            pick(types), user: pick(users).rawValue, agent: dice(3) == 0 ? nil : pick(Self.agents).rawValue,
            priority: dice(3)
        ) { spec in
            if spec.agentID == nil, dice(2) == 0 { spec.capability = "pay" }
            if dice(3) == 0 { spec.runAt = now + Milliseconds(dice(100_000)) }
            if dice(4) == 0 { spec.deadline = now + Milliseconds(dice(100_000)) }
            if dice(3) == 0 { spec.metadata = [MetadataPair(key: "order", value: "\(dice(3))")] }
            if dice(5) == 0 { spec.metadata.append(MetadataPair(key: "shop", value: "x")) }
            if dice(6) == 0 { spec.origin = dice(2) == 0 ? .internal : .compensation }
            if dice(8) == 0 { spec.retryPolicy.onOpenBreaker = .skip }
            spec.retryPolicy.maxAttempts = 1 + dice(3)
            guard dice(2) == 0, let money = Money(pick(["1", "0.10", "250.00", "0"]), pick(["USD", "EUR"]))
            else { return }
            spec.payment = Payment(money, kind: "payment", reference: dice(2) == 0 ? "ref-\(dice(4))" : nil)
        }
    }

    private func record() -> RecordAppend {
        let versions: [Int?] = [nil, nil, 0, 1, 2, 3]
        return .agent(
            "agent-\(dice(4))", dice(4) == 0 ? nil : #"{"n":\#(dice(100))}"#, expecting: pick(versions),
            at: now)
    }

    /// A breaker opens or closes, or a person acts on an alert, or one was told.
    private func alertRecord() async throws -> RecordAppend {
        let provider = ["stripe", "kintsugi-channel-1"][ask(2)]
        let known = try await stores[1].alerts(AlertQuery()).elements
        let alert = known.isEmpty ? UUID7(high: 1, low: 1) : known[ask(known.count)].id
        let fresh = UUID7(milliseconds: now.milliseconds, random: asking.next(), asking.next())
        func record(_ kind: RecordKind, _ key: String, _ event: RecordEventType, _ data: String)
            -> RecordAppend
        {
            RecordAppend(
                kind: kind, key: key, expectedVersion: nil, event: event,
                data: JSONText(valid: Array(data.utf8)),
                at: now, document: JSONText(valid: Array("{}".utf8)))
        }
        let act = #"{"actor":"ann","note":"n\#(ask(3))"}"#
        return switch ask(6) {
        case 0: record(.provider, provider, .breakerOpened, #"{"actor":"system","alert_id":"\#(fresh)"}"#)
        case 1: record(.provider, provider, .breakerOpened, #"{"actor":"system"}"#)
        case 2: record(.provider, provider, .breakerClosed, #"{"actor":"system"}"#)
        case 3: record(.alert, "\(alert)", .alertAcknowledged, act)
        case 4: record(.alert, "\(alert)", .alertClosed, act)
        default: record(.notification, "\(alert)", .alertNotified, #"{"actor":"system","sent":2}"#)
        }
    }

    func alertQueries() -> [AlertQuery] {
        (0..<30).map { _ in
            var query = AlertQuery()
            query.limit = [1, 3, 50][ask(3)]
            if ask(3) == 0 { query.user = (users + [UserID("nobody")])[ask(4)] }
            if ask(3) == 0 { query.statuses = AlertStatus.allCases.filter { _ in ask(2) == 0 } }
            if ask(4) == 0 { query.severities = AlertSeverity.allCases.filter { _ in ask(2) == 0 } }
            if ask(4) == 0 { query.kinds = AlertKind.allCases.filter { _ in ask(2) == 0 } }
            if ask(4) == 0 { query.isOngoing = true }
            return query
        }
    }

    private func answer() -> IdempotencyRecord {
        IdempotencyRecord(
            caller: "key-1", operation: "POST /api/v1/tasks", key: pick(keys), fingerprint: [1, 2, 0, 255],
            status: 201, headers: [MetadataPair(key: "location", value: "/\"x\"")],
            body: Array("{\"n\":\(dice(100))}".utf8), expiresAt: now + Milliseconds(dice(100_000)))
    }

    func answer(_ key: String, _ store: any Store) async throws -> IdempotencyRecord? {
        try await store.idempotencyRecord(caller: "key-1", operation: "POST /api/v1/tasks", key: key, at: now)
    }

    // MARK: What to ask

    func queries() -> [TaskQuery] {
        (0..<60).map { _ in
            var query = TaskQuery()
            query.limit = pick([1, 3, 7, 50])
            if dice(3) == 0 { query.user = pick(users + [UserID("nobody")]) }
            if dice(2) == 0 { query.statuses = TaskStatus.allCases.filter { _ in dice(3) == 0 } }
            if dice(4) == 0 { query.type = pick(types) }
            if dice(4) == 0 { query.agent = pick(Self.agents) }
            if dice(5) == 0 { query.errorType = pick(ErrorType.allCases) }
            if dice(4) == 0 { query.metadata.append(MetadataPair(key: "order", value: "\(dice(3))")) }
            if dice(8) == 0 { query.metadata.append(MetadataPair(key: "shop", value: "x")) }
            if dice(5) == 0 { query.createdAfter = now + -Milliseconds(dice(10_000_000)) }
            if dice(5) == 0 { query.createdBefore = now + -Milliseconds(dice(10_000_000)) }
            if dice(5) == 0 { query.text = text() }
            if ask(5) == 0 { query.minAttempts = ask(4) }
            if ask(5) == 0 { query.minAmount = ["0", "0.1", "1.0", "250"][ask(4)] }
            if ask(4) == 0 { query.excluded = excluded() }
            return query
        }
    }

    private func ask(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &asking) }

    private func excluded() -> TaskQuery.Excluded {
        var excluded = TaskQuery.Excluded()
        excluded.statuses = TaskStatus.allCases.filter { _ in ask(4) == 0 }
        excluded.types = (types + ["nothing"]).filter { _ in ask(4) == 0 }
        excluded.agents = (Self.agents + [AgentID("nobody")]).filter { _ in ask(4) == 0 }
        excluded.errorTypes = ErrorType.allCases.filter { _ in ask(6) == 0 }
        return excluded
    }

    private func text() -> String {
        switch dice(4) {
        case 0: pick(types)
        case 1: "ref-\(dice(4))"
        default: String((tasks.isEmpty ? "0123" : pick(tasks).state.id.description).prefix(3 + dice(34)))
        }
    }

    func deadLetterQueries() -> [DeadLetterQuery] {
        (0..<30).map { _ in
            var query = DeadLetterQuery()
            query.limit = pick([1, 4, 50])
            if dice(3) == 0 { query.user = pick(users) }
            if dice(2) == 0 { query.statuses = DeadLetterStatus.allCases.filter { _ in dice(2) == 0 } }
            if dice(4) == 0 { query.agent = pick(Self.agents) }
            if dice(4) == 0 { query.errorType = pick(ErrorType.allCases) }
            if dice(4) == 0 { query.taskType = pick(types) }
            if dice(4) == 0 { query.minAmount = pick(["0", "0.1", "1.0", "250"]) }
            if ask(4) == 0 {
                query.group = tasks[ask(tasks.count)].state.signature?.fingerprint ?? "none"
            }
            if ask(4) == 0 {
                query.ids = (0..<9).compactMap { _ in tasks[ask(tasks.count)].state.deadLetter?.id }
            }
            query.isInternal = ask(5) == 0
            return query
        }
    }
}
