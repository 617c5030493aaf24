package import KintsugiVocabulary

/// What the scheduler wants done. The shell does it and tells the outcome as an input.
///
/// Those that hold whole tasks are boxed: lists of actions are moved about by the thousand.
package enum SchedulerAction: Sendable {
    /// Record this; then tell `recorded` or `refused`.
    indirect case append(Decision)
    /// The attempt is recorded: call its agent; then tell `callEnded`.
    indirect case startCall(StoredTask)
    /// The task has ended otherwise: break the call off; then tell `callEnded` all the same.
    case cancelCall(TaskNumber, attempt: Int)
    /// The task has changed in between: load it, decide again, append.
    indirect case decideAgain(TaskNumber, TaskCommand, Facts)
    /// The task has changed in a way that was not heard: load it and tell `recorded`.
    case reload(TaskNumber)
    /// Read the best tasks of a lane; then tell `windowLoaded`.
    case loadWindow(Lane, limit: Int)
    /// Read the tasks whose time comes up to `horizon`; then tell `timersLoaded`.
    case loadTimers(until: Timestamp, limit: Int)
    /// Their time has come but not their turn: let the store know that they are ready; then tell `promoted`.
    case promote([OverdueTask])
    /// Dead letters that this provider's open breaker caused may come back, so many of them.
    case redrive(ProviderID, limit: Int)
    /// A breaker changed without a task.
    indirect case recordBreaker(BreakerRecord)
}

/// A task whose time has come before the store counts it as ready.
package struct OverdueTask: Sendable, Hashable {
    package var number: TaskNumber
    package var version: Int
    /// Where it waits for its turn.
    package var lane: Lane

    init(_ task: StoredTask) {
        number = task.number
        version = task.state.version
        lane = Lane(task.state)
    }
}

/// Events for a task, decided on the state as the scheduler knows it.
package struct Decision: Sendable {
    package var task: StoredTask
    package var command: TaskCommand
    package var facts: Facts
    package var events: [TaskEvent]
    package var after: TaskState
    package var at: Timestamp
    /// What the same step did to a breaker; recorded in the same unit.
    package var breaker: BreakerRecord?
}

/// A breaker's state for the record of its provider.
package struct BreakerRecord: Sendable, Hashable {
    package var provider: ProviderID
    package var event: RecordEventType
    package var state: BreakerState
    package var openedAt: Timestamp?
    package var probeAt: Timestamp?
    package var openCount: Int
    /// The alert that it raises by opening.
    package var alertID: UUID7?

    package init(
        provider: ProviderID, event: RecordEventType, state: BreakerState, openedAt: Timestamp?,
        probeAt: Timestamp?,
        openCount: Int
    ) {
        self.provider = provider
        self.event = event
        self.state = state
        self.openedAt = openedAt
        self.probeAt = probeAt
        self.openCount = openCount
    }
}
