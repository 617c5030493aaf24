import KintsugiCore
import KintsugiVocabulary

/// The stored text of every event type, as it was first written. Never edit one: databases hold these for ever,
/// and each must decode to the same event for ever. When an event gains a member, add a fixture.
enum EventFixtures {
    static let all: [(stored: String, event: TaskEvent)] =
        lifecycle + attempts + recovery + deadLetters + ChainFixtures.all

    private static let uuid = "01a33b2c-4d5e-7f60-8a7b-0c1d2e3f4a5b"
    private static let id = DeadLetterID(UUID7(high: 0x01a3_3b2c_4d5e_7f60, low: 0x8a7b_0c1d_2e3f_4a5b))
    private static func json(_ text: String) -> JSONText { JSONText(valid: Array(text.utf8)) }
    private static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private static let plainSpec = TaskSpec(type: "report", userID: UserID("ann"))
    private static let fullSpec = TaskSpec(
        type: "payment.capture", userID: UserID("ann \"the\" ünïcode\n"), agentID: AgentID("stripe"),
        capability: "capture", input: json(#"{"a":[1,2.50,"x"]}"#), priority: -7,
        runAt: time(1_800_000_000_001),
        timeout: 5_000, deadline: time(1_800_000_900_000),
        retryPolicy: RetryPolicy(
            maxAttempts: 3, baseDelay: 200, maxDelay: 4_000, jitter: 0.5, maxElapsed: 60_000,
            onOpenBreaker: .skip,
            hold: 1_000),
        payment: Money("250.00", "USD").map {
            Payment($0, kind: "payment", reference: "inv-1", payer: "bob", payee: "eve")
        },
        metadata: [MetadataPair(key: "order", value: "1"), MetadataPair(key: "", value: "")],
        fallbackChainID: "chain-1", origin: .compensation, traceparent: "00-ab-cd-01")

    private static let lifecycle: [(stored: String, event: TaskEvent)] = [
        (#"[[1,{"type":"report","user_id":"ann"}]]"#, .taskCreated(plainSpec)),
        (
            #"[[1,{"type":"payment.capture","user_id":"ann \"the\" ünïcode\n","agent_id":"stripe","#
                + #""capability":"capture","input":{"a":[1,2.50,"x"]},"priority":-7,"run_at":1800000000001,"#
                + #""timeout_ms":5000,"deadline_at":1800000900000,"retry_policy":{"max_attempts":3,"#
                + #""base_delay_ms":200,"max_delay_ms":4000,"jitter":0.5,"max_elapsed_ms":60000,"#
                + #""on_open_breaker":"skip","hold_ms":1000},"payment":{"amount":"250.00","currency":"USD","#
                + #""kind":"payment","reference":"inv-1","payer":"bob","payee":"eve"},"#
                + #""metadata":{"order":"1","":""},"fallback_chain_id":"chain-1","origin":"compensation","#
                + #""traceparent":"00-ab-cd-01"}]]"#,
            .taskCreated(fullSpec)
        ),
        (#"[[2,{}]]"#, .taskStarted(round: 1)),
        (#"[[2,{"round":2}]]"#, .taskStarted(round: 2)),
        (
            #"[[6,{"delay_ms":1100,"due_at":1800000001100,"next_attempt":2}]]"#,
            .taskRetried(delay: 1_100, due: time(1_800_000_001_100), nextAttempt: 2)
        ),
        (#"[[10,{}]]"#, .taskCompleted(output: nil)),
        (#"[[10,{"output":null}]]"#, .taskCompleted(output: .null)),
        (#"[[10,{"output":{"ok":true}}]]"#, .taskCompleted(output: json(#"{"ok":true}"#))),
        (#"[[15,{"actor":"ann"}]]"#, .taskCancelled(reason: nil, actor: "ann")),
        (#"[[15,{"reason":"no more","actor":"ann"}]]"#, .taskCancelled(reason: "no more", actor: "ann")),
        (
            #"[[16,{"round":2,"cause":"manual","actor":"ann","failed_task_id":"\#(uuid)","due_at":1800000000000}]]"#,
            .taskRequeued(
                Requeue(
                    round: 2, cause: .manual, actor: "ann", failedTaskID: id, due: time(1_800_000_000_000)))
        ),
        (
            #"[[16,{"round":3,"cause":"bulk","actor":"ann","failed_task_id":"\#(uuid)","due_at":1,"#
                + #""agent_id":"adyen","deadline_at":2,"reason":"again"}]]"#,
            .taskRequeued(
                Requeue(
                    round: 3, cause: .bulk, actor: "ann", failedTaskID: id, due: time(1),
                    agentID: AgentID("adyen"),
                    deadline: time(2), reason: "again"))
        ),
        (
            #"[[17,{"before":{"a":1},"after":null,"revision":2,"actor":"ann"}]]"#,
            .inputEdited(before: json(#"{"a":1}"#), after: .null, revision: 2, actor: "ann")
        ),
    ]

    private static let failure = Failure(
        type: .serverError, message: "The agent answered 503.", httpStatus: 503, retryAfter: 2_000, sent: .yes
    )
    private static let storedFailure =
        #""error":{"type":"server_error","class":"retryable","message":"The agent answered 503.","#
        + #""http_status":503,"retry_after_ms":2000,"sent":"yes"}"#
    private static let bare = Failure(type: .networkError, errorClass: .permanent, message: "", sent: .maybe)
    private static let storedBare =
        #""error":{"type":"network_error","class":"permanent","message":"","sent":"maybe"}"#

    private static let attempts: [(stored: String, event: TaskEvent)] = [
        (
            #"[[3,{"number":1,"agent_id":"stripe","node":"n1"}]]"#,
            .attemptStarted(
                AttemptStart(
                    number: 1, agentID: AgentID("stripe"), provider: ProviderID("stripe"), node: "n1",
                    timeout: 30_000))
        ),
        (
            #"[[3,{"number":2,"agent_id":"stripe","provider":"cards","node":"n1","breaker_state":"half_open","#
                + #""failure_rate":0.25,"probe":true,"counted":false,"timeout_ms":5000}]]"#,
            .attemptStarted(
                AttemptStart(
                    number: 2, agentID: AgentID("stripe"), provider: ProviderID("cards"), node: "n1",
                    breaker: .halfOpen, failureRate: 0.25, probe: true, counted: false, timeout: 5_000))
        ),
        (#"[[4,{"number":1,"duration_ms":3}]]"#, .attemptSuccess(AttemptSuccess(number: 1, duration: 3))),
        (
            #"[[4,{"number":1,"duration_ms":3,"http_status":201,"report":"ffffffffffffffff"}]]"#,
            .attemptSuccess(
                AttemptSuccess(number: 1, duration: 3, httpStatus: 201, report: ReportMark(value: .max)))
        ),
        (
            #"[[5,{"number":2,"duration_ms":70,\#(storedFailure)}]]"#,
            .attemptFailed(AttemptFailure(number: 2, duration: 70, failure: failure))
        ),
        (
            #"[[5,{"number":2,"duration_ms":70,\#(storedBare),"report":"2a"}]]"#,
            .attemptFailed(
                AttemptFailure(number: 2, duration: 70, failure: bare, report: ReportMark(value: 42)))
        ),
        (
            #"[[11,{"number":1,"until":1800000030000}]]"#,
            .attemptAccepted(number: 1, until: time(1_800_000_030_000))
        ),
        (#"[[12,{"number":1,"node":"n1"}]]"#, .attemptAbandoned(number: 1, node: "n1")),
        (#"[[13,{"number":1}]]"#, .attemptInterrupted(number: 1)),
        (
            #"[[14,{"number":1,"percent":40}]]"#,
            .taskProgress(Progress(attempt: 1, percent: 40, message: nil))
        ),
        (
            #"[[14,{"number":1,"percent":40.5,"message":"half","until":5}]]"#,
            .taskProgress(Progress(attempt: 1, percent: 40.5, message: "half", until: time(5)))
        ),
        (
            #"[[31,{"number":1,"kind":"complete","output":[1],"report":"7"}]]"#,
            .lateResult(
                LateResult(attempt: 1, kind: .complete, output: json("[1]"), mark: ReportMark(value: 7)))
        ),
        (
            #"[[31,{"number":1,"kind":"fail","message":"no","report":"7"}]]"#,
            .lateResult(LateResult(attempt: 1, kind: .fail, message: "no", mark: ReportMark(value: 7)))
        ),
    ]

    private static let stripe = ProviderID("stripe")

    private static let recovery: [(stored: String, event: TaskEvent)] = [
        (
            #"[[7,{"provider":"stripe","until":1800000030000,"failure_rate":0.75}]]"#,
            .circuitBreakerOpened(provider: stripe, until: time(1_800_000_030_000), failureRate: 0.75)
        ),
        (#"[[18,{"provider":"stripe","until":9}]]"#, .taskHeld(provider: stripe, until: time(9))),
        (#"[[19,{"provider":"stripe","probe":true}]]"#, .taskReleased(provider: stripe, probe: true)),
        (#"[[20,{"provider":"stripe","remaining":5}]]"#, .retriesSkipped(provider: stripe, remaining: 5)),
        (#"[[21,{"provider":"stripe"}]]"#, .circuitBreakerHalfOpened(provider: stripe)),
        (#"[[22,{"provider":"stripe"}]]"#, .circuitBreakerClosed(provider: stripe)),
        (#"[[23,{"chain_id":"c","step":0}]]"#, fallback(.fallbackStarted, step: 0)),
        (
            #"[[24,{"chain_id":"c","step":1,"strategy":"switch_agent","message":"m"}]]"#,
            fallback(.fallbackStepStarted, step: 1, strategy: "switch_agent", message: "m")
        ),
        (#"[[25,{"chain_id":"c","step":1}]]"#, fallback(.fallbackStepSucceeded, step: 1)),
        (#"[[26,{"chain_id":"c","step":0}]]"#, fallback(.fallbackSucceeded, step: 0)),
        (#"[[27,{"chain_id":"c","step":1}]]"#, fallback(.fallbackStepFailed, step: 1)),
        (#"[[28,{"chain_id":"c","step":0}]]"#, fallback(.fallbackExhausted, step: 0)),
        (#"[[29,{}]]"#, .taskEscalated(until: nil, message: nil)),
        (#"[[29,{"until":7,"message":"look"}]]"#, .taskEscalated(until: time(7), message: "look")),
        (#"[[30,{"actor":"ann"}]]"#, .taskResumed(Resumption(.retry, actor: "ann"))),
        (#"[[30,{"actor":"ann","note":"go"}]]"#, .taskResumed(Resumption(.retry, actor: "ann", note: "go"))),
    ]

    private static func fallback(
        _ type: EventType, step: Int, strategy: String? = nil, message: String? = nil
    )
        -> TaskEvent
    {
        .fallback(FallbackEvent(type: type, chainID: "c", step: step, strategy: strategy, message: message))
    }

    private static let deadLetters: [(stored: String, event: TaskEvent)] = [
        (
            #"[[8,{"reason":"retries_exhausted",\#(storedFailure)}]]"#,
            .taskFailed(reason: .retriesExhausted, failure: failure)
        ),
        (
            #"[[9,{"failed_task_id":"\#(uuid)","reason":"retries_exhausted"}]]"#,
            .movedToDLQ(id, reason: .retriesExhausted)
        ),
        (
            #"[[32,{"alert_id":"\#(uuid)","severity":"critical"}]]"#,
            .alertRaised(AlertMark(id: id.uuid, severity: .critical, cause: ""))
        ),
        (
            #"[[32,{"alert_id":"\#(uuid)","severity":"high","cause":"00000000000000ab"}]]"#,
            .alertRaised(AlertMark(id: id.uuid, severity: .high, cause: "00000000000000ab"))
        ),
        (#"[[33,{"alert_id":"\#(uuid)"}]]"#, .alertResolved(id: id.uuid)),
        (
            #"[[34,{"failed_task_id":"\#(uuid)","note":"by hand","actor":"ann"}]]"#,
            .deadLetterResolved(id, note: "by hand", actor: "ann")
        ),
        (
            #"[[35,{"failed_task_id":"\#(uuid)","actor":"ann"}]]"#,
            .deadLetterDiscarded(id, note: nil, actor: "ann")
        ),
    ]
}
