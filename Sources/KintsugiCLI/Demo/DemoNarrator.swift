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
    private let sample = Mutex<TaskID?>(nil)

    init(paint: Paint) { self.paint = paint }

    /// Hears of all commits from now on.
    func hear(_ engine: Engine) -> AsyncStream<[CommittedUnit]> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: [CommittedUnit].self, bufferingPolicy: .bufferingNewest(4096))
        engine.onCommit { continuation.yield($0) }
        return stream
    }

    func welcome(_ composition: Composition) {
        Terminal.say("")
        Terminal.say(
            paint.bold("Kintsugi runs at \(composition.url)") + ", data in \(composition.folder.path)")
        if let link = composition.makeSignInLink() {
            Terminal.say(paint.bold("Dashboard (opens once, within 15 min): \(link)"))
        }
        Terminal.say("  export KINTSUGI_KEY=\(composition.newAdminKey ?? "")")
        Terminal.say("Look at any task (ids stand at the left; Ctrl-C stops):")
        Terminal.say(
            "  curl -s -H \"Authorization: Bearer $KINTSUGI_KEY\" \(composition.url)/api/v1/tasks/ID/timeline"
        )
        Terminal.say("Mend the $250 payment, once it waits in the dead letter queue:")
        Terminal.say(
            "  curl -s -X POST -H \"Authorization: Bearer $KINTSUGI_KEY\" -H 'Content-Type: application/json' \\"
        )
        Terminal.say("    -d '{\"input\":{\"card\":\"valid\"}}' \(composition.url)/api/v1/tasks/ID/retry")
        Terminal.say("")
    }

    func tell(_ commits: AsyncStream<[CommittedUnit]>) async {
        for await units in commits {
            for unit in units {
                for (append, position) in zip(unit.unit.tasks, unit.receipt.positions) {
                    tell(append, position)
                }
            }
        }
    }

    private func tell(_ append: TaskAppend, _ position: Int64) {
        let recorded = append.events.enumerated().map { index, event in
            RecordedEvent(
                seq: append.expectedVersion + index + 1, position: position + Int64(index), at: append.at,
                event: event)
        }
        let id = append.after.id
        let rows = folds.withLock { folds in
            var fold = folds[id] ?? TimelineFold(of: id)
            let rows = recorded.indices.map { fold.row(recorded[$0], following: recorded[($0 + 1)...]) }
            folds[id] = fold
            return rows
        }
        for row in rows where row.type != .taskStarted {
            Terminal.output(line(row, append.after))
        }
    }

    private func line(_ row: TimelineEventResource, _ state: TaskState) -> String {
        let time = String(row.at.dropFirst(11).prefix(12))
        let healed = row.type == .taskCompleted && (state.attempts > 1 || state.round > 1)
        let mark =
            switch row.type {
            case .taskCompleted: healed ? paint.gold("◆ healed   ") : paint.good("● completed")
            case .attemptFailed, .attemptAbandoned: paint.bad("× failed   ")
            case .taskFailed: paint.bad("■ gave up  ")
            case .movedToDLQ: paint.warn("▣ kept     ")
            case .taskHeld: paint.warn("‖ held     ")
            case .circuitBreakerOpened: paint.bad("⚡ breaker  ")
            case .circuitBreakerClosed: paint.good("⚡ breaker  ")
            case .taskRetried: paint.warn("↻ retry    ")
            case .taskCreated: paint.dim("+ created  ")
            case .attemptStarted: paint.dim("→ attempt  ")
            case .attemptSuccess: paint.dim("✓ answered ")
            case .attemptAccepted: paint.dim("⇢ accepted ")
            case .taskProgress: paint.dim("… progress ")
            case .taskReleased: paint.dim("▸ released ")
            case .circuitBreakerHalfOpened: paint.warn("⚡ probing  ")
            case .taskRequeued: paint.dim("↺ new round")
            default: paint.dim("· event    ")
            }
        let message = row.type == .taskCompleted && healed ? paint.gold(row.message) : row.message
        return
            "\(paint.dim(time)) \(paint.dim("\(state.id)")) \(state.spec.type.padded(to: 15)) \(mark) \(message)"
    }
}

extension StringProtocol {
    fileprivate func padded(to width: Int) -> String {
        String(self) + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
