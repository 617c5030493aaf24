import KintsugiCore
package import KintsugiVocabulary

extension Engine {
    /// Calls an agent once, without a task, a breaker or a record: to see whether it answers.
    package func testAgent(_ id: AgentID, input: JSONText) async throws(EngineError) -> CallResult {
        guard let agent = registry.agent(id) else { throw .notFound }
        guard let caller = callers[agent.kind] else {
            let message = "This process cannot call agents of protocol \(agent.kind.rawValue)."
            return CallResult(.failed(Failure(type: .missingCallback, message: message, sent: .no)))
        }
        let task = TaskID(newUUID())
        let token = configuration.attemptToken(task.description, 1)
        let call = AgentCall(
            agent: agent, taskID: task, type: "kintsugi.test", attempt: 1, round: 1, input: input,
            inputRevision: 1,
            deadline: nil, metadata: [], trace: nil, timeout: min(agent.profile.timeout, 30_000),
            startedAt: now, report: ReportAddress(baseURL: configuration.reportBaseURL(), token: token))
        return await caller.call(call)
    }
}
