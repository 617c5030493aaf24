import KintsugiCore
package import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension BulkResource {
    package init(_ record: BulkRecord) {
        self.init()
        let (plan, progress) = (record.plan, record.progress)
        id = record.id.description
        (subject, filter) = (plan.target.subject, plan.target.filter)
        action = plan.order.action
        status = progress.status
        (matched, done, failed, remaining) = (
            progress.matched, progress.done, progress.failed, progress.remaining
        )
        skipped = progress.skipped.map { (reason: $0.key.rawValue, count: $0.value) }
            .filter { $0.count > 0 }.sorted { $0.reason < $1.reason }
        canary = progress.canary.map { Canary($0, of: progress) }
        maxPerSecond = plan.maxPerSecond
        note = plan.order.note
        agentID = plan.order.agentID?.rawValue
        createdBy = Actor.shown(plan.order.actor)
        createdAt = record.createdAt.rfc3339
        updatedAt = record.updatedAt.rfc3339
        finishedAt = record.finishedAt?.rfc3339
        switch progress.stop {
        case .sameFailure(let cause):
            stopReason = "The same failure came back (group \(cause)): its cause is not mended."
        case .noneRecovered(let stage):
            stopReason = "No task of stage \(stage) recovered: nothing shows that the cause is mended."
        case nil: stopReason = nil
        }
    }
}

extension BulkResource.Canary {
    fileprivate init(_ canary: BulkCanary, of progress: BulkProgress) {
        self.init()
        stage = canary.stage
        stageSize = canary.size == .max ? nil : canary.size
        stageDone = canary.acted
        waiting = canary.waiting
        (recovered, failedAgain) = (canary.recovered, canary.failedAgain)
    }
}

extension BulkPreviewResource {
    package init(_ plan: BulkPlan, _ preview: BulkRecord.Preview) {
        self.init()
        (subject, filter) = (plan.target.subject, plan.target.filter)
        action = plan.order.action
        matched = preview.matched
        if preview.unknown > 0 { skipped = [(BulkSkip.notFound.rawValue, preview.unknown)] }
        sample = preview.deadLetters.map(BulkSampleResource.init) + preview.tasks.map(BulkSampleResource.init)
    }
}

extension BulkSampleResource {
    fileprivate init(_ entry: DeadLetter) {
        self.init(entry.task)
        id = entry.id.description
        status = entry.status.rawValue
        agentID = entry.agentID?.rawValue
        errorType = entry.failure?.type.rawValue
    }

    fileprivate init(_ task: StoredTask) {
        self.init()
        let state = task.state
        (id, taskID) = (state.id.description, state.id.description)
        taskType = state.spec.type
        status = state.status.rawValue
        userID = state.spec.userID.rawValue
        agentID = state.listedAgent?.rawValue
        errorType = state.listedError?.rawValue
        payment = state.spec.payment
    }
}

extension BulkPlan.Target {
    fileprivate var subject: String {
        switch self {
        case .deadLetters: "failed_tasks"
        case .tasks: "tasks"
        }
    }

    /// The members that were given, by the names of the API.
    fileprivate var filter: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                switch self {
                case .deadLetters(let query): query.write(to: &json)
                case .tasks(let query): query.write(to: &json)
                }
            })
    }
}

extension DeadLetterQuery {
    fileprivate func write(to json: inout JSONWriter) {
        json.optional("agent", agent?.rawValue)
        json.optional("error_type", errorType?.rawValue)
        json.optional("user_id", user?.rawValue)
        json.optional("task_type", taskType)
        json.optional("min_amount", minAmount)
        json.optional("group", group)
        if let ids { json.member("ids", texts: ids.map(\.description)) }
    }
}

extension TaskQuery {
    fileprivate func write(to json: inout JSONWriter) {
        func words(_ name: StaticString, _ words: [String]) {
            if !words.isEmpty { json.member(name, words.joined(separator: ",")) }
        }
        words("status", statuses.map(\.rawValue))
        json.optional("type", type)
        json.optional("agent", agent?.rawValue)
        json.optional("user_id", user?.rawValue)
        json.optional("error_type", errorType?.rawValue)
        json.optional("created_after", createdAfter?.rfc3339)
        json.optional("created_before", createdBefore?.rfc3339)
        json.optional("q", text)
        json.optional("min_attempts", minAttempts > 0 ? minAttempts : nil)
        json.optional("min_amount", minAmount)
        words("not_status", excluded.statuses.map(\.rawValue))
        words("not_type", excluded.types)
        words("not_agent", excluded.agents.map(\.rawValue))
        words("not_error_type", excluded.errorTypes.map(\.rawValue))
        for pair in metadata {
            json.key(text: "metadata." + pair.key)
            json.string(pair.value)
        }
        if let ids { json.member("ids", texts: ids.map(\.description)) }
    }
}
