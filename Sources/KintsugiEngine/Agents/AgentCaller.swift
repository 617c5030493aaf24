package import KintsugiCore
package import KintsugiVocabulary

/// The port through which the engine speaks to agents of one protocol.
package protocol AgentCaller: Sendable {
    /// Makes one attempt and says how it ended. Never throws: every ending is an outcome.
    ///
    /// When the surrounding Swift task is cancelled it stops at once and answers `.cancelled`.
    func call(_ call: AgentCall) async -> CallResult
}

package struct CallResult: Sendable, Hashable {
    package var outcome: AttemptOutcome
    /// We had no free connection: says nothing about the provider.
    package var isLocalSaturation: Bool

    package init(_ outcome: AttemptOutcome, isLocalSaturation: Bool = false) {
        self.outcome = outcome
        self.isLocalSaturation = isLocalSaturation
    }
}

/// All that an agent is told about an attempt.
package struct AgentCall: Sendable {
    package var agent: AgentRecord
    package var taskID: TaskID
    package var type: String
    package var attempt: Int
    package var round: Int
    package var input: JSONText
    /// From 1; a retry that edits the input raises it.
    package var inputRevision: Int
    package var deadline: Timestamp?
    package var metadata: [MetadataPair]
    /// The span that the agent's own belong to; nil: nobody traces this task.
    package var trace: SpanContext?
    package var timeout: Milliseconds
    package var startedAt: Timestamp
    /// Whether credentials are fetched anew first: those at hand were refused.
    package var refreshCredentials: Bool
    package var report: ReportAddress

    package init(
        agent: AgentRecord, taskID: TaskID, type: String, attempt: Int, round: Int, input: JSONText,
        inputRevision: Int, deadline: Timestamp?, metadata: [MetadataPair], trace: SpanContext?,
        timeout: Milliseconds, startedAt: Timestamp, refreshCredentials: Bool = false,
        report: ReportAddress
    ) {
        self.agent = agent
        self.taskID = taskID
        self.type = type
        self.attempt = attempt
        self.round = round
        self.input = input
        self.inputRevision = inputRevision
        self.deadline = deadline
        self.metadata = metadata
        self.trace = trace
        self.timeout = timeout
        self.startedAt = startedAt
        self.refreshCredentials = refreshCredentials
        self.report = report
    }

    /// The same for every attempt of the task in every round, until a retry edits the input.
    package var idempotencyKey: String { inputRevision == 1 ? "\(taskID)" : "\(taskID)-\(inputRevision)" }
}

/// Where an agent reports to, and the token that lets it.
package struct ReportAddress: Sendable, Hashable {
    /// Without a slash at its end: `http://127.0.0.1:7420`.
    package var baseURL: String
    package var token: String

    package init(baseURL: String, token: String) {
        self.baseURL = baseURL
        self.token = token
    }
}
