public import KintsugiVocabulary

/// What a chain would have made of past failures.
public struct SimulationResource: Resource {
    /// Nil: the chain is not kept.
    public var chainID: String?
    public var since = ""
    /// Dead letters that were looked at, the newest first.
    public var examined = 0
    /// Those that the chain is for: the sum of the next six.
    public var matched = 0
    public var wouldRecover = 0
    public var wouldNot = 0
    public var unknown = 0
    public var escalated = 0
    public var discarded = 0
    /// Those after which no chain begins.
    public var skipped = 0
    /// Of the unknown ones: the share that would have been mended, by what was measured; nil: not measured.
    public var estimatedRate: Double?
    /// The newest of those that the chain is for.
    public var tasks: [SimulatedTaskResource] = []

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("chain_id", chainID)
            json.member("since", since)
            json.member("examined", examined)
            json.member("matched", matched)
            json.member("would_recover", wouldRecover)
            json.member("would_not", wouldNot)
            json.member("unknown", unknown)
            json.member("escalated", escalated)
            json.member("discarded", discarded)
            json.member("skipped", skipped)
            json.member("estimated_rate", estimatedRate)
            json.member("tasks", resources: tasks)
        }
    }
}

/// What a chain would have made of one failure.
public struct SimulatedTaskResource: Resource {
    public var taskID = ""
    public var failedTaskID = ""
    public var errorType = ErrorType.timeout
    /// `recovered`, `exhausted`, `escalated`, `discarded`, `unknown` or `skipped`.
    public var outcome = ""
    public var atStep: Int?
    public var isKnown = false
    public var why = ""
    public var estimatedRate: Double?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("task_id", taskID)
            json.member("failed_task_id", failedTaskID)
            json.member("error_type", errorType.rawValue)
            json.member("outcome", outcome)
            json.member("at_step", atStep)
            json.member("known", isKnown)
            json.member("why", why)
            json.member("estimated_rate", estimatedRate)
        }
    }
}
