import KintsugiCore
import KintsugiVocabulary

/// What recovery has learned, counted anew from the events for each question.
extension MemoryLog {
    func remedies() -> MeasuredRemedies {
        var measured = MeasuredRemedies(since: firstTime)
        for case .ended(let remedy, let recovered) in remedyCounts {
            measured.figures[remedy, default: RemedyFigures()].tried += 1
            if recovered { measured.figures[remedy, default: RemedyFigures()].recovered += 1 }
        }
        return measured
    }

    func chainFigures(_ chain: UUID7) -> ChainFigures {
        let id = chain.description
        let counts = remedyCounts
        return ChainFigures(
            started: counts.count { $0 == .chainStarted(id) },
            recovered: counts.count { $0 == .chainRecovered(id) },
            exhausted: counts.count { $0 == .chainExhausted(id) })
    }

    private var remedyCounts: [RemedyFold.Count] {
        var counts: [RemedyFold.Count] = []
        for task in counted(of: nil) {
            guard let first = task.events.first, case .taskCreated(let spec) = first.event else { continue }
            var then = TaskState(id: task.state.id, spec: spec, at: first.at)
            for recorded in task.events.dropFirst() {
                var fold = then.remedies
                fold.take(recorded.event, agent: then.listedAgent, into: &counts)
                then.evolve(recorded.event, at: recorded.at)
            }
        }
        return counts
    }

    /// When the log begins.
    private var firstTime: Timestamp? {
        guard let first = spans.first else { return nil }
        return first.task.flatMap { self[$0]?.events.first?.at } ?? changes.first?.at
    }
}
