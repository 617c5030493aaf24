import KintsugiVocabulary

/// A retry of many that tries a few first: 1, then 10, then 10 %, then all.
///
/// A stage waits until its tasks have ended. The failure that a task was retried for, come back in any of them, stops
/// everything; another failure only counts, unless nothing in the stage recovered: then nothing shows that the
/// cause is mended, and it stops too.
package struct BulkCanary: Sendable, Hashable {
    package static let stages = 4

    /// From 1.
    package private(set) var stage = 1
    /// How many the stage acts on; the last takes what is left.
    package private(set) var size = 1
    private let matched: Int
    /// Acts of this stage, and how their tasks ended.
    package private(set) var acted = 0
    package private(set) var stageRecovered = 0
    package private(set) var stageFailed = 0
    package private(set) var stageGone = 0
    /// Over all stages.
    package private(set) var recovered = 0
    package private(set) var failedAgain = 0
    /// The tasks of the operation's events up to this version have ended.
    package private(set) var watchedVersion = 0

    package init(matched: Int) { self.matched = matched }

    /// Acts that the stage still has room for.
    var room: Int { max(0, size - acted) }
    /// Tasks that have not ended.
    package var waiting: Int { max(0, acted - stageRecovered - stageFailed - stageGone) }
    var hasFailedWhole: Bool { stageFailed > 0 && stageRecovered == 0 }

    mutating func beginStage() {
        stage += 1
        switch stage {
        case 2: size = 10
        case 3: size = max(1, (matched + 9) / 10)
        default: size = .max
        }
        (acted, stageRecovered, stageFailed, stageGone) = (0, 0, 0, 0)
    }

    mutating func acted(_ count: Int) { acted += count }

    mutating func watched(_ watch: BulkWatch, through version: Int) {
        stageRecovered += watch.recovered
        stageFailed += watch.failedAgain
        stageGone += watch.gone
        recovered += watch.recovered
        failedAgain += watch.failedAgain
        watchedVersion = max(watchedVersion, version)
    }

    /// As it was recorded.
    package init(
        matched: Int, stage: Int, size: Int, acted: Int, stageRecovered: Int, stageFailed: Int,
        stageGone: Int,
        recovered: Int, failedAgain: Int, watchedVersion: Int
    ) {
        self.matched = matched
        self.stage = stage
        self.size = size
        self.acted = acted
        self.stageRecovered = stageRecovered
        self.stageFailed = stageFailed
        self.stageGone = stageGone
        self.recovered = recovered
        self.failedAgain = failedAgain
        self.watchedVersion = watchedVersion
    }
}

/// A task that a canary retried: in which round, and for which cause.
package struct CanaryTask: Sendable, Hashable {
    package var number: TaskNumber
    package var round: Int
    package var cause: String

    package init(number: TaskNumber, round: Int, cause: String) {
        self.number = number
        self.round = round
        self.cause = cause
    }
}

/// What became of tasks that a canary retried.
package struct BulkWatch: Sendable, Hashable {
    package var recovered = 0
    package var failedAgain = 0
    /// Cancelled by somebody: they say nothing.
    package var gone = 0
    package var waiting = 0
    /// The cause that came back in one of them.
    package var cameBack: String?

    package init() {}

    /// Looks at a task as it is now; nil: it is not there any more.
    package mutating func look(at task: CanaryTask, _ state: TaskState?) {
        guard let state else {
            gone += 1
            return
        }
        // Whoever began another round had a failed or cancelled task before them.
        if state.round > task.round {
            failedAgain += 1
            return
        }
        switch state.phase {
        case .completed: recovered += 1
        case .cancelled: gone += 1
        case .failed(let reason):
            failedAgain += 1
            if state.signature(of: reason).fingerprint == task.cause { cameBack = task.cause }
        case .pending, .held, .running, .accepted, .waiting: waiting += 1
        }
    }
}
