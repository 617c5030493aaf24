import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire

/// Registering, changing and testing agents.
enum AgentHandlers {
    @Sendable static func register(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body, isSecret: true) { keeping in
            let secret = RandomText.signingSecret()
            let record = try newRecord(body, secret: secret, exchange)
            let idempotency = keeping.record(created(record, secret))
            let made = try await exchange.engine.register(
                record, actor: exchange.caller.actor, idempotency: idempotency)
            return keeping.answer ?? created(made, secret)
        }
    }

    private static func created(_ record: AgentRecord, _ secret: String) -> Answer {
        var resource = AgentResource(record, forAdmin: true)
        resource.secret = secret
        return Answer(
            .created, resource,
            headers: [.location: Paths.filled(Paths.agent, resource.id), .eTag: ETag.text(record.version)])
    }

    private static func newRecord(_ body: Body, secret: String, _ exchange: Exchange) throws(Problem)
        -> AgentRecord
    {
        var fields = Fields(body.bytes)
        var input = AgentInput(exchange.site.configuration)
        var id: String?
        if let members = fields.object(body.root, at: "", ["id", "protocol"] + AgentInput.names) {
            id = fields.text(members, "id", .slug)
            if let id, id.hasPrefix(Reserved.agentPrefix) {
                fields.add(members, "id", "must not begin with kintsugi-, which is reserved")
            }
            _ = fields.text(members, "protocol", .oneOf(["http"]), required: true)
            input.read(members, isNew: true, &fields)
        }
        try fields.check()
        let slug = AgentID(id ?? exchange.engine.newUUID().description)
        var record = AgentRecord(
            profile: AgentProfile(id: slug, isCallable: false), name: "", kind: .http,
            secrets: [AgentRecord.Secret(value: secret)], createdAt: exchange.now, updatedAt: exchange.now)
        input.apply(to: &record)
        return record
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let inclusions = query.words("include", Inclusion.self)
        var page = try PageWriter.page(
            of: exchange.engine.agents.filter { $0.kind != .channel },
            by: { (-$0.createdAt.milliseconds, $0.profile.id.rawValue) }, &query,
            parameters: ["include"]
        ) { AgentResource($0, forAdmin: exchange.caller.isAdmin) }
        if inclusions.contains(.stats) { try await addStats(to: &page.data, exchange) }
        return Answer(.ok, page)
    }

    private enum Inclusion: String, CaseIterable {
        case stats
    }

    /// Of the last hour; only admins see numbers that come from other users' tasks.
    private static func addStats(to agents: inout [AgentResource], _ exchange: Exchange) async throws {
        guard exchange.caller.isAdmin else {
            for index in agents.indices { agents[index].stats = .some(nil) }
            return
        }
        let stats = try await exchange.stats(of: agents.map { AgentID($0.id) }, window: StatsHandlers.hour)
        for (index, stats) in stats.enumerated() { agents[index].stats = stats }
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        try exchange.checkNoQuery()
        let record = try exchange.agent(id)
        let etag = ETag.text(record.version)
        if exchange.isKnown(etag) { return Answer(.notModified, headers: [.eTag: etag]) }
        return shown(.ok, record, exchange)
    }

    private static func shown(_ status: HTTPResponse.Status, _ record: AgentRecord, _ exchange: Exchange)
        -> Answer
    {
        Answer(
            status, AgentResource(record, forAdmin: exchange.caller.isAdmin),
            headers: [.eTag: ETag.text(record.version)])
    }

    @Sendable static func change(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        try exchange.checkNoQuery()
        let version = try exchange.matchedVersion(of: id)
        let body = try await exchange.body(required: true)
        var fields = Fields(body.bytes)
        var input = AgentInput(exchange.site.configuration)
        if let members = fields.object(body.root, at: "", AgentInput.names) {
            input.read(members, isNew: false, &fields)
        }
        try fields.check()
        let record = try await exchange.engine.updateAgent(
            id, actor: exchange.caller.actor, ifVersion: version
        ) {
            input.apply(to: &$0)
        }
        return shown(.ok, record, exchange)
    }

    @Sendable static func remove(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        var query = exchange.query
        let drain = query.flag("drain") ?? false
        try query.check(["drain"])
        _ = try exchange.matchedVersion(of: id)
        let rest = try await exchange.engine.removeAgent(id, drain: drain, actor: exchange.caller.actor)
        return rest.map { shown(.accepted, $0, exchange) } ?? Answer(.noContent)
    }

    @Sendable static func rotate(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body, isSecret: true) { keeping in
            var fields = Fields(body.bytes)
            let members = fields.object(body.root, at: "", ["overlap_ms"])
            let overlap = members.flatMap { fields.whole($0, "overlap_ms", 0...604_800_000) } ?? 86_400_000
            try fields.check()
            let version = try exchange.matchedVersion(of: id)
            let secret = RandomText.signingSecret()
            let until = exchange.now + overlap
            let record = try await exchange.engine.updateAgent(
                id, actor: exchange.caller.actor, ifVersion: version, event: .agentSecretRotated
            ) { $0.rotate(to: secret, keepingUntil: until, at: exchange.now) }
            let previous = record.secrets.dropFirst().first?.until
            return try await exchange.keep(
                Answer(
                    .ok,
                    AgentSecretResource(id: id.rawValue, secret: secret, previousExpiresAt: previous?.rfc3339)
                ),
                keeping)
        }
    }

    @Sendable static func test(_ exchange: Exchange) async throws -> Answer {
        let id = try exchange.agentID()
        try exchange.checkNoQuery()
        _ = try exchange.agent(id)
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            let members = fields.object(body.root, at: "", ["input"])
            let input = members?.node("input").map { fields.raw($0) }
            try fields.check()
            let begun = exchange.engine.now
            let result = try await exchange.engine.testAgent(id, input: input ?? .null)
            let now = exchange.engine.now
            return try await exchange.keep(
                Answer(.ok, AgentTestResource(result.outcome, duration: max(0, now - begun), at: now)),
                keeping)
        }
    }
}

extension Exchange {
    func agent(_ id: AgentID) throws(Problem) -> AgentRecord {
        guard let record = engine.agent(id), record.kind != .channel else { throw Problem.notFound }
        return record
    }

    /// The agent's version if `If-Match` asks for one; refuses if it is another.
    func matchedVersion(of id: AgentID) throws(Problem) -> Int? {
        let record = try agent(id)
        try checkMatch(record.version)
        return ifMatch == nil ? nil : record.version
    }
}

extension AgentRecord {
    /// Signs with a new secret, and with the old ones for a while.
    mutating func rotate(to secret: String, keepingUntil until: Timestamp, at now: Timestamp) {
        secrets = Secret.rotated(secrets, to: secret, keepingUntil: until, at: now)
    }
}

extension AgentRecord.Secret {
    /// Secrets that sign at the same time.
    private static let most = 3

    /// The new secret, and the old ones for a while.
    static func rotated(
        _ secrets: [Self], to secret: String, keepingUntil until: Timestamp, at now: Timestamp
    ) -> [Self] {
        let kept = secrets.compactMap { old -> Self? in
            let end = min(old.until ?? until, until)
            return end > now ? Self(value: old.value, until: end) : nil
        }
        return [Self(value: secret)] + kept.prefix(most - 1)
    }
}
