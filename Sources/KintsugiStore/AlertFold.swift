package import KintsugiCore
package import KintsugiVocabulary

/// Every alert there ever was, made from what happened in the order of the log: what a store's projection must be.
package struct AlertFold: Sendable {
    private struct Member: Sendable {
        var id: TaskID
        var isOpen: Bool
    }

    private var all: [UUID7: Alert] = [:]
    private var members: [UUID7: [TaskNumber: Member]] = [:]
    /// The open alert of each breaker.
    private var trips: [ProviderID: UUID7] = [:]

    package init() {}

    package mutating func take(_ happening: AlertHappening) {
        switch happening.what {
        case .raised(let mark, let raise): self.raise(mark, raise, happening)
        case .cured(let id, let task, let money): cure(id, task, money, happening)
        case .breakerOpened(let id, let provider): open(id, provider, happening)
        case .breakerClosed(let provider):
            guard let id = trips.removeValue(forKey: provider) else { return }
            change(id, happening) { $0.fewer(at: happening.at) }
        case .acknowledged(let id, let actor, let note):
            guard all[id]?.status == .firing else { return }
            change(id, happening) { $0.acknowledge(actor: actor, note: note, at: happening.at) }
        case .closed(let id, let actor, let note):
            guard let alert = all[id], alert.status != .resolved else { return }
            change(id, happening) { $0.resolve(actor: actor, note: note, at: happening.at) }
        case .notified(let id, let count):
            // Telling is no change: nobody is to be told of it.
            all[id]?.notified += count
            all[id]?.notifiedAt = happening.at
        }
    }

    private mutating func change(_ id: UUID7, _ happening: AlertHappening, _ body: (inout Alert) -> Void) {
        guard var alert = all[id] else { return }
        body(&alert)
        alert.changed = happening.position
        all[id] = alert
    }

    private mutating func raise(
        _ mark: AlertMark, _ raise: AlertHappening.Raise, _ happening: AlertHappening
    ) {
        if all[mark.id] == nil {
            all[mark.id] = Alert(
                id: mark.id, kind: .task, severity: mark.severity, user: raise.user, provider: raise.provider,
                cause: mark.cause, at: happening.at, position: happening.position)
        }
        let known = members[mark.id]?[raise.task]
        members[mark.id, default: [:]][raise.task] = Member(id: raise.id, isOpen: true)
        change(mark.id, happening) { alert in
            alert.raise(mark.severity, at: happening.at, position: happening.position)
            (alert.agentID, alert.taskType, alert.fault) = (raise.agentID, raise.type, raise.fault)
            if known == nil { alert.total += 1 }
            guard known?.isOpen != true else { return }
            alert.open += 1
            if let money = raise.money { alert.add(money) }
        }
    }

    private mutating func cure(
        _ id: UUID7, _ task: TaskNumber, _ money: Money?, _ happening: AlertHappening
    ) {
        guard members[id]?[task]?.isOpen == true else { return }
        members[id]?[task]?.isOpen = false
        change(id, happening) { alert in
            if let money { alert.remove(money) }
            alert.fewer(at: happening.at)
        }
    }

    private mutating func open(_ id: UUID7, _ provider: ProviderID, _ happening: AlertHappening) {
        guard trips[provider] == nil, all[id] == nil else { return }
        var alert = Alert(
            id: id, kind: AlertKind(breakerOf: provider), severity: .critical, user: nil, provider: provider,
            cause: nil, at: happening.at, position: happening.position)
        alert.open = 1
        all[id] = alert
        trips[provider] = id
    }

    // MARK: Reading

    /// Every alert with all it has, in no order.
    package var alerts: [Alert] { all.keys.compactMap { alert($0) } }

    package func alert(_ id: UUID7) -> Alert? {
        guard var alert = all[id] else { return nil }
        let tasks = members[id] ?? [:]
        let shown = alert.open > 0 ? tasks.filter(\.value.isOpen) : tasks
        alert.taskIDs = shown.sorted { $0.key > $1.key }.prefix(Alert.maxTaskIDs).map(\.value.id)
        return alert
    }

    /// The tasks that an alert has had, and whether they are open.
    package func tasks(of id: UUID7) -> [TaskNumber: Bool] { (members[id] ?? [:]).mapValues(\.isOpen) }

    package func page(_ query: AlertQuery) -> Page<Alert> {
        guard query.limit > 0 else { return Page(elements: [], next: nil) }
        let found = all.values.filter(query.matches).sorted { $0.raised > $1.raised }
        let shown = found.prefix(query.limit)
        let next = found.count > query.limit ? shown.last.map { PageCursor(before: $0.raised) } : nil
        return Page(elements: shown.compactMap { alert($0.id) }, next: next)
    }

    package func changed(after position: Int64, limit: Int) -> [Alert] {
        let found = all.values.filter { $0.changed > position }.sorted { $0.changed < $1.changed }
        return found.prefix(max(0, limit)).compactMap { alert($0.id) }
    }
}

extension Alert {
    /// A task raises it, for the first time or again.
    package mutating func raise(_ severity: AlertSeverity, at now: Timestamp, position: Int64) {
        self.severity = open == 0 ? severity : max(self.severity, severity)
        lastRaisedAt = now
        raised = position
        guard status == .resolved else { return }
        status = .firing
        (acknowledgedAt, acknowledgedBy, resolvedAt, resolvedBy, note) = (nil, nil, nil, nil, nil)
    }

    /// One of its tasks is cured, or its breaker has closed: with the last one it resolves by itself.
    package mutating func fewer(at now: Timestamp) {
        open = max(0, open - 1)
        guard open == 0, status != .resolved else { return }
        status = .resolved
        (resolvedAt, resolvedBy) = (now, "system")
    }

    package mutating func acknowledge(actor: String, note: String?, at now: Timestamp) {
        status = .acknowledged
        (acknowledgedAt, acknowledgedBy) = (now, actor)
        if let note { self.note = note }
    }

    package mutating func resolve(actor: String, note: String?, at now: Timestamp) {
        status = .resolved
        (resolvedAt, resolvedBy) = (now, actor)
        if let note { self.note = note }
    }

    fileprivate mutating func add(_ money: Money) {
        value[money.currency] = Decimal.sum(value[money.currency] ?? "0", money.amount)
    }

    fileprivate mutating func remove(_ money: Money) {
        let rest = Decimal.difference(value[money.currency] ?? "0", money.amount)
        value[money.currency] = Decimal.compare(rest, "0") == 0 ? nil : rest
    }
}
