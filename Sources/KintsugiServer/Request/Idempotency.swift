import Crypto
import HTTPTypes
import Hummingbird
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import Synchronization

/// Requests with an idempotency key that are running now.
final class IdempotencyGate: Sendable {
    struct Claim: Hashable, Sendable {
        let caller: String
        let operation: String
        let key: String
    }

    private let running = Mutex<Set<Claim>>([])

    func enter(_ claim: Claim) -> Bool { running.withLock { $0.insert(claim).inserted } }
    func leave(_ claim: Claim) { _ = running.withLock { $0.remove(claim) } }
}

/// Keeps the answer of one act under its idempotency key, if the request has one.
final class Keeping: Sendable {
    private let claim: IdempotencyGate.Claim?
    private let fingerprint: [UInt8]
    private let expiresAt: Timestamp
    /// Seals the body of answers that hold a secret; nil: kept as it is.
    private let seal: (@Sendable (String) -> String)?
    private let last = Mutex<Answer?>(nil)

    init(
        _ claim: IdempotencyGate.Claim?, fingerprint: [UInt8], expiresAt: Timestamp,
        seal: (@Sendable (String) -> String)?
    ) {
        self.claim = claim
        self.fingerprint = fingerprint
        self.expiresAt = expiresAt
        self.seal = seal
    }

    /// The answer that is kept; nil: none was made, or there is no key.
    var answer: Answer? { last.withLock { $0 } }

    /// For the engine: renders the answer from the states that the act leads to.
    func sealing(_ render: @escaping @Sendable ([TaskState]) -> Answer) -> Sealing? {
        guard let claim else { return nil }
        return { states in
            let answer = render(states)
            self.last.withLock { $0 = answer }
            return self.record(answer, claim)
        }
    }

    /// The record of an answer that is known before the act.
    func record(_ answer: Answer) -> IdempotencyRecord? {
        guard let claim else { return nil }
        last.withLock { $0 = answer }
        return record(answer, claim)
    }

    private func record(_ answer: Answer, _ claim: IdempotencyGate.Claim) -> IdempotencyRecord {
        var headers = answer.headers.filter { $0.name != .contentType }
            .map { MetadataPair(key: $0.name.canonicalName, value: $0.value) }
        var body = answer.body
        if let seal {
            body = Array(seal(Base64.encode(body)).utf8)
            headers.append(MetadataPair(key: Self.sealedMark, value: "1"))
        }
        return IdempotencyRecord(
            caller: claim.caller, operation: claim.operation, key: claim.key, fingerprint: fingerprint,
            status: answer.status.code, headers: headers, body: body, expiresAt: expiresAt)
    }

    static let sealedMark = "kintsugi-sealed"
}

extension Exchange {
    /// Performs an act once for its idempotency key: a repeated request gets the first answer.
    ///
    /// - Parameter isSecret: The answer holds a secret and is kept sealed.
    func once(_ body: Body, isSecret: Bool = false, _ act: (Keeping) async throws -> Answer) async throws
        -> Answer
    {
        let engine = engine
        let expiresAt = now + site.configuration.idempotencyRetention
        guard let key = try idempotencyKey() else {
            return try await act(Keeping(nil, fingerprint: [], expiresAt: expiresAt, seal: nil))
        }
        let claim = IdempotencyGate.Claim(
            caller: caller.userID.rawValue, operation: "\(request.method.rawValue) \(request.uri.path)",
            key: key)
        guard site.gate.enter(claim) else {
            throw Problem(
                .idempotencyInProgress, "The first request with this Idempotency-Key is still running.")
        }
        defer { site.gate.leave(claim) }
        let fingerprint: [UInt8] = Array(SHA256.hash(data: Array(claim.operation.utf8) + [0] + body.bytes))
        if let answer = try await kept(claim, fingerprint) { return answer }
        let seal: (@Sendable (String) -> String)? = isSecret ? engine.configuration.seal : nil
        let keeping = Keeping(claim, fingerprint: fingerprint, expiresAt: expiresAt, seal: seal)
        do {
            return try await act(keeping)
        } catch EngineError.idempotencyConflict {
            if let answer = try await kept(claim, fingerprint) { return answer }
            throw EngineError.idempotencyConflict
        }
    }

    /// Keeps an answer that was not recorded together with its act, because it was not known before.
    func keep(_ answer: Answer, _ keeping: Keeping) async throws -> Answer {
        if let record = keeping.record(answer) {
            _ = try await engine.append(AppendUnit(idempotency: record))
        }
        return answer
    }

    private func kept(_ claim: IdempotencyGate.Claim, _ fingerprint: [UInt8]) async throws -> Answer? {
        let (store, now) = (engine.store, now)
        let found = try await engine.reading { () async throws(StoreError) in
            try await store.idempotencyRecord(
                caller: claim.caller, operation: claim.operation, key: claim.key, at: now)
        }
        guard let found else { return nil }
        guard found.fingerprint == fingerprint else {
            throw Problem(
                .idempotencyKeyReused,
                "This Idempotency-Key was used with another body; take a new key for new acts.")
        }
        var headers: HTTPFields = [:]
        var body = found.body
        for pair in found.headers {
            if pair.key == Keeping.sealedMark {
                guard let text = engine.configuration.unseal(String(decoding: body, as: UTF8.self)),
                    let open = Base64.decode(text)
                else {
                    throw Problem(
                        .conflict,
                        "The first answer can no longer be opened: the server's secret has changed.")
                }
                body = open
            } else if let name = HTTPField.Name(pair.key) {
                headers[name] = pair.value
            }
        }
        headers[.idempotencyReplayed] = "true"
        return Answer(HTTPResponse.Status(code: found.status), json: body, headers: headers)
    }

    /// The key, bare or quoted.
    private func idempotencyKey() throws(Problem) -> String? {
        let values = request.headers[values: .idempotencyKey]
        guard let value = values.first else { return nil }
        var key = value[...]
        if key.hasPrefix("\""), key.hasSuffix("\""), key.utf8.count >= 2 { key = key.dropFirst().dropLast() }
        let isGood =
            (1...255).contains(key.utf8.count)
            && key.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "\"") }
        guard values.count == 1, isGood else {
            let fault = FieldFault(
                .parameter("Idempotency-Key"),
                "must be 1 to 255 visible ASCII characters, bare or in double quotes")
            throw Problem(faults: [fault])
        }
        return String(key)
    }
}

extension HTTPField.Name {
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let traceparent = constant("traceparent")
    static let requestID = constant("X-Request-Id")
    static let lastEventID = constant("Last-Event-ID")
    static let xAccelBuffering = constant("X-Accel-Buffering")

    static func constant(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a header") }
        return name
    }
}
