import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension MetricsRecorder {
    /// Sets what is a level and not a count, as it is now. Costs more with users that wait, not with tasks.
    ///
    /// What the store cannot tell now stays as it was: the rest is wanted most then.
    /// - Parameter streams: Live streams that are open.
    package func sample(_ engine: Engine, streams: Int, version: String) async {
        let store = engine.store
        let totals = try? await store.totals(of: nil)
        let oldest: Timestamp?? = try? await store.oldestPending(of: nil)
        let (breakers, calls) = (engine.breakers(), engine.brain.runningCalls)
        set { handles in
            for status in TaskStatus.allCases {
                if let totals { handles.set(.tasks, status.rawValue, to: Double(totals.tasks[status] ?? 0)) }
            }
            for status in DeadLetterStatus.allCases {
                guard let totals else { continue }
                handles.set(.deadLetters, status.rawValue, to: Double(totals.deadLetters[status] ?? 0))
            }
            if let oldest {
                let age = oldest.map { max(0, engine.now - $0) } ?? 0
                handles.set(.oldestPendingAge, to: Double(age) / 1000)
            }
            handles.set(.runningCalls, to: Double(calls))
            handles.set(.streams, to: Double(streams))
            handles.set(.buildInfo, version, to: 1)
            for breaker in breakers {
                for state in BreakerState.allCases {
                    handles.set(
                        .breakerState, breaker.provider.rawValue, state.rawValue,
                        to: breaker.state == state ? 1 : 0)
                }
                handles.set(.heldTasks, breaker.provider.rawValue, to: Double(breaker.heldTasks))
            }
        }
    }
}
