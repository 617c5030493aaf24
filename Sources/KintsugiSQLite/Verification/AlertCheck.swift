import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// Makes every alert again from what happened, in the order of the log, and compares.
extension Verification {
    /// - Parameter happenings: those of all tasks.
    mutating func checkAlerts(_ happenings: [AlertHappening]) throws(ReadFault) {
        let all = try happenings + recordHappenings()
        var fold = AlertFold()
        for happening in all.sorted(by: { $0.position < $1.position }) { fold.take(happening) }
        var rest: Set<UUID7> = Set(fold.alerts.map(\.id))
        let select = try snapshot.statement("SELECT alert_no, id FROM alerts")
        let rows = try select.all { ($0.int(0), $0.halves(1)) }
        for (number, halves) in rows {
            let id = UUID7(high: halves.0, low: halves.1)
            rest.remove(id)
            guard let wanted = fold.alert(id), let actual = try snapshot.alert(id) else {
                found("Alert \(id) is not among the events.")
                continue
            }
            if !wanted.isSame(as: actual) { found("Alert \(id) is not as the events say.") }
            try checkTasks(of: id, number, fold.tasks(of: id))
        }
        for id in rest { found("Alert \(id) is missing.") }
    }

    private mutating func checkTasks(of id: UUID7, _ number: Int64, _ wanted: [TaskNumber: Bool])
        throws(ReadFault)
    {
        let select = try snapshot.statement("SELECT task_no, open FROM alert_tasks WHERE alert_no = ?")
        select.bind(1, number)
        var actual: [TaskNumber: Bool] = [:]
        while try select.next() { actual[TaskNumber(select.int(0))] = select.int(1) == 1 }
        if actual != wanted { found("The tasks of alert \(id) are not as the events say.") }
    }

    private func recordHappenings() throws(ReadFault) -> [AlertHappening] {
        let select = try snapshot.statement(
            """
            SELECT a.position, a.at, a.data, s.kind, s.key FROM streams s
            JOIN appends a ON a.stream_no = s.stream_no WHERE s.kind IN ('provider', 'alert', 'notification')
            """)
        var happenings: [AlertHappening] = []
        while try select.next() {
            guard let kind = RecordKind(rawValue: select.text(3)),
                let (event, data) = RecordAppend.logged(select.bytes(2)),
                let happening = AlertHappening(
                    event, kind: kind, key: select.text(4), data: data,
                    at: Timestamp(milliseconds: select.int(1)), position: select.int(0))
            else { continue }
            happenings.append(happening)
        }
        return happenings
    }
}

extension Alert {
    /// Money counts by its worth, not by how it is written.
    fileprivate func isSame(as other: Alert) -> Bool {
        var (first, second) = (self, other)
        let currencies = Set(value.keys).union(other.value.keys)
        let sameValue = currencies.allSatisfy {
            Decimal.compare(value[$0] ?? "0", other.value[$0] ?? "0") == 0
        }
        (first.value, second.value) = ([:], [:])
        return sameValue && first == second
    }
}
