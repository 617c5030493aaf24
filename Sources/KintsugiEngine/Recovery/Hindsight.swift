import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What was recorded of a task that says how a chain's steps would have gone when it failed.
///
/// Two things do: an attempt that was made later, by the same agent with the same input as the step would have made;
/// and a step just like it that a chain tried before the task was given up.
struct Hindsight {
    private struct Trial {
        var agent: AgentID
        var input: JSONText
        var at: Timestamp
        /// Nil: it succeeded.
        var failure: ErrorType?
    }

    private let steps: [FallbackStep]
    private let agent: AgentID?
    private let input: JSONText
    private let failedAt: Timestamp
    private var trials: [Trial] = []
    private var failedWays: [(way: FallbackStep.Way, failure: ErrorType)] = []

    /// - Parameter events: of the task, from the first on.
    init(_ chain: FallbackChain, _ entry: DeadLetter, _ events: [RecordedEvent]) {
        steps = chain.steps
        agent = entry.agentID
        input = entry.task.state.input
        failedAt = entry.failedAt
        guard let first = events.first, case .taskCreated(let spec) = first.event else { return }
        var state = TaskState(id: entry.task.state.id, spec: spec, at: first.at)
        for recorded in events.dropFirst() {
            let before = state
            state.evolve(recorded.event, at: recorded.at)
            note(
                recorded, before, after: recorded.seq > entry.task.state.version,
                round: entry.task.state.round)
        }
    }

    private mutating func note(
        _ recorded: RecordedEvent, _ before: TaskState, after isLater: Bool, round: Int
    ) {
        var failure: ErrorType?
        switch recorded.event {
        case .attemptSuccess: break
        case .attemptFailed(let failed): failure = failed.failure.type
        case .fallback(let event)
        where event.type == .fallbackStepFailed && !isLater && before.round == round:
            if let way = before.chain?.step(event.step)?.way,
                let type = event.failure?.type ?? before.chain?.failure?.type
            {
                failedWays.append((way, type))
            }
            return
        default: return
        }
        guard isLater, let agent = before.attempt?.start.agentID else { return }
        trials.append(Trial(agent: agent, input: before.input, at: recorded.at, failure: failure))
    }

    /// - Parameter number: of the step, from 1.
    func evidence(_ number: Int) -> ChainSimulation.Evidence {
        let step = steps[number - 1]
        if let tried = failedWays.first(where: { $0.way == step.way }) {
            return .failed(tried.failure, "A chain has tried the same.")
        }
        // What a step before has changed is part of what this one would have tried.
        let before = steps[..<(number - 1)]
        let isSwitched = before.contains { $0.strategy == .switchAgent }
        let isEdited = before.contains { $0.strategy == .modifyInput }
        switch step.way {
        case .retry, .waitAndRetry:
            return isSwitched || isEdited ? .unknown : evidence(agent, input)
        case .switchAgent(let agent?): return isEdited ? .unknown : evidence(agent, input)
        case .modifyInput(let patch):
            return isSwitched || isEdited ? .unknown : evidence(agent, MergePatch.apply(patch, to: input))
        default: return .unknown
        }
    }

    private func evidence(_ agent: AgentID?, _ input: JSONText) -> ChainSimulation.Evidence {
        let fitting = trials.filter { $0.agent == agent && $0.input == input }
        if let success = fitting.first(where: { $0.failure == nil }) {
            let later = "\((success.at - failedAt) / 1000) s"
            return .succeeded("\(success.agent) has completed it \(later) after it was given up.")
        }
        guard let failed = fitting.first, let failure = failed.failure else { return .unknown }
        return .failed(failure, "\(failed.agent) has failed with it again.")
    }
}
