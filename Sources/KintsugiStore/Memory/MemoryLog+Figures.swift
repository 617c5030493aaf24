import KintsugiCore
import KintsugiVocabulary

/// Figures over time and the history of records, counted anew from the events for each question.
extension MemoryLog {
    func series(of user: UserID?, _ span: SeriesSpan) -> [SeriesBucket] {
        var buckets = span.buckets
        for index in buckets.indices {
            let (from, to) = (buckets[index].at, buckets[index].at + span.bucket)
            buckets[index].activity = activity(of: user, from: from, to: to)
        }
        for task in counted(of: user) {
            for recorded in task.events {
                guard let index = span.index(of: recorded.at) else { continue }
                if case .taskCreated = recorded.event { buckets[index].created += 1 }
                if case .taskRequeued = recorded.event { buckets[index].requeued += 1 }
            }
            let ends = task.turningPoints
            for index in buckets.indices {
                let end = buckets[index].at + span.bucket
                if ends.last(where: { $0.at < end })?.isUnfinished ?? false { buckets[index].active += 1 }
            }
        }
        return buckets
    }

    func figures(of agent: AgentID, from: Timestamp, to: Timestamp) -> AgentFigures {
        var figures = AgentFigures()
        for task in tasks {
            if !task.state.status.isFinal, task.state.listedAgent == agent {
                figures.unfinished += 1
                if task.state.status == .inProgress { figures.inProgress += 1 }
            }
            guard task.state.isCounted else { continue }
            for recorded in task.events where (from..<max(from, to)).contains(recorded.at.startOfMinute) {
                guard let end = task.state(at: recorded.seq)?.attemptEnd(recorded.event), end.agentID == agent
                else { continue }
                figures.count(end)
            }
        }
        return figures
    }

    // MARK: Records

    func recordHistory(_ kinds: [RecordKind], before: PageCursor?, limit: Int) -> Page<RecordChange> {
        guard limit > 0 else { return Page(elements: [], next: nil) }
        let found = changes.reversed().filter { change in
            !change.event.isRoutine && (kinds.isEmpty || kinds.contains(change.kind))
                && (before.map { change.position < $0.before } ?? true)
        }
        let shown = Array(found.prefix(limit))
        let next = found.count > limit ? shown.last.map { PageCursor(before: $0.position) } : nil
        return Page(elements: shown, next: next)
    }

    func recordChanges(_ kinds: [RecordKind], at times: Range<Timestamp>, limit: Int) -> [RecordChange] {
        let found = changes.filter { change in
            (kinds.isEmpty || kinds.contains(change.kind)) && times.contains(change.at)
        }
        return Array(found.sorted { ($0.at, $0.position) < ($1.at, $1.position) }.suffix(max(0, limit)))
    }
}

extension AgentFigures {
    fileprivate mutating func count(_ end: AttemptEnd) {
        if let error = end.error { errors[error, default: 0] += 1 } else { succeeded += 1 }
        guard let duration = end.duration else { return }
        durations[DurationBuckets.index(of: duration), default: 0] += 1
        durationSum += duration
    }
}

extension MemoryLog.Task {
    /// Whether it was unfinished after each of its events.
    fileprivate var turningPoints: [(at: Timestamp, isUnfinished: Bool)] {
        guard let first = events.first, case .taskCreated(let spec) = first.event else { return [] }
        var then = TaskState(id: state.id, spec: spec, at: first.at)
        var points = [(first.at, true)]
        for recorded in events.dropFirst() {
            then.evolve(recorded.event, at: recorded.at)
            points.append((recorded.at, !then.status.isFinal))
        }
        return points
    }
}
