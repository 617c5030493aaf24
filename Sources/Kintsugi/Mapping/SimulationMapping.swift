package import KintsugiCore
package import KintsugiEngine
import KintsugiStore
package import KintsugiVocabulary
package import KintsugiWire

extension SimulationResource {
    private static let maxTasks = 50

    /// - Parameter chain: nil: it is not kept.
    package init(_ report: SimulationReport, chain: UUID7?, since: Timestamp) {
        self.init()
        func count(_ outcome: ChainSimulation.Outcome) -> Int {
            report.cases.count { $0.finding.outcome == outcome }
        }
        chainID = chain?.description
        self.since = since.rfc3339
        examined = report.examined
        matched = report.cases.count
        wouldRecover = count(.recovered)
        wouldNot = count(.exhausted)
        unknown = count(.unknown)
        escalated = count(.escalated)
        discarded = count(.discarded)
        skipped = count(.skipped)
        let rates = report.cases.compactMap(\.finding.estimatedRate)
        // A mean over some of them would be taken for one over all.
        if unknown > 0, rates.count == unknown { estimatedRate = rates.reduce(0, +) / Double(rates.count) }
        tasks = report.cases.prefix(Self.maxTasks).map(SimulatedTaskResource.init)
    }
}

extension SimulatedTaskResource {
    init(_ found: SimulationReport.Case) {
        self.init()
        taskID = found.entry.task.state.id.description
        failedTaskID = found.entry.id.description
        errorType = found.failure
        outcome = found.finding.outcome.rawValue
        atStep = found.finding.step
        isKnown = found.finding.isKnown
        why = found.finding.why
        estimatedRate = found.finding.estimatedRate
    }
}
