import KintsugiCore
import KintsugiVocabulary
import Testing

/// A task's life in a test: given what happened, when a command comes, then these events follow.
struct Story {
    static let start = Timestamp(milliseconds: 1_769_851_800_000)
    static let agent = AgentID("stripe")
    static let provider = ProviderID("stripe")

    private(set) var state: TaskState
    private(set) var log: [(event: TaskEvent, at: Timestamp)]
    var now = Story.start
    private var rng = SeededGenerator(seed: 7)

    init(_ policy: RetryPolicy = .still, timeout: Milliseconds? = nil, deadline: Milliseconds? = nil) {
        var spec = TaskSpec(
            type: "payment.capture", userID: UserID("ada"), agentID: Self.agent, retryPolicy: policy)
        spec.timeout = timeout
        spec.deadline = deadline.map { Story.start + $0 }
        self.init(spec)
    }

    init(_ spec: TaskSpec) {
        state = TaskState(id: TaskID(UUID7(high: 1, low: 2)), spec: spec, at: Self.start)
        log = [(.taskCreated(spec), Self.start)]
    }

    /// Decides and takes in what follows.
    @discardableResult
    mutating func when(_ command: TaskCommand, _ facts: Facts = Facts(), after delay: Milliseconds = 0)
        throws(Rejection) -> [TaskEvent]
    {
        now = now + delay
        let events = try TaskRules.decide(command, state, facts, at: now, using: &rng)
        record(events)
        return events
    }

    /// The command must be refused, with nothing changed.
    mutating func refused(_ command: TaskCommand, after delay: Milliseconds = 0) -> Rejection? {
        now = now + delay
        do throws(Rejection) {
            _ = try TaskRules.decide(command, state, Facts(), at: now, using: &rng)
            return nil
        } catch {
            return error
        }
    }

    /// Given: these events happened now.
    mutating func record(_ events: [TaskEvent]) {
        for event in events {
            state.evolve(event, at: now)
            log.append((event, now))
        }
    }

    @discardableResult
    mutating func begin(probe: Bool = false, halfOpens: Bool = false, after delay: Milliseconds = 0)
        throws(Rejection) -> [TaskEvent]
    {
        try when(.begin(.to(probe: probe, halfOpens: halfOpens)), after: delay)
    }

    /// Begins an attempt that fails after 100 ms.
    @discardableResult
    mutating func fail(_ failure: Failure = .status503, _ facts: Facts = Facts(), probe: Bool = false)
        throws(Rejection) -> [TaskEvent]
    {
        try begin(probe: probe)
        return try end(.failed(failure), facts)
    }

    /// The call of the last attempt ends after 100 ms.
    @discardableResult
    mutating func end(_ outcome: AttemptOutcome, _ facts: Facts = Facts(), after delay: Milliseconds = 100)
        throws(Rejection) -> [TaskEvent]
    {
        try when(.attemptEnded(number: state.attempts, outcome), facts, after: delay)
    }

    @discardableResult
    mutating func report(_ report: AgentReport, of attempt: Int? = nil, after delay: Milliseconds = 0)
        throws(Rejection) -> [TaskEvent]
    {
        try when(.report(attempt: attempt ?? state.attempts, report), after: delay)
    }

    var types: [EventType] { log.map(\.event).types }

    /// The fold of everything must be what the commands made step by step.
    var refolded: TaskState? { TaskState(id: state.id, folding: log) }
}

extension RetryPolicy {
    /// No jitter, so that delays can be told: 1 s, 2 s, 4 s …
    static let still = RetryPolicy(jitter: 0)

    static func still(
        max: Int = 6, elapsed: Milliseconds? = nil, open: OpenBreakerPolicy = .hold,
        hold: Milliseconds = 600_000
    ) -> RetryPolicy {
        RetryPolicy(maxAttempts: max, jitter: 0, maxElapsed: elapsed, onOpenBreaker: open, hold: hold)
    }
}

extension Failure {
    static let status503 = Failure(type: .serverError, message: "503", httpStatus: 503)
    static let status404 = Failure(type: .notFound, message: "404", httpStatus: 404)
    static func busy(retryAfter: Milliseconds) -> Failure {
        Failure(type: .rateLimit, message: "429", httpStatus: 429, retryAfter: retryAfter)
    }
}

extension Assignment {
    static func to(
        probe: Bool = false, halfOpens: Bool = false, timeout: Milliseconds = 30_000
    ) -> Assignment {
        Assignment(
            agentID: Story.agent, provider: Story.provider, node: "node-1", timeout: timeout,
            breaker: probe ? .halfOpen : .closed, probe: probe, halfOpens: halfOpens)
    }
}

extension Facts {
    /// The breaker is open, for a while already.
    static let open = Facts(breaker: .open)
    /// This outcome opened the breaker.
    static func opened(at now: Timestamp) -> Facts {
        Facts(breaker: .open, breakerChange: .opened(until: now + 30_000, failureRate: 1))
    }
    /// This outcome closed the breaker.
    static let closed = Facts(breaker: .closed, breakerChange: .closed)
}

extension AgentReport {
    static func done(_ output: String = "1") -> AgentReport {
        let text = JSONText(valid: Array(output.utf8))
        return .complete(output: text, ReportMark(kind: "complete", body: text.bytes))
    }
    static func failed(_ message: String = "no", _ errorClass: ErrorClass = .retryable) -> AgentReport {
        .fail(
            Failure(type: .agentReported, errorClass: errorClass, message: message),
            ReportMark(kind: "fail", body: Array(message.utf8)))
    }
    static func percent(_ percent: Double) -> AgentReport { .progress(percent: percent, message: nil) }
}

extension [TaskEvent] {
    /// The story of the task's life; alerts are told apart, they are other tests'.
    var types: [EventType] {
        map(\.type).filter { $0 != .alertRaised && $0 != .alertResolved }
    }

    /// The alerts among these, in words: the severity of a raise, or that one was resolved.
    var alerts: [String] {
        compactMap { event in
            switch event {
            case .alertRaised(let mark): mark.severity.rawValue
            case .alertResolved: "resolved"
            default: nil
            }
        }
    }

    /// The reason and failure of the ending among these, if there is one.
    var ending: (reason: DeadLetterReason, failure: Failure)? {
        for case .taskFailed(let reason, let failure) in self { return (reason, failure) }
        return nil
    }

    var retry: (delay: Milliseconds, nextAttempt: Int)? {
        for case .taskRetried(let delay, _, let next) in self { return (delay, next) }
        return nil
    }

    var heldUntil: Timestamp? {
        for case .taskHeld(_, let until) in self { return until }
        return nil
    }
}
