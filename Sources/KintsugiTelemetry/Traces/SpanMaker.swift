package import KintsugiCore
package import KintsugiEngine
package import KintsugiVocabulary

/// Makes spans of observations. A span is told when it is over; all its ids follow from the task's.
///
/// - Source: OpenTelemetry semantic conventions 1.44, messaging spans and HTTP spans; an error that was retried and
///   handled does not mark the span around it.
package struct SpanMaker: Sendable {
    private let samples: TaskTrace.Sampler
    /// Where the agent is called; nil: here, or nobody knows any more.
    private let address: @Sendable (AgentID) -> String?

    package init(
        samples: @escaping TaskTrace.Sampler, address: @escaping @Sendable (AgentID) -> String?
    ) {
        self.samples = samples
        self.address = address
    }

    package func spans(of observed: Observed) -> [Span] {
        let at = observed.at
        switch observed.what {
        case .taskCreated(let task): return sampled(task) { [send(task, $0)] }
        case .attemptStopped(let task, let stop): return sampled(task) { attempt(task, $0, stop, at: at) }
        case .taskCompleted(let task, let byFallback, _, let run, _):
            return sampled(task) { trace in
                var span = process(task, trace, from: at + -run, to: at)
                span.set("kintsugi.outcome", byFallback ? "completed_by_fallback" : "completed")
                return [span]
            }
        case .taskFailed(let task, let reason, let error, _, _):
            return sampled(task) { trace in
                var span = process(task, trace, from: task.roundStartedAt ?? at, to: at)
                span.set("kintsugi.outcome", reason.rawValue)
                span.set("error.type", error.rawValue)
                span.error = error.rawValue
                return [span]
            }
        case .taskCancelled(let task, _):
            return sampled(task) { trace in
                var span = process(task, trace, from: task.roundStartedAt ?? at, to: at)
                span.set("kintsugi.outcome", "cancelled")
                return [span]
            }
        default: return []
        }
    }

    private func sampled(_ task: ObservedTask, _ body: (TaskTrace) -> [Span]) -> [Span] {
        let trace = TaskTrace(task.id, traceparent: task.traceparent, samples: samples)
        return trace.send.isSampled ? body(trace) : []
    }

    private func send(_ task: ObservedTask, _ trace: TaskTrace) -> Span {
        var span = Span(
            trace.send, parent: trace.submitter?.spanID, name: "send \(task.type)", kind: .producer,
            start: task.createdAt, end: task.createdAt)
        describe(task, "send", &span)
        return span
    }

    private func process(_ task: ObservedTask, _ trace: TaskTrace, from start: Timestamp, to end: Timestamp)
        -> Span
    {
        var span = Span(
            trace.process(round: task.round), parent: trace.send.spanID, name: "process \(task.type)",
            kind: .consumer, start: start, end: end)
        span.links = [task.round > 1 ? trace.process(round: task.round - 1) : trace.send]
        describe(task, "process", &span)
        span.set("kintsugi.round", task.round)
        return span
    }

    /// The attempt, and the call with which it began: of work that the agent accepted the call is over long before.
    private func attempt(
        _ task: ObservedTask, _ trace: TaskTrace, _ stop: Observation.AttemptStop, at end: Timestamp
    ) -> [Span] {
        var attempt = Span(
            trace.attempt(stop.attempt), parent: trace.process(round: task.round).spanID,
            name: "attempt \(stop.attempt)", kind: .internal, start: end + -stop.duration, end: end)
        attempt.set("kintsugi.task.id", task.id.description)
        attempt.set("kintsugi.attempt.number", stop.attempt)
        attempt.set("kintsugi.attempt.outcome", stop.outcome.rawValue)
        attempt.set("kintsugi.agent.id", task.agentID?.rawValue)
        attempt.set("kintsugi.provider", task.provider?.rawValue)
        attempt.set("error.type", stop.error?.rawValue)
        attempt.error = stop.error?.rawValue ?? (stop.outcome == .success ? nil : stop.outcome.rawValue)
        let call = stop.wasAccepted ? nil : call(task, trace, stop, in: attempt)
        return (stop.outcome == .accepted ? [] : [attempt]) + (call.map { [$0] } ?? [])
    }

    private func call(
        _ task: ObservedTask, _ trace: TaskTrace, _ stop: Observation.AttemptStop, in attempt: Span
    ) -> Span? {
        guard let url = task.agentID.flatMap(address) else { return nil }
        var call = Span(
            trace.call(stop.attempt), parent: attempt.context.spanID, name: "POST", kind: .client,
            start: attempt.start, end: attempt.end)
        call.set("http.request.method", "POST")
        // What stands behind the path may be a secret.
        call.set("url.full", String(url.prefix { $0 != "?" && $0 != "#" }))
        call.set("http.response.status_code", stop.httpStatus)
        call.set("error.type", stop.httpStatus.map { $0 >= 400 ? "\($0)" : nil } ?? stop.error?.rawValue)
        call.error = stop.outcome == .accepted ? nil : attempt.error
        return call
    }

    private func describe(_ task: ObservedTask, _ operation: String, _ span: inout Span) {
        span.set("messaging.system", "kintsugi")
        span.set("messaging.operation.name", operation)
        span.set("messaging.operation.type", operation)
        span.set("messaging.destination.name", task.type)
        span.set("messaging.message.id", task.id.description)
        span.set("enduser.id", task.userID.rawValue)
    }
}
