import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The kinds of interned words. Stored: never renumbered.
enum NameKind: Int64, Sendable, Hashable {
    case user = 1
    case type = 2
    case agent = 3
    case capability = 4
    case provider = 5
    case errorType = 6
    /// What was tried against which failure: `Remedy.name`.
    case remedy = 7
    /// A chain's id.
    case chain = 8
    /// The fingerprint of a cause.
    case cause = 9

    /// One more than the greatest.
    static let count = 10
}

/// The kinds of counters. Stored: never renumbered.
enum StatKind {
    /// With minute -1: how many tasks have a status.
    static func tasks(_ status: TaskStatus) -> Int { status.code }
    /// With minute -1: how many dead letters have a status, and how many were ever made.
    static func deadLetters(_ status: DeadLetterStatus) -> Int { 10 + Int(status.code) }
    static let deadLettersIn = 20
    /// With minute -1 and an agent for a subject: its unfinished tasks.
    static let live = 30
    /// With minute -1 and a remedy for a subject: how often it was tried to its end, and mended its task.
    static let tried = 31
    static let mended = 32
    /// With minute -1 and a chain for a subject: how often it was begun, and how it ended.
    static let chainStarted = 33
    static let chainRecovered = 34
    static let chainExhausted = 35
    /// With a minute: what ended in it.
    static let completed = 40
    static let failed = 41
    static let cancelled = 42
    static let retried = 43
    static let durationSum = 44
    static let created = 45
    static let requeued = 46
    /// With a day in place of the minute: how many more tasks were unfinished at its end than at its beginning.
    static let growth = 47
    /// With a minute and an agent for a subject: how its attempts ended; run times as those of users.
    static let succeeded = 50
    static func failed(_ error: ErrorType) -> Int { firstFailed + error.code }
    static let firstFailed = 60
    /// With a minute: run times by bucket.
    static let durations = 100

    /// The minute of counters over all time.
    static let always: Int64 = -1
    /// The subject of counters over everybody.
    static let everyone: Int64 = 0

    /// The day's place where other counters have their minute: below -1.
    static func day(of minute: Int64) -> Int64 { -2 - max(0, minute) / minutesPerDay }
    static let minutesPerDay: Int64 = 1_440

    /// What one of this kind adds to the number of unfinished tasks.
    static func growth(by kind: Int) -> Int64 {
        switch kind {
        case created, requeued: 1
        case completed, failed, cancelled: -1
        default: 0
        }
    }
}

extension RemedyFold.Count {
    /// Under which subject it is counted, and as what.
    var subject: (kind: NameKind, name: String) {
        switch self {
        case .ended(let remedy, _): (.remedy, remedy.name)
        case .chainStarted(let id), .chainRecovered(let id), .chainExhausted(let id): (.chain, id)
        }
    }

    var statKinds: [Int] {
        switch self {
        case .ended(_, let recovered): recovered ? [StatKind.tried, StatKind.mended] : [StatKind.tried]
        case .chainStarted: [StatKind.chainStarted]
        case .chainRecovered: [StatKind.chainRecovered]
        case .chainExhausted: [StatKind.chainExhausted]
        }
    }
}

extension TaskStatus {
    /// Stored: never renumbered. 2 stands in `tasks` for every status that is not final.
    var code: Int {
        switch self {
        case .pending: 0
        case .inProgress: 1
        case .waiting: 2
        case .completed: 3
        case .failed: 4
        case .cancelled: 5
        }
    }

    init?(code: Int) {
        guard let status = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = status
    }

    /// What `tasks.status` holds of a task that has not ended.
    static let unfinished: Int64 = 2
}

extension ErrorType {
    /// Stored: never renumbered, and below 40.
    var code: Int {
        switch self {
        case .timeout: 0
        case .networkError: 1
        case .serverError: 2
        case .rateLimit: 3
        case .authFailure: 4
        case .validationError: 5
        case .notFound: 6
        case .clientError: 7
        case .missingCallback: 8
        case .addressRefused: 9
        case .circuitOpen: 10
        case .handlerError: 11
        case .agentReported: 12
        case .invalidResponse: 13
        case .workerLost: 14
        case .deadlineExceeded: 15
        case .cancelled: 16
        }
    }

    init?(code: Int) {
        guard let type = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = type
    }
}

extension DeadLetterStatus {
    /// Stored: never renumbered.
    var code: Int64 {
        switch self {
        case .pending: 0
        case .retried: 1
        case .resolved: 2
        case .discarded: 3
        }
    }

    init?(code: Int64) {
        guard let status = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = status
    }
}

extension Lane.Target {
    /// The word by which its number is known; with its user it is a lane.
    var name: (kind: NameKind, text: String) {
        switch self {
        case .agent(let id): (.agent, id.rawValue)
        case .capability(let name): (.capability, name)
        case .type(let name): (.type, name)
        case .held(let provider): (.provider, provider.rawValue)
        }
    }

    init?(kind: NameKind, text: String) {
        switch kind {
        case .agent: self = .agent(AgentID(text))
        case .capability: self = .capability(text)
        case .type: self = .type(text)
        case .provider: self = .held(ProviderID(text))
        case .user, .errorType, .remedy, .chain, .cause: return nil
        }
    }
}
