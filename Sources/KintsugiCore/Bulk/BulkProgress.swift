package import KintsugiVocabulary

/// Why an entry was passed over.
package enum BulkSkip: String, Sendable, Hashable, CaseIterable {
    /// Somebody was quicker: it no longer waits for anybody.
    case notPending = "not_pending"
    /// The agent that it would go to is not registered any more, or on its way out.
    case agentGone = "agent_gone"
    /// Others changed it faster than we could decide, five times in a row.
    case changed = "changed_meanwhile"
    case alreadyEnded = "already_ended"
    case notRetryable = "not_retryable"
    /// Named, but not there; or another user's, which the caller cannot tell apart.
    case notFound = "not_found"
}

/// How far an act on many has come, and what it does next. A value: the shell acts and records.
///
/// Entries are taken newest first, each once: `before` moves on in the same append as the acts. What came in after
/// the start has a greater number and is never met.
package struct BulkProgress: Sendable, Hashable {
    package private(set) var status = BulkStatus.running
    /// Entries that matched at the start; more if others came to match before their turn.
    package private(set) var matched: Int
    /// Entries with smaller numbers are still to come.
    package private(set) var before: Int64
    package private(set) var done = 0
    /// Entries on which the act failed for a reason that is none of `BulkSkip`.
    package private(set) var failed = 0
    package private(set) var skipped: [BulkSkip: Int] = [:]
    /// Nothing is left that matches.
    package private(set) var isExhausted = false
    package private(set) var canary: BulkCanary?
    package private(set) var stop: Stop?

    package enum Stop: Sendable, Hashable {
        /// A task failed again for the cause that it was retried for.
        case sameFailure(cause: String)
        /// A stage of the canary ended without one success.
        case noneRecovered(stage: Int)
    }

    package enum Step: Sendable, Hashable {
        /// Act on so many, at most.
        case act(Int)
        /// Tasks of the canary's stage have not ended.
        case wait
        case end(BulkStatus)
    }

    /// What was done to a stretch of entries.
    package struct Batch: Sendable, Hashable {
        package var done = 0
        package var failed = 0
        package var skipped: [BulkSkip: Int] = [:]
        /// The number of the last entry that was looked at.
        package var last: Int64

        package init(last: Int64) { self.last = last }

        package mutating func skip(_ reason: BulkSkip) { skipped[reason, default: 0] += 1 }
    }

    /// - Parameter unknown: how many of `matched` were named but are not there.
    package init(matched: Int, unknown: Int = 0, before: Int64, withCanary: Bool) {
        self.matched = matched
        self.before = before
        if unknown > 0 { skipped[.notFound] = unknown }
        canary = withCanary ? BulkCanary(matched: matched) : nil
    }

    package var handled: Int { done + failed + skipped.values.reduce(0, +) }
    package var remaining: Int { max(0, matched - handled) }

    // MARK: Running

    /// What comes next; begins the canary's next stage when its time has come.
    package mutating func next(batch: Int) -> Step {
        guard status == .running else { return .end(status) }
        if stop != nil { return .end(.stopped) }
        guard var canary else { return isExhausted ? .end(.completed) : .act(batch) }
        if !isExhausted, canary.room > 0 { return .act(min(batch, canary.room)) }
        if canary.waiting > 0 { return .wait }
        if canary.hasFailedWhole {
            stop = .noneRecovered(stage: canary.stage)
            return .end(.stopped)
        }
        if isExhausted || canary.stage == BulkCanary.stages { return .end(.completed) }
        canary.beginStage()
        self.canary = canary
        return .act(min(batch, canary.room))
    }

    package mutating func acted(_ batch: Batch) {
        done += batch.done
        failed += batch.failed
        skipped.merge(batch.skipped, uniquingKeysWith: +)
        before = min(before, batch.last)
        matched = max(matched, handled)
        canary?.acted(batch.done)
    }

    /// Nothing that matches is left; what was there at the start and is not any more has been dealt with by others.
    package mutating func exhausted() {
        isExhausted = true
        if remaining > 0 { skipped[.notPending, default: 0] += remaining }
    }

    /// What became of tasks of the canary.
    package mutating func watched(_ watch: BulkWatch, through version: Int) {
        canary?.watched(watch, through: version)
        if let cause = watch.cameBack { stop = .sameFailure(cause: cause) }
    }

    // MARK: People

    /// False: it has ended, or is so already.
    package mutating func pause() -> Bool { change(from: .running, to: .paused) }
    package mutating func resume() -> Bool { change(from: .paused, to: .running) }
    package mutating func end(_ status: BulkStatus) -> Bool {
        guard !self.status.isFinal, status.isFinal else { return false }
        self.status = status
        return true
    }

    private mutating func change(from: BulkStatus, to: BulkStatus) -> Bool {
        guard status == from else { return false }
        status = to
        return true
    }
}

extension BulkProgress {
    /// As it was recorded.
    package init(
        status: BulkStatus, matched: Int, before: Int64, done: Int, failed: Int, skipped: [BulkSkip: Int],
        isExhausted: Bool, canary: BulkCanary?, stop: Stop?
    ) {
        self.status = status
        self.matched = matched
        self.before = before
        self.done = done
        self.failed = failed
        self.skipped = skipped
        self.isExhausted = isExhausted
        self.canary = canary
        self.stop = stop
    }
}
