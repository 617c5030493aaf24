import KintsugiStore
import KintsugiVocabulary
import Synchronization
import Testing

@testable import KintsugiCore
@testable import KintsugiEngine

/// What a task costs, as far as it can be counted: figures that no neighbour of this machine can move.
@Suite("Costs that can be counted")
struct CostTests {
    /// Thousands of them stand in lists that grow, under a lock; whole tasks (560 bytes a state) are boxed.
    @Test("What goes to and from the brain is small")
    func sizes() {
        #expect(MemoryLayout<Brain.Input>.stride <= 96)
        #expect(MemoryLayout<SchedulerAction>.stride <= 96)
    }

    /// Events: created, started, attempt started, succeeded, completed; a failure adds attempt failed, retried and
    /// another attempt started.
    @Test(
        "A task that works costs three appends, one that fails once two more, however many run",
        arguments: [(failures: 0, appends: 3, events: 5), (failures: 1, appends: 5, events: 8)])
    func appends(failures: Int, appends: Int, events: Int) async throws {
        struct Down: Error {}
        let world = try await EngineWorld()
        let counted = Mutex((appends: 0, events: 0))
        world.engine.onCommit { units in
            counted.withLock { counted in
                for append in units.flatMap(\.unit.tasks) {
                    counted.appends += 1
                    counted.events += append.events.count
                }
            }
        }
        try await world.agent("a") { call in
            if call.attempt <= failures { throw Down() }
            return nil
        }
        try await world.running { world in
            let spec = TaskSpec(
                type: "t", userID: UserID("u"), agentID: AgentID("a"), retryPolicy: RetryPolicy(baseDelay: 0))
            let tasks = try await world.engine.create(Array(repeating: spec, count: 300))
            try await world.wait(for: tasks) { $0.status == .completed }
        }
        let seen = counted.withLock { $0 }
        #expect(seen.appends == 300 * appends)
        #expect(seen.events == 300 * events)
    }
}
