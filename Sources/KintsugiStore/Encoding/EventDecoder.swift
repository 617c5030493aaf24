import KintsugiCore
import KintsugiVocabulary

/// Reads one event of the stored form back.
struct EventDecoder {
    let type: EventType
    let node: JSONNode
    let bytes: [UInt8]

    func event() throws(EventDecodingError) -> TaskEvent {
        switch type {
        case .taskCreated: return .taskCreated(try spec())
        case .taskStarted: return .taskStarted(round: int("round") ?? 1)
        case .attemptStarted: return .attemptStarted(try start())
        case .attemptSuccess:
            return .attemptSuccess(
                AttemptSuccess(
                    number: try need("number"), duration: milliseconds("duration_ms") ?? 0,
                    httpStatus: int("http_status"), report: mark()))
        case .attemptFailed:
            return .attemptFailed(
                AttemptFailure(
                    number: try need("number"), duration: milliseconds("duration_ms") ?? 0,
                    failure: try failure(),
                    report: mark()))
        case .taskRetried:
            return .taskRetried(
                delay: milliseconds("delay_ms") ?? 0, due: try time("due_at"),
                nextAttempt: int("next_attempt") ?? 1)
        case .circuitBreakerOpened:
            return .circuitBreakerOpened(
                provider: try provider(), until: try time("until"),
                failureRate: node["failure_rate"]?.double ?? 0)
        case .taskFailed: return .taskFailed(reason: try word("reason"), failure: try failure())
        case .movedToDLQ: return .movedToDLQ(try deadLetter(), reason: try word("reason"))
        case .taskCompleted: return .taskCompleted(output: json("output"))
        case .attemptAccepted: return .attemptAccepted(number: try need("number"), until: try time("until"))
        case .attemptAbandoned: return .attemptAbandoned(number: try need("number"), node: text("node") ?? "")
        case .attemptInterrupted: return .attemptInterrupted(number: try need("number"))
        case .taskProgress:
            return .taskProgress(
                Progress(
                    attempt: try need("number"), percent: node["percent"]?.double ?? 0,
                    message: text("message"),
                    until: milliseconds("until").map(Timestamp.init(milliseconds:))))
        default: return try rareEvent()
        }
    }

    private func rareEvent() throws(EventDecodingError) -> TaskEvent {
        switch type {
        case .taskCancelled: return .taskCancelled(reason: text("reason"), actor: text("actor") ?? "")
        case .taskRequeued: return .taskRequeued(try requeue())
        case .inputEdited:
            return .inputEdited(
                before: json("before") ?? .null, after: json("after") ?? .null,
                revision: try need("revision"),
                actor: text("actor") ?? "")
        case .taskHeld: return .taskHeld(provider: try provider(), until: try time("until"))
        case .taskReleased:
            return .taskReleased(provider: try provider(), probe: node["probe"]?.bool ?? false)
        case .retriesSkipped:
            return .retriesSkipped(provider: try provider(), remaining: int("remaining") ?? 0)
        case .circuitBreakerHalfOpened: return .circuitBreakerHalfOpened(provider: try provider())
        case .circuitBreakerClosed: return .circuitBreakerClosed(provider: try provider())
        case .fallbackStarted, .fallbackStepStarted, .fallbackStepSucceeded, .fallbackSucceeded,
            .fallbackStepFailed,
            .fallbackExhausted:
            return .fallback(try fallback())
        case .taskEscalated:
            return .taskEscalated(
                until: milliseconds("until").map(Timestamp.init(milliseconds:)), message: text("message"))
        case .taskResumed: return .taskResumed(resumption())
        case .lateResult:
            return .lateResult(
                LateResult(
                    attempt: try need("number"), kind: try word("kind"), output: json("output"),
                    message: text("message"), mark: mark() ?? ReportMark(value: 0)))
        case .alertRaised:
            return .alertRaised(
                AlertMark(
                    id: try uuid("alert_id"), severity: try word("severity"), cause: text("cause") ?? ""))
        case .alertResolved: return .alertResolved(id: try uuid("alert_id"))
        case .deadLetterResolved:
            return .deadLetterResolved(try deadLetter(), note: text("note"), actor: text("actor") ?? "")
        case .deadLetterDiscarded:
            return .deadLetterDiscarded(try deadLetter(), note: text("note"), actor: text("actor") ?? "")
        default: throw fault("no reader")
        }
    }

    private func spec() throws(EventDecodingError) -> TaskSpec {
        guard let type = text("type"), let user = text("user_id") else { throw fault("no type or user") }
        var spec = TaskSpec(type: type, userID: UserID(user))
        // One walk over the members instead of a search for each: this runs for every task that is claimed.
        for (name, value) in node.object ?? [] {
            switch name {
            case "agent_id": spec.agentID = value.string.map { AgentID($0) }
            case "capability": spec.capability = value.string
            case "input": spec.input = JSONText(valid: Array(bytes[value.range]))
            case "priority": spec.priority = Int(clamping: value.int ?? 0)
            case "run_at": spec.runAt = value.int.map(Timestamp.init(milliseconds:))
            case "timeout_ms": spec.timeout = value.int
            case "deadline_at": spec.deadline = value.int.map(Timestamp.init(milliseconds:))
            case "retry_policy": spec.retryPolicy = policy(value)
            case "payment": spec.payment = payment(value)
            case "metadata":
                spec.metadata = (value.object ?? []).map {
                    MetadataPair(key: $0.name, value: $0.node.string ?? "")
                }
            case "fallback_chain_id": spec.fallbackChainID = value.string
            case "origin": spec.origin = value.string.flatMap(TaskOrigin.init(rawValue:)) ?? .user
            case "traceparent": spec.traceparent = value.string
            case "parent": spec.parent = value.string.flatMap { TaskID($0) }
            default: break
            }
        }
        return spec
    }

    private func policy(_ node: JSONNode) -> RetryPolicy {
        var policy = RetryPolicy.standard
        for (name, value) in node.object ?? [] {
            switch name {
            case "max_attempts": policy.maxAttempts = Int(clamping: value.int ?? 0)
            case "base_delay_ms": policy.baseDelay = value.int ?? 0
            case "max_delay_ms": policy.maxDelay = value.int ?? 0
            case "jitter": policy.jitter = value.double ?? 0
            case "max_elapsed_ms": policy.maxElapsed = value.int
            case "on_open_breaker":
                policy.onOpenBreaker = value.string.flatMap(OpenBreakerPolicy.init(rawValue:)) ?? .hold
            case "hold_ms": policy.hold = value.int ?? 0
            default: break
            }
        }
        return policy
    }

    private func payment(_ node: JSONNode) -> Payment? {
        guard let money = Money(node["amount"]?.string ?? "", node["currency"]?.string ?? "") else {
            return nil
        }
        return Payment(
            money, kind: node["kind"]?.string ?? "", reference: node["reference"]?.string,
            payer: node["payer"]?.string, payee: node["payee"]?.string)
    }

    private func start() throws(EventDecodingError) -> AttemptStart {
        guard let agent = text("agent_id") else { throw fault("no agent") }
        return AttemptStart(
            number: try need("number"), agentID: AgentID(agent),
            provider: ProviderID(text("provider") ?? agent),
            node: text("node") ?? "",
            breaker: text("breaker_state").flatMap(BreakerState.init(rawValue:)) ?? .closed,
            failureRate: node["failure_rate"]?.double ?? 0, probe: node["probe"]?.bool ?? false,
            counted: node["counted"]?.bool ?? true, timeout: milliseconds("timeout_ms") ?? 30_000,
            step: int("step"), refreshesCredentials: node["refresh_credentials"]?.bool ?? false)
    }

    func failure() throws(EventDecodingError) -> Failure {
        guard let error = node["error"], let type = error["type"]?.string.flatMap(ErrorType.init(rawValue:))
        else {
            throw fault("no error")
        }
        return Failure(
            type: type, errorClass: error["class"]?.string.flatMap(ErrorClass.init(rawValue:)),
            message: error["message"]?.string ?? "",
            httpStatus: error["http_status"]?.int.map { Int(clamping: $0) },
            retryAfter: error["retry_after_ms"]?.int,
            sent: error["sent"]?.string.flatMap(Sent.init(rawValue:)) ?? .maybe)
    }

    private func requeue() throws(EventDecodingError) -> Requeue {
        Requeue(
            round: try need("round"), cause: try word("cause"), actor: text("actor") ?? "",
            failedTaskID: try deadLetter(), due: try time("due_at"),
            agentID: text("agent_id").map { AgentID($0) },
            deadline: milliseconds("deadline_at").map(Timestamp.init(milliseconds:)), reason: text("reason"))
    }

    // MARK: Members

    private func fault(_ reason: String) -> EventDecodingError {
        EventDecodingError("\(type.rawValue): \(reason)")
    }
    private func text(_ name: String) -> String? { node[name]?.string }
    private func int(_ name: String) -> Int? { node[name]?.int.map { Int(clamping: $0) } }
    private func milliseconds(_ name: String) -> Milliseconds? { node[name]?.int }
    private func json(_ name: String) -> JSONText? {
        node[name].map { JSONText(valid: Array(bytes[$0.range])) }
    }
    private func mark() -> ReportMark? {
        text("report").flatMap { UInt64($0, radix: 16) }.map(ReportMark.init(value:))
    }

    private func need(_ name: String) throws(EventDecodingError) -> Int {
        guard let value = int(name) else { throw fault("no \(name)") }
        return value
    }

    private func time(_ name: String) throws(EventDecodingError) -> Timestamp {
        guard let value = milliseconds(name) else { throw fault("no \(name)") }
        return Timestamp(milliseconds: value)
    }

    private func word<Word: RawRepresentable<String>>(_ name: String) throws(EventDecodingError) -> Word {
        guard let word = text(name).flatMap(Word.init(rawValue:)) else { throw fault("no \(name)") }
        return word
    }

    private func uuid(_ name: String) throws(EventDecodingError) -> UUID7 {
        guard let uuid = text(name).flatMap({ UUID7($0) }) else { throw fault("no \(name)") }
        return uuid
    }

    private func deadLetter() throws(EventDecodingError) -> DeadLetterID {
        DeadLetterID(try uuid("failed_task_id"))
    }
    private func provider() throws(EventDecodingError) -> ProviderID {
        guard let name = text("provider") else { throw fault("no provider") }
        return ProviderID(name)
    }
}
