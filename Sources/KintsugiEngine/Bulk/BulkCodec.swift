import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The document of a bulk operation's record.
enum BulkCodec {
    static func encode(_ record: BulkRecord) -> JSONText {
        JSONText(
            valid: JSONWriter.object(reserving: 1024) { json in
                json.member("created_at", record.createdAt.milliseconds)
                json.member("updated_at", record.updatedAt.milliseconds)
                json.optional("finished_at", record.finishedAt?.milliseconds)
                json.member("owner", record.plan.owner.rawValue)
                json.member("action", record.plan.order.action.rawValue)
                json.member("actor", record.plan.order.actor)
                json.optional("note", record.plan.order.note)
                json.optional("agent_id", record.plan.order.agentID?.rawValue)
                json.optional("max_per_second", record.plan.maxPerSecond)
                switch record.plan.target {
                case .deadLetters(let query): json.member("dead_letters") { members(of: query, into: &$0) }
                case .tasks(let query): json.member("tasks") { members(of: query, into: &$0) }
                }
                json.member("progress") { members(of: record.progress, into: &$0) }
            })
    }

    static func decode(_ record: StoredRecord) -> BulkRecord? {
        guard let id = UUID7(record.key), let root = try? JSONNode(parsing: record.document.bytes),
            let owner = root["owner"]?.string, let actor = root["actor"]?.string,
            let action = root["action"]?.string.flatMap(BulkAction.init(rawValue:)),
            let progress = root["progress"].flatMap(progress)
        else { return nil }
        let target: BulkPlan.Target
        if let node = root["dead_letters"] {
            target = .deadLetters(deadLetters(node))
        } else if let node = root["tasks"] {
            target = .tasks(tasks(node))
        } else {
            return nil
        }
        let order = BulkRules.Order(
            action: action, actor: actor, note: root["note"]?.string,
            agentID: root["agent_id"]?.string.map { AgentID($0) })
        let plan = BulkPlan(
            target: target, order: order, maxPerSecond: root.whole("max_per_second"),
            hasCanary: progress.canary != nil, owner: UserID(owner))
        return BulkRecord(
            id: id, plan: plan, progress: progress, createdAt: root.time("created_at") ?? record.createdAt,
            updatedAt: root.time("updated_at") ?? record.updatedAt, finishedAt: root.time("finished_at"),
            version: record.version)
    }

    // MARK: Progress

    private static func members(of progress: BulkProgress, into json: inout JSONWriter) {
        json.member("status", progress.status.rawValue)
        json.member("matched", progress.matched)
        json.member("before", progress.before)
        json.member("done", progress.done)
        json.member("failed", progress.failed)
        json.member("skipped") { json in
            for (reason, count) in progress.skipped {
                json.key(text: reason.rawValue)
                json.int(count)
            }
        }
        json.member("exhausted", progress.isExhausted)
        if let canary = progress.canary { json.member("canary") { members(of: canary, into: &$0) } }
        switch progress.stop {
        case .sameFailure(let cause): json.member("same_failure", cause)
        case .noneRecovered(let stage): json.member("none_recovered", stage)
        case nil: break
        }
    }

    private static func members(of canary: BulkCanary, into json: inout JSONWriter) {
        json.member("stage", canary.stage)
        json.member("size", canary.size == .max ? -1 : canary.size)
        json.member("acted", canary.acted)
        json.member("stage_recovered", canary.stageRecovered)
        json.member("stage_failed", canary.stageFailed)
        json.member("stage_gone", canary.stageGone)
        json.member("recovered", canary.recovered)
        json.member("failed_again", canary.failedAgain)
        json.member("watched", canary.watchedVersion)
    }

    private static func progress(_ node: JSONNode) -> BulkProgress? {
        guard let status = node["status"]?.string.flatMap(BulkStatus.init(rawValue:)),
            let matched = node.whole("matched"), let before = node["before"]?.int
        else { return nil }
        var skipped: [BulkSkip: Int] = [:]
        for member in node["skipped"]?.object ?? [] {
            if let reason = BulkSkip(rawValue: member.name) {
                skipped[reason] = member.node.int.map(Int.init)
            }
        }
        let stop: BulkProgress.Stop? =
            if let cause = node["same_failure"]?.string {
                .sameFailure(cause: cause)
            } else {
                node.whole("none_recovered").map { .noneRecovered(stage: $0) }
            }
        return BulkProgress(
            status: status, matched: matched, before: before, done: node.whole("done") ?? 0,
            failed: node.whole("failed") ?? 0, skipped: skipped,
            isExhausted: node["exhausted"]?.bool ?? false,
            canary: node["canary"].map { canary($0, matched: matched) }, stop: stop)
    }

    private static func canary(_ node: JSONNode, matched: Int) -> BulkCanary {
        let size = node.whole("size") ?? 1
        return BulkCanary(
            matched: matched, stage: node.whole("stage") ?? 1, size: size < 0 ? .max : size,
            acted: node.whole("acted") ?? 0, stageRecovered: node.whole("stage_recovered") ?? 0,
            stageFailed: node.whole("stage_failed") ?? 0, stageGone: node.whole("stage_gone") ?? 0,
            recovered: node.whole("recovered") ?? 0, failedAgain: node.whole("failed_again") ?? 0,
            watchedVersion: node.whole("watched") ?? 0)
    }

    // MARK: The event of an advance

    /// What one append did; with a canary, on which tasks, so that it can see how they end.
    static func advance(_ batch: BulkProgress.Batch, _ tasks: [CanaryTask]) -> JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("done", batch.done)
                guard !tasks.isEmpty else { return }
                json.member("tasks", array: tasks) { json, task in
                    json.array { json in
                        json.int(task.number.rawValue)
                        json.int(task.round)
                        json.string(task.cause)
                    }
                }
            })
    }

    static func canaryTasks(_ change: RecordChange) -> [CanaryTask] {
        let root = try? JSONNode(parsing: change.data.bytes)
        return (root?["tasks"]?.array ?? []).compactMap { node in
            guard let items = node.array, items.count == 3, let number = items[0].int,
                let round = items[1].int, let cause = items[2].string
            else { return nil }
            return CanaryTask(number: TaskNumber(number), round: Int(clamping: round), cause: cause)
        }
    }
}

extension JSONNode {
    func whole(_ name: String) -> Int? { self[name]?.int.map(Int.init(clamping:)) }
    func time(_ name: String) -> Timestamp? { self[name]?.int.map(Timestamp.init(milliseconds:)) }
}
