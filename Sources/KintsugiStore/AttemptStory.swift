import KintsugiCore
import KintsugiVocabulary

/// The events from which a task's newest attempts are told, gathered from the last event backwards.
///
/// A list shows a few attempts of many tasks: whoever gathers stops as soon as they are all there and reads
/// neither what came before nor, where it can, the progress reports between.
package struct AttemptStory: Sendable {
    private let limit: Int
    private var begun = 0
    private var gathered: [RecordedEvent] = []
    /// Whether nothing more is wanted.
    package private(set) var isComplete: Bool

    package init(attempts limit: Int) {
        self.limit = limit
        isComplete = limit <= 0
    }

    /// What was gathered, oldest first: from what made the task ready for the first of these attempts.
    package var events: [RecordedEvent] { gathered.reversed() }

    /// Takes the next earlier event in.
    package mutating func take(_ recorded: RecordedEvent) {
        guard !isComplete else { return }
        switch recorded.event {
        case .taskProgress: return
        case .attemptStarted: begun += 1
        // Since when the first of them waited stands in what made its task ready.
        case .taskCreated, .attemptFailed, .taskRetried, .attemptAbandoned, .attemptInterrupted,
            .taskRequeued, .taskHeld, .taskReleased, .taskResumed, .fallback:
            isComplete = begun >= limit
        default: break
        }
        gathered.append(recorded)
    }
}
