internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOCore
internal import Synchronization

/// Where a credential comes from that is not registered as it is.
enum CredentialSource: Sendable, Hashable {
    case tokenServer(AgentRecord.ClientCredentials)
    /// A path in the folder of secrets.
    case file(String)
}

/// Why there is no credential.
enum CredentialProblem: Error, Sendable, Hashable {
    /// With the type of the failure and a sentence, which never holds a secret.
    case failed(ErrorType, String)
    case outOfTime
    case cancelled
    /// The client was shut down.
    case interrupted
}

/// Credentials that were fetched, kept until they are out of date, in memory only.
///
/// Who needs one that is not there fetches it; who comes meanwhile waits for that one and shares it, or the failure.
/// A fetch that its caller broke off says nothing: the next one in line fetches again.
final class CredentialCache: Sendable {
    struct Credential: Sendable, Hashable {
        let secret: String
        /// How long it may be used from now on.
        let lifetime: TimeAmount
    }

    typealias Answer = Result<String, CredentialProblem>

    private struct Kept {
        var secret: String
        var fetchedAt: NIODeadline
        var until: NIODeadline
    }

    private enum Word: Sendable {
        case answer(Answer)
        case lookAgain
    }

    private struct State {
        var kept: [CredentialSource: Kept] = [:]
        /// Those that wait for a fetch that is under way; none if none is.
        var waiting: [CredentialSource: [UInt64: CheckedContinuation<Word, Never>]] = [:]
        var lastTicket: UInt64 = 0
        /// When a refusal made us forget one.
        var forgottenAt: [CredentialSource: NIODeadline] = [:]
    }

    private enum Place {
        case known(String)
        /// Nobody fetches it: who is first must.
        case first
        case later(ticket: UInt64)
    }

    private let state = Mutex(State())
    private let eventLoopGroup: any EventLoopGroup

    init(eventLoopGroup: any EventLoopGroup) { self.eventLoopGroup = eventLoopGroup }

    /// More sources than this are not kept.
    private static let maxKept = 4096
    /// One that was fetched so shortly before is as good as new: many tasks ask for a new one at once.
    private static let fresh = TimeAmount.seconds(1)
    /// At most so often a refusal makes us forget one: an agent that refuses everybody must not double our calls.
    private static let forgetInterval = TimeAmount.seconds(30)

    /// The credential, fetched if need be.
    ///
    /// - Parameter asOf: it must have been fetched about then or later; nil: any that is not out of date.
    func secret(
        from source: CredentialSource, asOf: NIODeadline?, deadline: NIODeadline,
        fetch: () async -> Result<Credential, CredentialProblem>
    ) async -> Answer {
        while true {
            switch enter(source, asOf) {
            case .known(let secret): return .success(secret)
            case .first:
                let fetched = await fetch()
                finish(source, fetched)
                return fetched.map(\.secret)
            case .later(let ticket):
                guard case .answer(let answer) = await wait(for: source, ticket, until: deadline) else {
                    continue
                }
                return answer
            }
        }
    }

    /// The agent did not accept it: the next call fetches a new one.
    func refused(_ source: CredentialSource) {
        let now = NIODeadline.now()
        state.withLock { state in
            if let last = state.forgottenAt[source], now - last < Self.forgetInterval { return }
            guard state.kept.removeValue(forKey: source) != nil else { return }
            if state.forgottenAt.count >= Self.maxKept { state.forgottenAt.removeAll() }
            state.forgottenAt[source] = now
        }
    }

    private func enter(_ source: CredentialSource, _ asOf: NIODeadline?) -> Place {
        let now = NIODeadline.now()
        return state.withLock { state in
            if let kept = state.kept[source], now < kept.until,
                asOf.map({ kept.fetchedAt + Self.fresh >= $0 }) ?? true
            {
                return .known(kept.secret)
            }
            guard state.waiting[source] != nil else {
                state.waiting[source] = [:]
                return .first
            }
            state.lastTicket += 1
            return .later(ticket: state.lastTicket)
        }
    }

    private func finish(_ source: CredentialSource, _ fetched: Result<Credential, CredentialProblem>) {
        let now = NIODeadline.now()
        let waiting = state.withLock { state in
            if case .success(let credential) = fetched {
                if state.kept.count >= Self.maxKept {
                    state.kept = state.kept.filter { now < $0.value.until }
                }
                if state.kept.count >= Self.maxKept { state.kept.removeAll() }
                state.kept[source] = Kept(
                    secret: credential.secret, fetchedAt: now, until: now + credential.lifetime)
            }
            return state.waiting.removeValue(forKey: source) ?? [:]
        }
        let word: Word =
            switch fetched {
            case .success(let credential): .answer(.success(credential.secret))
            case .failure(.outOfTime), .failure(.cancelled): .lookAgain
            case .failure(let problem): .answer(.failure(problem))
            }
        for continuation in waiting.values { continuation.resume(returning: word) }
    }

    // MARK: Waiting

    private func wait(for source: CredentialSource, _ ticket: UInt64, until deadline: NIODeadline) async
        -> Word
    {
        let timer = eventLoopGroup.any().scheduleTask(deadline: deadline) {
            self.leave(source, ticket, with: .answer(.failure(.outOfTime)))
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if !join(source, ticket, continuation) { continuation.resume(returning: .lookAgain) }
                if Task.isCancelled { leave(source, ticket, with: .answer(.failure(.cancelled))) }
                if NIODeadline.now() >= deadline {
                    leave(source, ticket, with: .answer(.failure(.outOfTime)))
                }
            }
        } onCancel: {
            leave(source, ticket, with: .answer(.failure(.cancelled)))
        }
    }

    /// False: the fetch is over already.
    private func join(
        _ source: CredentialSource, _ ticket: UInt64, _ continuation: CheckedContinuation<Word, Never>
    ) -> Bool {
        state.withLock { state in
            guard state.waiting[source] != nil else { return false }
            state.waiting[source]?[ticket] = continuation
            return true
        }
    }

    private func leave(_ source: CredentialSource, _ ticket: UInt64, with word: Word) {
        state.withLock { $0.waiting[source]?.removeValue(forKey: ticket) }?.resume(returning: word)
    }
}
