import KintsugiCore
import KintsugiVocabulary

/// Attempts by number, as bits; numbers from 64 on are no longer told apart.
struct AttemptSet: Hashable {
    private var bits: UInt64 = 0

    var count: Int { bits.nonzeroBitCount }
    var numbers: [Int] { (0..<64).filter(contains) }
    func contains(_ number: Int) -> Bool { bits >> UInt64(number) & 1 == 1 }

    /// Whether it was not in there before.
    mutating func insert(_ number: Int) -> Bool {
        let isNew = !contains(number) || number >= 64
        bits |= 1 << UInt64(number)
        return isNew
    }

    mutating func remove(_ number: Int) { bits &= ~(1 << UInt64(number)) }
}

/// Watches one task's events and tells what they break of what we promise; I5, I7, I9 and I11 of the invariants.
struct LifeMonitor: Hashable {
    /// Calls under way, by attempt: each may end once, however late.
    private(set) var openCalls = AttemptSet()
    private var ended = AttemptSet()
    private var accepted = AttemptSet()
    private var endings = 0
    private var counted = AttemptSet()
    /// Attempts of a chain's steps, which spend nothing whatever comes of them.
    private var ofChain = AttemptSet()
    /// The chain of this round: how many it has begun, and whether it is over.
    private var chains = 0
    private var isChainOver = false
    private var deadLetters = 0
    private var count = 1
    /// The round has ended and no new one was asked for.
    private var isEnded = false
    private var owesDeadLetter = false
    private let policy: RetryPolicy

    init(_ policy: RetryPolicy) { self.policy = policy }

    /// The number of events says nothing about what can follow.
    var withoutCount: LifeMonitor {
        var monitor = self
        monitor.count = 0
        return monitor
    }

    mutating func callEnded(_ attempt: Int) { openCalls.remove(attempt) }

    /// Takes the events of one append in, with the state before and after. What is wrong, in words.
    mutating func saw(_ events: [TaskEvent], before: TaskState, after: TaskState) -> [String] {
        var faults: [String] = []
        func check(_ holds: Bool, _ fault: @autoclosure () -> String) { if !holds { faults.append(fault()) } }
        let startedWith = before.currentAttempt
        for event in events {
            count += 1
            check(!owesDeadLetter || event.type == .movedToDLQ, "task_failed is followed by \(event.type)")
            owesDeadLetter = false
            see(event, currentAttempt: startedWith, check)
        }
        check(!owesDeadLetter, "task_failed without moved_to_dlq")
        check(after.version == count, "version \(after.version) after \(count) events")
        check(isEnded == after.status.isFinal, "status \(after.status), ended: \(isEnded)")
        check(endings <= 1, "\(endings) endings of one round")
        check(!isEnded || endings == 1, "ended without an ending")
        check(!isEnded || after.nextAt == nil, "an ended task still has a time")
        check(
            after.status.isFinal || after.currentAttempt != nil || after.nextAt != nil
                || after.status == .waiting,
            "nothing will ever happen")
        check(counted.count <= policy.maxAttempts, "\(counted.count) attempts of \(policy.maxAttempts)")
        check(counted.count == after.roundAttempts, "\(after.roundAttempts) counted, not \(counted.count)")
        if case .failed(let reason) = after.phase {
            check(after.deadLetter?.reason == reason, "failed, but its dead letter says otherwise")
            check(after.deadLetter?.status != .retried, "failed, but its dead letter is retried")
        }
        if before.lateResults.count <= after.lateResults.count {
            check(
                Array(after.lateResults.prefix(before.lateResults.count)) == before.lateResults,
                "late result gone")
        } else {
            check(false, "late results lost")
        }
        return faults
    }

    private mutating func see(
        _ event: TaskEvent, currentAttempt: Int?, _ check: (Bool, @autoclosure () -> String) -> Void
    ) {
        switch event {
        case .attemptStarted(let start):
            check(!isEnded, "attempt \(start.number) of an ended round")
            check(openCalls.insert(start.number), "attempt \(start.number) begins twice")
            if start.counted { _ = counted.insert(start.number) }
            if start.step != nil { _ = ofChain.insert(start.number) }
            check(start.step == nil || chains == 1 && !isChainOver, "a step's attempt outside a chain")
            check(start.step != nil || chains == 0, "attempt \(start.number) beside the chain")
        case .attemptSuccess(let success):
            outcome(of: success.number, check)
            // A probe that works was this round's attempt; one that fails has spent nothing.
            if !ofChain.contains(success.number) { _ = counted.insert(success.number) }
        case .attemptFailed(let failed): outcome(of: failed.number, check)
        case .attemptAbandoned(let number, _):
            // Nobody is left who could tell how its call ended.
            openCalls.remove(number)
            outcome(of: number, check)
        case .attemptInterrupted(let number):
            outcome(of: number, check)
            counted.remove(number)
        case .attemptAccepted(let number, _):
            check(
                !ended.contains(number) && accepted.insert(number), "attempt \(number) accepted late or twice"
            )
        case .taskCompleted, .taskFailed, .taskCancelled:
            check(!isEnded, "\(event.type) of an ended round")
            if event.type == .taskCancelled, let currentAttempt { outcome(of: currentAttempt, check) }
            endings += 1
            isEnded = true
            owesDeadLetter = event.type == .taskFailed
        case .movedToDLQ: deadLetters += 1
        case .taskRequeued(let requeue):
            check(isEnded, "requeued before it ended")
            check(
                requeue.round == deadLetters + 1, "round \(requeue.round) after \(deadLetters) dead letters")
            (isEnded, endings, counted) = (false, 0, AttemptSet())
            (chains, isChainOver) = (0, false)
        case .fallback(let fallback):
            check(!isEnded && !isChainOver, "\(event.type) after the end")
            if fallback.type == .fallbackStarted { chains += 1 }
            check(chains == 1, "\(chains) chains in a round")
            isChainOver = fallback.type == .fallbackSucceeded || fallback.type == .fallbackExhausted
        case .taskHeld: check(chains == 0, "held within a chain")
        default: break
        }
    }

    private mutating func outcome(of attempt: Int, _ check: (Bool, @autoclosure () -> String) -> Void) {
        accepted.remove(attempt)
        check(ended.insert(attempt), "attempt \(attempt) has two outcomes")
    }
}
