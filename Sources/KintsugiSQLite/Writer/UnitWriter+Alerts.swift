import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension UnitWriter {
    /// Writes what the append means for alerts; most mean nothing.
    func writeAlerts(_ append: TaskAppend, _ number: Int64, at position: Int64) throws(SQLiteFault) {
        for index in append.events.indices {
            switch append.events[index] {
            case .alertRaised, .alertResolved: break
            default: continue
            }
            let recorded = RecordedEvent(
                seq: append.expectedVersion + index + 1, position: position + Int64(index), at: append.at,
                event: append.events[index])
            guard let happening = AlertHappening(recorded, of: TaskNumber(number), append.after) else {
                continue
            }
            let user = try names.number(.user, append.after.spec.userID.rawValue)
            try alerts.take(happening, userNo: user)
        }
    }

    func writeAlerts(_ append: RecordAppend, at position: Int64) throws(SQLiteFault) {
        guard let happening = AlertHappening(append, position: position) else { return }
        try alerts.take(happening, userNo: nil)
    }
}
