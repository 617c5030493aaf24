import HTTPTypes
import Kintsugi
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire

/// Alert channels and what they were told.
enum ChannelHandlers {
    @Sendable static func create(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: true)
        return try await exchange.once(body, isSecret: true) { keeping in
            let channel = try newChannel(body, exchange)
            let answer = created(channel)
            _ = try await exchange.site.alerts.save(
                channel, isNew: true, actor: exchange.caller.actor, idempotency: keeping.record(answer))
            return answer
        }
    }

    private static func created(_ channel: AlertChannel) -> Answer {
        var resource = AlertChannelResource(channel, health: ChannelHealthResource())
        resource.secret = channel.settings.secrets.first?.value
        return Answer(
            .created, resource,
            headers: [
                .location: Paths.filled(Paths.alertChannel, channel.id), .eTag: ETag.text(channel.version),
            ])
    }

    private static func newChannel(_ body: Body, _ exchange: Exchange) throws(Problem) -> AlertChannel {
        var fields = Fields(body.bytes)
        let (id, now) = (exchange.engine.newUUID().description, exchange.now)
        var channel = AlertChannel(
            settings: ChannelSettings(id: id, name: "", config: .log), rule: ChannelRule(id: id, since: now),
            createdAt: now, updatedAt: now)
        if let members = fields.object(body.root, at: "", ["kind"] + ChannelInput.names),
            let kind = fields.word(members, "kind", ChannelKind.self, required: true)
        {
            exchange.channelInput.read(members, kind, isNew: true, &fields, into: &channel)
        }
        try fields.check()
        if channel.settings.kind == .webhook {
            channel.settings.secrets = [AgentRecord.Secret(value: RandomText.signingSecret())]
        }
        return channel
    }

    @Sendable static func list(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var page = try PageWriter.page(
            of: exchange.site.alerts.channels, by: { (-$0.createdAt.milliseconds, $0.id) }, &query
        ) { AlertChannelResource($0, health: ChannelHealthResource()) }
        for index in page.data.indices {
            page.data[index].health = try await exchange.health(of: page.data[index].id)
        }
        return Answer(.ok, page)
    }

    @Sendable static func show(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        return try await shown(try exchange.channel(), exchange)
    }

    private static func shown(_ channel: AlertChannel, _ exchange: Exchange) async throws -> Answer {
        let health = try await exchange.health(of: channel.id)
        return Answer(
            .ok, AlertChannelResource(channel, health: health),
            headers: [.eTag: ETag.text(channel.version)])
    }

    @Sendable static func change(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        var channel = try exchange.channel()
        try exchange.checkMatch(channel.version)
        let body = try await exchange.body(required: true)
        var fields = Fields(body.bytes)
        if let members = fields.object(body.root, at: "", ChannelInput.names) {
            exchange.channelInput.read(
                members, channel.settings.kind, isNew: false, &fields, into: &channel)
        }
        try fields.check()
        let saved = try await exchange.site.alerts.save(
            channel, isNew: false, actor: exchange.caller.actor)
        return try await shown(saved, exchange)
    }

    @Sendable static func remove(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let channel = try exchange.channel()
        try exchange.checkMatch(channel.version)
        try await exchange.site.alerts.remove(channel, actor: exchange.caller.actor)
        return Answer(.noContent)
    }

    @Sendable static func rotate(_ exchange: Exchange) async throws -> Answer {
        try exchange.checkNoQuery()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body, isSecret: true) { keeping in
            var fields = Fields(body.bytes)
            let members = fields.object(body.root, at: "", ["overlap_ms"])
            let overlap = members.flatMap { fields.whole($0, "overlap_ms", 0...604_800_000) } ?? 86_400_000
            try fields.check()
            var channel = try exchange.channel()
            try exchange.checkMatch(channel.version)
            guard channel.settings.kind == .webhook else {
                throw Problem(.conflict, "Only webhooks are signed; this channel has no secret of ours.")
            }
            let secret = RandomText.signingSecret()
            channel.settings.secrets = AgentRecord.Secret.rotated(
                channel.settings.secrets, to: secret, keepingUntil: exchange.now + overlap,
                at: exchange.now)
            let until = channel.settings.secrets.dropFirst().first?.until
            let answer = Answer(
                .ok,
                AgentSecretResource(id: channel.id, secret: secret, previousExpiresAt: until?.rfc3339))
            _ = try await exchange.site.alerts.save(
                channel, isNew: false, actor: exchange.caller.actor, idempotency: keeping.record(answer))
            return answer
        }
    }

    // MARK: Deliveries

    /// How long an answer waits for the test to end.
    private static let testWait: Milliseconds = 10_000

    @Sendable static func test(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let waits = query.flag("wait") ?? true
        try query.check(["wait"])
        let channel = try exchange.channel()
        let body = try await exchange.body(required: false)
        return try await exchange.once(body) { keeping in
            var fields = Fields(body.bytes)
            _ = fields.object(body.root, at: "", [])
            try fields.check()
            let task = try await exchange.site.alerts.test(channel, wait: waits ? testWait : 0)
            let delivery = try await exchange.deliveries([task])[0]
            return try await exchange.keep(
                Answer(.accepted, AlertTestResource(delivery: delivery)), keeping)
        }
    }

    @Sendable static func deliveries(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        var wanted = TaskQuery()
        wanted.isInternal = true
        wanted.limit = query.limit()
        wanted.before = query.numberCursor().map(PageCursor.init(before:))
        try query.check(["limit", "cursor"])
        wanted.agent = try exchange.channel().agentID
        let (store, asked) = (exchange.engine.store, wanted)
        let page = try await exchange.engine.reading { () async throws(StoreError) in
            try await store.tasks(asked)
        }
        let shown = try await exchange.deliveries(page.elements)
        let told = Page(elements: Array(zip(page.elements, shown)), next: page.next)
        return Answer(.ok, json: PageWriter.page(told, number: \.0.number.rawValue) { $0.1 })
    }
}

extension Exchange {
    var channelInput: ChannelInput { ChannelInput(addressFault: site.configuration.addressFault) }

    func channel() throws(Problem) -> AlertChannel {
        guard let channel = site.alerts.channel(try parameter("id")) else { throw .notFound }
        return channel
    }

    /// These deliveries with how their last attempts went.
    func deliveries(_ tasks: [StoredTask]) async throws -> [AlertDeliveryResource] {
        var rest = tasks[...]
        var shown: [AlertDeliveryResource] = []
        let store = engine.store
        while !rest.isEmpty {
            let some = Array(rest)
            let stories = try await engine.reading { () async throws(StoreError) in
                try await store.attemptStories(of: some, attempts: 1)
            }
            shown += zip(some, stories).map { AlertDeliveryResource($0, $1) }
            rest = rest.dropFirst(max(1, stories.count))
        }
        return shown
    }

    func health(of id: String) async throws -> ChannelHealthResource {
        var tried = TaskQuery()
        tried.agent = Reserved.agent(ofChannel: id)
        tried.isInternal = true
        tried.minAttempts = 1
        tried.limit = 1
        let (store, asked) = (engine.store, tried)
        let newest = try await engine.reading { () async throws(StoreError) in
            try await store.tasks(asked).elements
        }
        return ChannelHealthResource(
            breaker: engine.breakerState(Reserved.provider(ofChannel: id)),
            newest: try await deliveries(newest).first)
    }
}
