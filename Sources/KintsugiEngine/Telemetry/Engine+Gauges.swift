import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

extension MetricsRecorder {
    /// Sets what is a level and not a count, as it is now. Does not cost more when there are more tasks.
    ///
    /// - Parameter streams: Live streams that are open.
    package func sample(_ engine: Engine, streams: Int, version: String) async throws(EngineError) {
        let store = engine.store
        let (totals, oldest) = try await engine.reading { () async throws(StoreError) in
            (try await store.totals(of: nil), try await store.oldestPending(of: nil))
        }
        let age = oldest.map { max(0, engine.now - $0) } ?? 0
        let (breakers, calls) = (engine.breakers(), engine.brain.runningCalls)
        set { handles in
            for status in TaskStatus.allCases {
                handles.set(.tasks, status.rawValue, to: Double(totals.tasks[status] ?? 0))
            }
            for status in DeadLetterStatus.allCases {
                handles.set(.deadLetters, status.rawValue, to: Double(totals.deadLetters[status] ?? 0))
            }
            handles.set(.oldestPendingAge, to: Double(age) / 1000)
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
