import KintsugiVocabulary

@testable import KintsugiCore

extension World {
    /// What is wrong with the lines at the agents; nil: nothing.
    func faultOfLines() -> String? {
        for (id, waiting) in scheduler.waiting {
            if scheduler.agents[id] == nil, !waiting.all.isEmpty {
                return "lanes wait for \(id), who is gone"
            }
            for lane in waiting.all where scheduler.lanes[lane]?.agents.contains(id) != true {
                return "\(lane.key) waits for \(id) and does not know it"
            }
            if Set(waiting.all).count != waiting.all.count { return "a lane waits twice for \(id)" }
        }
        for (lane, window) in scheduler.lanes {
            for id in window.agents where scheduler.waiting[id]?.contains(lane) != true {
                return "\(lane.key) believes that it waits for \(id)"
            }
            if case .held(let provider) = lane.target,
                scheduler.providers[provider]?.held.contains(lane.user) != true
            {
                return "\(lane.key) is not known to its provider"
            }
        }
        return scheduler.isDraining ? nil : lostWake()
    }

    /// Everybody looks around anew: had anything waited that could go, it would go now.
    private func lostWake() -> String? {
        var copy = scheduler
        copy.touchAll()
        for id in copy.agents.keys { copy.knock(id) }
        copy.pump(at: now)
        for case .append(let decision) in copy.actions {
            let lane = Lane(decision.task.state)
            if waitsForTime(lane, isHold: decision.isHold) { continue }
            return "task \(decision.task.number.rawValue) of \(lane.key) waits though it could go"
        }
        return nil
    }

    /// Whether it stands in a line that moves on by itself: holds are written in drips, one after the other, and a
    /// retry that its provider's budget has no room for keeps the lane's later tasks behind it.
    private func waitsForTime(_ lane: Lane, isHold: Bool) -> Bool {
        scheduler.waiting.values.contains { waiting in
            waiting.wakeAt != nil
                && (waiting[.aside].contains(lane) || isHold && waiting[.ready].contains(lane))
        }
    }
}

extension Decision {
    fileprivate var isHold: Bool { if case .hold = command { true } else { false } }
}
