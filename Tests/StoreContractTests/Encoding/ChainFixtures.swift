import KintsugiCore
import KintsugiVocabulary

/// The stored text of what chains do, as it was first written. Never edit one; see `EventFixtures`.
enum ChainFixtures {
    static let all: [(stored: String, event: TaskEvent)] = chains + rest

    private static let uuid = "01a33b2c-4d5e-7f60-8a7b-0c1d2e3f4a5b"
    private static let task = TaskID(UUID7(high: 0x01a3_3b2c_4d5e_7f60, low: 0x8a7b_0c1d_2e3f_4a5b))
    private static func json(_ text: String) -> JSONText { JSONText(valid: Array(text.utf8)) }

    private static let steps: [(stored: String, step: FallbackStep)] = [
        (
            #"{"strategy":"retry","max_attempts":3,"delay_ms":250,"when":{"error_types":["timeout","rate_limit"]}}"#,
            FallbackStep(.retry(maxAttempts: 3, delay: 250), when: [.timeout, .rateLimit])
        ),
        (#"{"strategy":"wait_and_retry"}"#, FallbackStep(.waitAndRetry(delay: nil))),
        (#"{"strategy":"wait_and_retry","delay_ms":60000}"#, FallbackStep(.waitAndRetry(delay: 60_000))),
        (#"{"strategy":"switch_agent"}"#, FallbackStep(.switchAgent(nil))),
        (#"{"strategy":"switch_agent","agent_id":"adyen"}"#, FallbackStep(.switchAgent(AgentID("adyen")))),
        (
            #"{"strategy":"increase_timeout","factor":2.5,"max_ms":90000}"#,
            FallbackStep(.increaseTimeout(factor: 2.5, max: 90_000))
        ),
        (#"{"strategy":"refresh_credentials"}"#, FallbackStep(.refreshCredentials)),
        (
            #"{"strategy":"modify_input","patch":{"amount":1.10,"fast":null}}"#,
            FallbackStep(.modifyInput(patch: json(#"{"amount":1.10,"fast":null}"#)))
        ),
        (#"{"strategy":"use_output","output":[1e3]}"#, FallbackStep(.useOutput(json("[1e3]")))),
        (
            #"{"strategy":"compensate","task":{"type":"refund","agent_id":"bank","input":{"a":1},"timeout_ms":9}}"#,
            FallbackStep(
                .compensate(
                    Compensation(
                        type: "refund", agentID: AgentID("bank"), input: json(#"{"a":1}"#), timeout: 9)))
        ),
        (#"{"strategy":"notify","message":"look"}"#, FallbackStep(.notify(message: "look"))),
        (
            #"{"strategy":"escalate","message":"ok?","timeout_ms":5,"then":"continue"}"#,
            FallbackStep(.escalate(message: "ok?", timeout: 5, then: .continue))
        ),
        (#"{"strategy":"discard","note":"no use"}"#, FallbackStep(.discard(note: "no use"))),
    ]

    private static let shut = Failure(type: .circuitOpen, message: "shut", sent: .no)
    private static let storedShut =
        #""error":{"type":"circuit_open","class":"retryable","message":"shut","sent":"no"}"#

    private static let chains: [(stored: String, event: TaskEvent)] = [
        (
            #"[[23,{"chain_id":"c","step":0,"name":"n","version":4,"steps":["#
                + steps.map(\.stored).joined(separator: ",")
                + #"],"trigger":"breaker_open",\#(storedShut)}]]"#,
            .fallback(
                FallbackEvent(
                    type: .fallbackStarted, chainID: "c", step: 0, strategy: nil,
                    chain: ChainSnapshot(id: "c", name: "n", version: 4, steps: steps.map(\.step)),
                    trigger: .breakerOpen, failure: shut))
        ),
        (
            #"[[24,{"chain_id":"c","step":3,"strategy":"retry","agent_id":"adyen","due_at":7,"skipped":[1,2]}]]"#,
            .fallback(
                FallbackEvent(
                    type: .fallbackStepStarted, chainID: "c", step: 3, strategy: "retry",
                    agentID: AgentID("adyen"), due: Timestamp(milliseconds: 7), skipped: [1, 2]))
        ),
        (
            #"[[25,{"chain_id":"c","step":3,"strategy":"compensate","task_id":"\#(uuid)"}]]"#,
            .fallback(
                FallbackEvent(
                    type: .fallbackStepSucceeded, chainID: "c", step: 3, strategy: "compensate", taskID: task)
            )
        ),
        (
            #"[[27,{"chain_id":"c","step":3,"strategy":"retry",\#(storedShut)}]]"#,
            .fallback(
                FallbackEvent(
                    type: .fallbackStepFailed, chainID: "c", step: 3, strategy: "retry", failure: shut))
        ),
    ]

    private static let rest: [(stored: String, event: TaskEvent)] = [
        (
            #"[[30,{"actor":"ann","note":"go","action":"complete"}]]"#,
            .taskResumed(Resumption(.complete, actor: "ann", note: "go"))
        ),
        (
            #"[[30,{"actor":"ann","agent_id":"adyen"}]]"#,
            .taskResumed(Resumption(.retry, actor: "ann", agentID: AgentID("adyen")))
        ),
        (
            #"[[30,{"actor":"system","action":"timed_out"}]]"#,
            .taskResumed(Resumption(.timedOut, actor: "system"))
        ),
        (
            #"[[3,{"number":2,"agent_id":"adyen","node":"n1","counted":false,"step":3,"refresh_credentials":true}]]"#,
            .attemptStarted(
                AttemptStart(
                    number: 2, agentID: AgentID("adyen"), provider: ProviderID("adyen"), node: "n1",
                    counted: false, timeout: 30_000, step: 3, refreshesCredentials: true))
        ),
        (
            #"[[1,{"type":"refund","user_id":"ann","origin":"compensation","parent":"\#(uuid)"}]]"#,
            .taskCreated(
                TaskSpec(type: "refund", userID: UserID("ann"), origin: .compensation, parent: task))
        ),
    ]
}
