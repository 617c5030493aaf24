package import KintsugiCore
package import KintsugiVocabulary

/// Events for one task's stream, with what they make of it.
package struct TaskAppend: Sendable {
    /// Nil: a new task; the store gives it the next number.
    package var number: TaskNumber?
    /// The version the events were decided on; the append is refused if the stream has moved on. 0: new.
    package var expectedVersion: Int
    package var events: [TaskEvent]
    package var at: Timestamp
    /// Nil for a new task.
    package var before: TaskSummary?
    package var after: TaskState
    /// The events as the store keeps them, encoded before the writer sees them.
    package var data: [UInt8]
    /// The row in the table of live tasks from now on; nil once ended.
    package var live: LiveRow?
    /// The cause of the dead letter that it makes, told before the writer sees it; nil: it makes none, or one that
    /// is in no group.
    package var cause: ErrorSignature?

    package init(
        number: TaskNumber?, before: TaskState?, events: [TaskEvent], at: Timestamp, after: TaskState
    ) {
        self.number = number
        self.expectedVersion = before?.version ?? 0
        self.before = before.map(TaskSummary.init)
        self.events = events
        self.at = at
        self.after = after
        data = EventCodec.encode(events)
        live = LiveRow(after, at: at)
        for case .movedToDLQ(_, let reason) in events where after.spec.origin != .internal {
            // The entry of a cancelled task is made in the append that begins its new round.
            cause = (reason == .cancelled ? before ?? after : after).signature(of: reason)
        }
    }
}

/// What the counters and lists need to know of the state before.
package struct TaskSummary: Sendable, Hashable {
    package var status: TaskStatus
    package var deadLetter: TaskState.DeadLetterEntry?
    /// The agent under which lists showed it.
    package var agentID: AgentID?
    package var remedies: RemedyFold
    package var alert: AlertMark?
    /// Its agent had accepted the work and was to report.
    package var isAccepted: Bool

    package init(_ state: TaskState) {
        status = state.status
        deadLetter = state.deadLetter
        agentID = state.listedAgent
        remedies = state.remedies
        alert = state.alert
        isAccepted = if case .accepted = state.phase { true } else { false }
    }
}

/// The kinds of streams besides tasks.
package enum RecordKind: String, Sendable, Hashable, CaseIterable {
    case provider, agent, key, system, session
    case chain, channel, silence, alert, bulk
    /// What the channels were told of an alert.
    case notification
    /// How far a durable consumer has read the log.
    case consumer
}

/// An event of a stream that is not a task's: an agent was changed, a breaker was forced, a key was made.
///
/// Such a stream's state is a JSON document, its last event's outcome.
package struct RecordAppend: Sendable, Hashable {
    package var kind: RecordKind
    package var key: String
    /// Nil: whatever it is now.
    package var expectedVersion: Int?
    package var event: RecordEventType
    /// What happened, by whom.
    package var data: JSONText
    package var at: Timestamp
    /// The document from now on; nil: it is gone.
    package var document: JSONText?

    package init(
        kind: RecordKind, key: String, expectedVersion: Int?, event: RecordEventType, data: JSONText,
        at: Timestamp,
        document: JSONText?
    ) {
        self.kind = kind
        self.key = key
        self.expectedVersion = expectedVersion
        self.event = event
        self.data = data
        self.at = at
        self.document = document
    }
}

/// The first answer to a request with an idempotency key, kept to be given again.
package struct IdempotencyRecord: Sendable, Hashable {
    package var caller: String
    /// Method and path.
    package var operation: String
    package var key: String
    /// SHA-256 of the request's body.
    package var fingerprint: [UInt8]
    package var status: Int
    package var headers: [MetadataPair]
    package var body: [UInt8]
    package var expiresAt: Timestamp

    package init(
        caller: String, operation: String, key: String, fingerprint: [UInt8], status: Int,
        headers: [MetadataPair],
        body: [UInt8], expiresAt: Timestamp
    ) {
        self.caller = caller
        self.operation = operation
        self.key = key
        self.fingerprint = fingerprint
        self.status = status
        self.headers = headers
        self.body = body
        self.expiresAt = expiresAt
    }
}

/// What is recorded together or not at all.
package struct AppendUnit: Sendable {
    package var tasks: [TaskAppend]
    package var records: [RecordAppend]
    package var idempotency: IdempotencyRecord?

    package init(
        tasks: [TaskAppend] = [], records: [RecordAppend] = [], idempotency: IdempotencyRecord? = nil
    ) {
        self.tasks = tasks
        self.records = records
        self.idempotency = idempotency
    }
}

/// Where a unit came to lie in the log.
package struct Receipt: Sendable, Hashable {
    /// The number of each of the unit's tasks, in order.
    package var numbers: [TaskNumber]
    /// The position of each task append's first event, in order. Positions are dense over all streams.
    package var positions: [Int64]
    /// The positions of the whole unit, its records' too: it begins where the unit before it ended.
    package var range: Range<Int64>

    package init(numbers: [TaskNumber], positions: [Int64], range: Range<Int64>) {
        self.numbers = numbers
        self.positions = positions
        self.range = range
    }
}

/// Why a unit was not recorded. Nothing of it was.
package enum StoreError: Error, Sendable, Hashable {
    /// A stream has moved on: reload and decide again.
    case versionConflict
    /// The task's id or the record's key is there already.
    case duplicate
    /// Another request with this idempotency key came first.
    case idempotencyConflict
    /// The disk is full: reads go on, writes come back by themselves.
    case full
    /// The store is closed or closing.
    case closed
    /// The commit failed in a way that leaves its outcome unknown. The writer has stopped.
    case outcomeUnknown(String)
    /// Something else is broken, in the words of the database.
    case broken(String)
}
