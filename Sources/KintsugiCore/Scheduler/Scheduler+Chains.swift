import KintsugiVocabulary

/// What the rules of fallback chains need to know, kept at hand.
extension Scheduler {
    /// A chain was made, changed or removed; a task that runs it already goes on with it as it was.
    package mutating func chainsChanged(_ book: ChainBook) { chains = book }

    /// The facts for a command on a task whose attempt's provider has this breaker.
    func facts(breaker: BreakerState = .closed, change: CircuitBreaker.Change? = nil) -> Facts {
        Facts(breaker: breaker, breakerChange: change, chains: chains, agents: roster)
    }

    /// The facts for a command on this task.
    package func facts(for state: TaskState) -> Facts {
        facts(breaker: state.attempt.map { breakerState($0.start.provider) } ?? .closed)
    }
}
