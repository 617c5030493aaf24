import KintsugiVocabulary
import Synchronization

/// The newest progress report of each task that came too soon after the last recorded one.
///
/// At most one a second is recorded; the last is recorded always, when its second is over or its attempt ends.
final class ProgressHold: Sendable {
    struct Report: Sendable {
        var attempt: Int
        var percent: Double
        var message: String?
    }

    private let held = Mutex<[TaskID: Report]>([:])

    /// Keeps the report. True: there was none, so somebody must see to it later.
    func keep(_ report: Report, of id: TaskID) -> Bool {
        held.withLock { $0.updateValue(report, forKey: id) == nil }
    }

    func take(_ id: TaskID) -> Report? { held.withLock { $0.removeValue(forKey: id) } }
}
