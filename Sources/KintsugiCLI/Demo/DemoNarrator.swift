import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Synchronization

/// Tells in the terminal what happens, event by event, as the timeline has it.
final class DemoNarrator: Sendable {
    private let paint: Paint
    private let folds = Mutex<[TaskID: TimelineFold]>([:])
    private let lines = Mutex(0)
    /// So many lines of the story, then the way to the dashboard again.
    private static let linesPerReminder = 120

    init(paint: Paint) { self.paint = paint }

    /// Hears of all commits from now on.
    func hear(_ engine: Engine) -> AsyncStream<[CommittedUnit]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [CommittedUnit].self, bufferingPolicy: .bufferingNewest(4096))
        engine.onCommit { continuation.yield($0) }
        return stream
    }

    func welcome(_ composition: Composition) {
        let (url, key) = (composition.url, composition.newAdminKey ?? "")
        let rule = String(repeating: "─", count: 78)
        Terminal.say("\n" + paint.gold(rule))
        if let link = composition.makeSignInLink() {
            Terminal.say("  Open the dashboard (this link opens once, within 15 min):")
            Terminal.say("\n  " + paint.bold(link) + "\n")
        }
        Terminal.say("  A $250 payment waits there for your decision: retry it with {\"card\":\"valid\"}.")
        Terminal.say("  Server: \(url), data in \(composition.folder.path). Ctrl-C stops.")
        Terminal.say("  Or without a browser, with an id from the left below:")
        Terminal.say("    export KINTSUGI_KEY=\(key)")
        Terminal.say("    curl -s -H \"Authorization: Bearer $KINTSUGI_KEY\" \(url)/api/v1/tasks/ID/timeline")
        Terminal.say(paint.gold(rule) + "\n")
    }

    func tell(_ commits: AsyncStream<[CommittedUnit]>, of composition: Composition) async {
        for await units in commits {
            for unit in units {
                for (append, position) in zip(unit.unit.tasks, unit.receipt.positions) {
                    tell(append, position, composition)
                }
            }
        }
    }

    private func tell(_ append: TaskAppend, _ position: Int64, _ composition: Composition) {
        let recorded = append.events.enumerated().map { index, event in
            RecordedEvent(
                seq: append.expectedVersion + index + 1, position: position + Int64(index), at: append.at,
                event: event)
        }
        let id = append.after.id
        let rows = folds.withLock { folds in
            var fold = folds[id] ?? TimelineFold(of: id)
            let rows = recorded.indices.map { fold.row(recorded[$0], following: recorded[($0 + 1)...]) }
            folds[id] = append.after.status == .completed ? nil : fold
            return rows
        }
        for row in rows where isNews(row, append.after) {
            Terminal.output(line(row, append.after))
            remind(composition)
        }
    }

    /// What the story is about: trouble and its mending. What merely goes well is on the dashboard.
    private func isNews(_ row: TimelineEventResource, _ state: TaskState) -> Bool {
        switch row.type {
        case .taskCreated, .taskStarted, .attemptStarted, .attemptSuccess, .attemptAccepted, .taskProgress,
            .taskReleased:
            false
        case .taskCompleted: isHealed(state)
        default: true
        }
    }

    private func isHealed(_ state: TaskState) -> Bool { state.attempts > 1 || state.round > 1 }

    /// The way to the dashboard scrolls away: says it again, with a link of its own.
    private func remind(_ composition: Composition) {
        let isTime = lines.withLock { lines in
            lines += 1
            return lines % Self.linesPerReminder == 0
        }
        guard isTime, let link = composition.makeSignInLink() else { return }
        Terminal.say("\n  Dashboard (opens once, within 15 min): " + paint.bold(link) + "\n")
    }

    private func line(_ row: TimelineEventResource, _ state: TaskState) -> String {
        let time = String(row.at.dropFirst(11).prefix(12))
        let mark =
            switch row.type {
            case .taskCompleted: paint.gold("◆ healed   ")
            case .attemptFailed, .attemptAbandoned: paint.bad("× failed   ")
            case .taskFailed: paint.bad("■ gave up  ")
            case .movedToDLQ: paint.warn("▣ kept     ")
            case .taskHeld: paint.warn("‖ held     ")
            case .circuitBreakerOpened: paint.bad("⚡ breaker  ")
            case .circuitBreakerClosed: paint.good("⚡ breaker  ")
            case .taskRetried: paint.warn("↻ retry    ")
            case .circuitBreakerHalfOpened: paint.warn("⚡ probing  ")
            case .fallbackStarted, .fallbackStepStarted: paint.warn("⤳ fallback ")
            case .taskEscalated: paint.bad("? asks     ")
            case .alertRaised: paint.bad("! alert    ")
            case .alertResolved, .fallbackSucceeded: paint.good("✓ mended   ")
            case .taskRequeued: paint.dim("↺ new round")
            default: paint.dim("· event    ")
            }
        let message = row.type == .taskCompleted ? paint.gold(row.message) : row.message
        return
            "\(paint.dim(time)) \(paint.dim("\(state.id)")) \(state.spec.type.padded(to: 15)) \(mark) \(message)"
    }
}

extension StringProtocol {
    fileprivate func padded(to width: Int) -> String {
        String(self) + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
