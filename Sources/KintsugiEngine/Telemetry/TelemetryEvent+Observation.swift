import KintsugiCore
package import KintsugiVocabulary

extension TelemetryEvent {
    /// Nil: an observation that only metrics are made of.
    package init?(_ observed: Observed, root: String) {
        guard let name = observed.what.name else { return nil }
        var parts = Parts()
        parts.add(observed.what)
        self.init(
            name: name, root: root, milliseconds: observed.at.milliseconds, measurements: parts.measurements,
            metadata: parts.metadata)
    }

    private struct Parts {
        var measurements: [String: Double] = [:]
        var metadata: [String: String] = [:]

        mutating func add(_ what: Observation) {
            switch what {
            case .taskCreated(let task), .holdStarted(let task), .holdStopped(let task): about(task)
            case .taskStarted(let task, let wait):
                about(task)
                measurements["wait_ms"] = wait.map(Double.init)
            case .taskCompleted(let task, let byFallback, let duration, let run, let attempts):
                about(task)
                measurements = [
                    "duration_ms": Double(duration), "run_ms": Double(run), "attempts": Double(attempts),
                ]
                metadata["outcome"] = byFallback ? "completed_by_fallback" : "completed"
            case .taskFailed(let task, let reason, let error, let duration, let retryCount):
                about(task)
                measurements = ["duration_ms": Double(duration), "retry_count": Double(retryCount)]
                metadata["reason"] = reason.rawValue
                metadata["error_type"] = error.rawValue
            case .taskRetry(let task, let attempt, let delay, let error, let message):
                about(task)
                measurements = ["attempt": Double(attempt), "delay_ms": Double(delay)]
                metadata["error_type"] = error?.rawValue
                metadata["error"] = message
            case .taskCancelled(let task, let duration):
                about(task)
                measurements["duration_ms"] = Double(duration)
            case .attemptStarted(let task, let attempt):
                about(task)
                measurements["attempt"] = Double(attempt)
            case .attemptStopped(let task, let stop): add(task, stop)
            default: addOthers(what)
            }
        }

        private mutating func add(_ task: ObservedTask, _ stop: Observation.AttemptStop) {
            about(task)
            measurements = ["attempt": Double(stop.attempt), "duration_ms": Double(stop.duration)]
            metadata["outcome"] = stop.outcome.rawValue
            metadata["error_type"] = stop.error?.rawValue
            metadata["http_status"] = stop.httpStatus.map(String.init)
        }

        private mutating func addOthers(_ what: Observation) {
            switch what {
            case .breakerChanged(let provider, let state):
                metadata = ["provider": provider.rawValue, "state": state.rawValue]
            case .deadLetterAdded(let task, let reason):
                about(task)
                metadata["reason"] = reason.rawValue
            case .deadLetterRemoved(let task, let status, let age):
                about(task)
                measurements["age_ms"] = Double(age)
                metadata["outcome"] = status.rawValue
            case .alertRaised(let task, let id, let severity):
                about(task)
                metadata["alert_id"] = id.description
                metadata["severity"] = severity.rawValue
            case .alertResolved(let id): metadata["alert_id"] = id.description
            case .alertDelivered(let channel, let isDelivered, let attempts, let duration):
                measurements = ["attempts": Double(attempts), "duration_ms": Double(duration)]
                metadata = ["channel_id": channel, "outcome": isDelivered ? "delivered" : "failed"]
            case .streamOpened(let open), .streamClosed(let open): measurements["open"] = Double(open)
            case .storeAppended(let units, let nanoseconds):
                measurements = ["units": Double(units), "duration_ms": Double(nanoseconds) / 1e6]
            case .storeFailed(let error): metadata["error"] = error
            case .dropped(let count): measurements["count"] = Double(count)
            default: break
            }
        }

        private mutating func about(_ task: ObservedTask) {
            metadata["task_id"] = task.id.description
            metadata["type"] = task.type
            metadata["user_id"] = task.userID.rawValue
            metadata["agent_id"] = task.agentID?.rawValue
            metadata["provider"] = task.provider?.rawValue
            metadata["trace_id"] = task.traceID
        }
    }
}

extension Observation {
    /// Nil: only metrics are made of it.
    package var name: TelemetryName? {
        switch self {
        case .taskCreated: .taskCreated
        case .taskStarted: .taskStarted
        case .taskCompleted: .taskCompleted
        case .taskFailed: .taskFailed
        case .taskRetry: .taskRetry
        case .taskCancelled: .taskCancelled
        case .attemptStarted: .attemptStarted
        case .attemptStopped: .attemptStopped
        case .holdStarted: .holdStarted
        case .holdStopped: .holdStopped
        case .breakerChanged: .breakerChanged
        case .deadLetterAdded: .deadLetterAdded
        case .deadLetterRemoved: .deadLetterRemoved
        case .alertRaised: .alertRaised
        case .alertResolved: .alertResolved
        case .alertDelivered: .alertDelivered
        case .streamOpened: .streamOpened
        case .streamClosed: .streamClosed
        case .storeAppended: .storeAppended
        case .storeFailed: .storeFailed
        case .loopLagged: nil
        case .dropped: .telemetryDropped
        }
    }
}
