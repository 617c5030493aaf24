package import KintsugiCore
package import KintsugiVocabulary

/// How the attempts of an agent ended in some minutes, and what it has to do now.
package struct AgentFigures: Sendable, Hashable {
    package var succeeded = 0
    package var errors: [ErrorType: Int] = [:]
    /// Run times of attempts for which the agent was asked, by bucket of `DurationBuckets`.
    package var durations: [Int: Int] = [:]
    /// Their sum.
    package var durationSum: Milliseconds = 0
    /// Unfinished tasks that lists show under this agent, whoever made them.
    package var unfinished = 0
    /// Those of them that are in progress.
    package var inProgress = 0

    package init() {}

    package var failed: Int { errors.values.reduce(0, +) }
}
