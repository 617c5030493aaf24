package import KintsugiCore
package import KintsugiEngine

/// What a task's answer says beyond the task's own events: how things stand around it now.
package struct Outlook: Sendable {
    package var now: Timestamp
    /// Why it waits although it is ready.
    package var obstacle: Obstacle?
    /// The agent it asks for, as registered now.
    package var agent: AgentProfile?

    package init(now: Timestamp, obstacle: Obstacle? = nil, agent: AgentProfile? = nil) {
        self.now = now
        self.obstacle = obstacle
        self.agent = agent
    }

    /// How things stand around this task in that engine.
    package init(of state: TaskState, in engine: Engine, at now: Timestamp) {
        self.now = now
        if case .pending(let due, _) = state.phase, due <= now { obstacle = engine.obstacle(for: state) }
        if state.attempt == nil, let id = state.agentID { agent = engine.agent(id)?.profile }
    }
}
