package import KintsugiCore
package import KintsugiStore
package import KintsugiVocabulary

/// What a chain would have made of past dead letters.
package struct SimulationReport: Sendable {
    package struct Case: Sendable {
        package var entry: DeadLetter
        package var failure: ErrorType
        package var finding: ChainSimulation.Finding
    }

    /// Dead letters that were looked at.
    package var examined = 0
    /// Those that the chain is for, the newest first.
    package var cases: [Case] = []
}

extension Engine {
    /// Events of one task that are read for it; what came later counts as not known.
    private static let maxEvents = 1000

    /// Reads what was recorded and changes nothing.
    ///
    /// - Parameters:
    ///   - since: dead letters that are older are not looked at.
    ///   - limit: of dead letters, the newest first.
    /// - Complexity: O(limit), and for each that the chain is for the length of its task's timeline.
    package func simulate(
        _ chain: FallbackChain, since: Timestamp, limit: Int, in scope: Scope
    ) async throws(EngineError) -> SimulationReport {
        var chain = chain
        chain.isEnabled = true
        let book = ChainBook([chain])
        let measured = try await reading { () async throws(StoreError) in try await store.remedies() }
        var report = SimulationReport()
        var query = DeadLetterQuery()
        query.user = scope.user
        while report.examined < limit {
            query.limit = min(200, limit - report.examined)
            let asked = query
            let page = try await reading { () async throws(StoreError) in try await store.deadLetters(asked) }
            for entry in page.elements where entry.failedAt >= since {
                report.examined += 1
                if let found = try await simulate(chain, book, entry, measured) { report.cases.append(found) }
            }
            // Entries are in the order in which they came.
            guard let next = page.next, page.elements.last.map({ $0.failedAt >= since }) ?? false else {
                break
            }
            query.before = next
        }
        return report
    }

    /// Nil: the chain is not for it.
    private func simulate(
        _ chain: FallbackChain, _ book: ChainBook, _ entry: DeadLetter, _ measured: MeasuredRemedies
    ) async throws(EngineError) -> SimulationReport.Case? {
        let spec = entry.task.state.spec
        guard let failure = entry.failure?.type ?? entry.task.state.lastFailure?.failure.type else {
            return nil
        }
        let subject = TaskSubject(
            id: entry.task.state.id, type: spec.type, userID: spec.userID, agentID: entry.agentID,
            errorType: failure, amount: spec.payment?.money.amount, chainID: spec.fallbackChainID,
            origin: spec.origin)
        guard book.chain(for: subject) != nil else { return nil }
        if let why = entry.reason.noChain {
            return SimulationReport.Case(entry: entry, failure: failure, finding: .init(.skipped, why: why))
        }
        let number = entry.task.number
        let events = try await reading { () async throws(StoreError) in
            try await store.timeline(number, after: 0, limit: Self.maxEvents)
        }
        let hindsight = Hindsight(chain, entry, events)
        var simulation = ChainSimulation(
            ChainSnapshot(chain), evidence: hindsight.evidence,
            rate: { measured.figures[$0]?.successRate })
        return SimulationReport.Case(
            entry: entry, failure: failure, finding: simulation.finding(after: failure))
    }
}

extension DeadLetterReason {
    /// Why no chain begins before such an end; nil: one does.
    fileprivate var noChain: String? {
        switch self {
        case .permanentError, .retriesExhausted, .circuitOpen, .fallbackExhausted, .decided,
            .discardedByChain:
            nil
        case .deadlineExceeded: "Its deadline had passed: nothing is tried after that."
        case .poison: "Its process had died under it again and again: nothing more is tried then."
        case .cancelled: "It was cancelled."
        }
    }
}
