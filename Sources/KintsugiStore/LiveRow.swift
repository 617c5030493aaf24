package import KintsugiCore
import KintsugiVocabulary

/// The row of an unfinished task in the store's small table of live tasks: what claims and timers need.
package struct LiveRow: Sendable, Hashable {
    package enum Phase: Int, Sendable, Hashable, CaseIterable {
        /// May go as soon as its turn comes.
        case ready = 0
        /// Held under an open breaker; stands in the provider's held lane.
        case held = 1
        /// Its time has not come.
        case delayed = 2
        case running = 3
        case accepted = 4
        case waiting = 5
    }

    package var lane: Lane
    package var phase: Phase
    /// Higher first; 0 in a held lane, where the oldest deadline goes first.
    package var priority: Int
    /// Since when it may go; in a held lane, when its hold ends.
    package var readyAt: Timestamp
    /// When something must happen by itself; nil: never.
    package var nextAt: Timestamp?

    /// The row of this state, seen at `now`; nil once the task has ended.
    package init?(_ state: TaskState, at now: Timestamp) {
        guard !state.status.isFinal else { return nil }
        lane = Lane(state)
        priority = state.spec.priority
        readyAt = .zero
        nextAt = state.nextAt
        switch state.phase {
        case .pending(let due, _):
            phase = due <= now ? .ready : .delayed
            readyAt = due
            if phase == .ready { nextAt = state.deadline }
        case .held(_, let until):
            phase = .held
            priority = 0
            readyAt = until
        case .running: phase = .running
        case .accepted: phase = .accepted
        default: phase = .waiting
        }
    }
}
