package import CoreMetrics
import KintsugiCore
import KintsugiVocabulary
import Synchronization

/// Makes metrics of observations.
package final class MetricsRecorder: Sendable {
    private let handles: Mutex<MetricHandles>

    package init(factory: any MetricsFactory, root: String) {
        var handles = MetricHandles(factory: factory, root: root)
        Self.begin(&handles)
        self.handles = Mutex(handles)
    }

    /// Series that are known beforehand begin at 0: what is counted first is an increase too.
    private static func begin(_ handles: inout MetricHandles) {
        for error in ["full", "closed", "outcome_unknown", "broken"] {
            handles.count(.storeErrors, error, by: 0)
        }
        for reason in DeadLetterReason.allCases { handles.count(.deadLettersAdded, reason.rawValue, by: 0) }
        for status in DeadLetterStatus.allCases where status != .pending {
            handles.count(.deadLettersRemoved, status.rawValue, by: 0)
        }
        for severity in AlertSeverity.allCases { handles.count(.alertsRaised, severity.rawValue, by: 0) }
        handles.count(.alertsResolved, by: 0)
        handles.count(.telemetryDropped, by: 0)
    }

    package func record(_ observations: [Observed]) {
        handles.withLock { handles in
            for observed in observations { Self.record(observed.what, &handles) }
        }
    }

    func set(_ body: (inout MetricHandles) -> Void) { handles.withLock { body(&$0) } }

    private static func record(_ what: Observation, _ to: inout MetricHandles) {
        switch what {
        case .taskCreated(let task): to.count(.taskCreated, task.type)
        case .taskStarted(let task, let wait):
            to.count(.taskStarted, task.type)
            if let wait { example(task) { to.record(.taskWait, task.type, value: seconds(wait)) } }
        case .taskCompleted(let task, let byFallback, let duration, let run, _):
            let outcome = byFallback ? "completed_by_fallback" : "completed"
            to.count(.taskCompleted, task.type, outcome)
            example(task) {
                to.record(.taskRun, task.type, value: seconds(run))
                to.record(.taskDuration, task.type, outcome, value: seconds(duration))
            }
        case .taskFailed(let task, let reason, _, let duration, _):
            to.count(.taskFailed, task.type, reason.rawValue)
            example(task) { to.record(.taskDuration, task.type, "failed", value: seconds(duration)) }
        case .taskRetry(let task, _, _, let error, _):
            to.count(.taskRetry, task.type, error?.rawValue ?? "none")
        case .taskCancelled(let task, let duration):
            to.count(.taskCancelled, task.type)
            to.record(.taskDuration, task.type, "cancelled", value: seconds(duration))
        case .attemptStopped(let task, let stop):
            // Work that was accepted goes on.
            guard stop.outcome != .accepted else { return }
            let provider = task.provider?.rawValue ?? "none"
            to.count(.attempts, provider, stop.outcome.rawValue, stop.error?.rawValue ?? "none")
            example(task) { to.record(.attemptDuration, provider, value: seconds(stop.duration)) }
        default: recordOthers(what, &to)
        }
    }

    private static func recordOthers(_ what: Observation, _ to: inout MetricHandles) {
        switch what {
        case .holdStarted(let task): to.count(.holds, task.provider?.rawValue ?? "none")
        case .breakerChanged(let provider, let state):
            to.count(.breakerTransitions, provider.rawValue, state.rawValue)
        case .deadLetterAdded(_, let reason): to.count(.deadLettersAdded, reason.rawValue)
        case .deadLetterRemoved(_, let status, _): to.count(.deadLettersRemoved, status.rawValue)
        case .alertRaised(_, _, let severity): to.count(.alertsRaised, severity.rawValue)
        case .alertResolved: to.count(.alertsResolved)
        case .alertDelivered(let channel, let isDelivered, _, _):
            to.count(.alertDeliveries, channel, isDelivered ? "delivered" : "failed")
        case .storeAppended(let units, let nanoseconds):
            to.record(.storeAppend, value: Double(nanoseconds) / 1e9)
            to.record(.storeBatch, value: Double(units))
        case .storeFailed(let error): to.count(.storeErrors, error)
        case .loopLagged(let nanoseconds): to.record(.loopLag, value: Double(nanoseconds) / 1e9)
        case .dropped(let count): to.count(.telemetryDropped, by: count)
        default: break
        }
    }

    private static func seconds(_ duration: Milliseconds) -> Double { Double(duration) / 1000 }

    /// What is recorded meanwhile is an example of the task's trace, if it has one.
    private static func example(_ task: ObservedTask, _ body: () -> Void) {
        guard let id = task.traceID else { return body() }
        Exemplar.$traceID.withValue(id, operation: body)
    }
}
