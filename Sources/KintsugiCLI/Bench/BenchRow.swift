import ArgumentParser

/// What the bench measures, in this order; each fills one or more lines of the report.
enum BenchRow: String, CaseIterable, ExpressibleByArgument, Sendable {
    case store, drain, together, retry, submit, latency, callbacks, post, batch, idle

    var title: String {
        switch self {
        case .store: "the store's raw limit"
        case .drain: "drain of no-op handlers"
        case .together: "producers and workers together"
        case .retry: "fail once, retry at once"
        case .submit: "submit one by one"
        case .latency: "from submit to the handler's start"
        case .callbacks: "HTTP callbacks"
        case .post: "POST of one task"
        case .batch: "POST of a hundred tasks"
        case .idle: "an idle server"
        }
    }
}
