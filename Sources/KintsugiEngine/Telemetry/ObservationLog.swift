import KintsugiCore
import KintsugiVocabulary
package import Logging

/// Writes what happens to tasks into the log, with the ids by which they are found.
///
/// A failed task and a change of a breaker stand there as usual; attempts and what goes well at level `debug`.
package struct ObservationLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) { self.logger = logger }

    package func record(_ observations: [Observed]) {
        for observed in observations { record(observed.what) }
    }

    private func record(_ what: Observation) {
        switch what {
        case .taskFailed(let task, let reason, let error, _, let retryCount):
            logger.notice(
                "A task failed",
                metadata: about(
                    task,
                    [
                        "reason": "\(reason.rawValue)", "error.type": "\(error.rawValue)",
                        "retry_count": "\(retryCount)",
                    ]))
        case .breakerChanged(let provider, let state):
            logger.log(
                level: state == .open ? .warning : .notice, "A circuit breaker changed its state",
                metadata: ["provider": "\(provider)", "state": "\(state.rawValue)"])
        case .attemptStopped(let task, let stop):
            guard logger.logLevel <= .debug else { return }
            var more: Logger.Metadata = [
                "attempt": "\(stop.attempt)", "outcome": "\(stop.outcome.rawValue)",
                "duration_ms": "\(stop.duration)",
            ]
            if let error = stop.error { more["error.type"] = "\(error.rawValue)" }
            logger.debug("An attempt is over", metadata: about(task, more))
        case .taskCompleted(let task, _, let duration, _, let attempts):
            guard logger.logLevel <= .debug else { return }
            logger.debug(
                "A task is done",
                metadata: about(task, ["duration_ms": "\(duration)", "attempts": "\(attempts)"]))
        default: break
        }
    }

    private func about(_ task: ObservedTask, _ more: Logger.Metadata) -> Logger.Metadata {
        var metadata = more
        metadata["task.id"] = "\(task.id)"
        metadata["task.type"] = "\(task.type)"
        if let agent = task.agentID { metadata["agent.id"] = "\(agent)" }
        if let trace = task.traceID { metadata["trace_id"] = "\(trace)" }
        return metadata
    }
}
