public import KintsugiVocabulary

/// An act on many, as it goes.
public struct BulkResource: Resource {
    public var id = ""
    public var subject = ""
    public var action = BulkAction.retry
    /// What was asked for, given members only; empty: everything.
    package var filter = JSONText.null
    public var status = BulkStatus.running
    public var matched = 0
    public var done = 0
    public var failed = 0
    public var skipped: [(reason: String, count: Int)] = []
    public var remaining = 0
    public var canary: Canary?
    public var maxPerSecond: Int?
    public var note: String?
    public var agentID: String?
    public var createdBy = ""
    public var createdAt = ""
    public var updatedAt = ""
    public var finishedAt: String?
    public var stopReason: String?

    public struct Canary: Sendable {
        public var stage = 1
        /// Nil: all that are left.
        public var stageSize: Int?
        public var stageDone = 0
        public var waiting = 0
        public var recovered = 0
        public var failedAgain = 0

        package init() {}
    }

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("subject", subject)
            json.member("action", action.rawValue)
            json.member("filter", json: filter)
            json.member("status", status.rawValue)
            json.member("matched", matched)
            json.member("done", done)
            json.member("failed", failed)
            json.member("skipped", skips: skipped)
            json.member("remaining", remaining)
            json.key("canary")
            if let canary { write(canary, to: &json) } else { json.null() }
            json.member("max_per_second", maxPerSecond)
            json.member("note", note)
            json.member("agent_id", agentID)
            json.member("created_by", createdBy)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
            json.member("finished_at", finishedAt)
            json.member("stop_reason", stopReason)
        }
    }

    private func write(_ canary: Canary, to json: inout JSONWriter) {
        json.object { json in
            json.member("stage", canary.stage)
            json.key("stages")
            json.array {
                $0.int(1)
                $0.int(10)
                $0.string("10%")
                $0.string("all")
            }
            json.member("stage_size", canary.stageSize)
            json.member("stage_done", canary.stageDone)
            json.member("waiting", canary.waiting)
            json.member("recovered", canary.recovered)
            json.member("failed_again", canary.failedAgain)
        }
    }
}

/// What an act on many would meet.
public struct BulkPreviewResource: Resource {
    public var subject = ""
    public var action = BulkAction.retry
    package var filter = JSONText.null
    public var matched = 0
    public var skipped: [(reason: String, count: Int)] = []
    public var sample: [BulkSampleResource] = []

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("subject", subject)
            json.member("action", action.rawValue)
            json.member("filter", json: filter)
            json.member("matched", matched)
            json.member("skipped", skips: skipped)
            json.member("sample", resources: sample)
        }
    }
}

/// One of those that an act on many would meet: the dead letter's id, or the task's.
public struct BulkSampleResource: Resource {
    public var id = ""
    public var taskID = ""
    public var taskType = ""
    public var status = ""
    public var userID = ""
    public var agentID: String?
    public var errorType: String?
    public var payment: Payment?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("task_id", taskID)
            json.member("task_type", taskType)
            json.member("status", status)
            json.member("user_id", userID)
            json.member("agent_id", agentID)
            json.member("error_type", errorType)
            json.member("payment", payment: payment)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, skips: [(reason: String, count: Int)]) {
        member(name, array: skips) { json, skip in
            json.object {
                $0.member("reason", skip.reason)
                $0.member("count", skip.count)
            }
        }
    }
}
