import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// The document of a channel's record. Secrets stand in it sealed only.
enum ChannelCodec {
    static func encode(_ channel: AlertChannel, seal: (String) -> String) -> JSONText {
        let (settings, rule) = (channel.settings, channel.rule)
        return JSONText(
            valid: JSONWriter.object(reserving: 512) { json in
                json.member("name", settings.name)
                json.member("kind", settings.kind.rawValue)
                json.member("config") { config(settings.config, seal, into: &$0) }
                json.member("secrets", array: settings.secrets) { json, secret in
                    json.object {
                        $0.member("sealed", seal(secret.value))
                        $0.member("until", secret.until?.milliseconds)
                    }
                }
                json.member("min_severity", rule.minSeverity.rawValue)
                if let match = rule.match { json.member("match") { AlertMatchCodec.write(match, into: &$0) } }
                json.member("enabled", rule.isEnabled)
                json.member("send_resolved", rule.sendsResolved)
                json.member("repeat_interval_ms", rule.repeatInterval)
                json.member("group_interval_ms", rule.groupInterval)
                if let quiet = rule.quietHours { json.member("quiet_hours") { self.quiet(quiet, into: &$0) } }
                json.member("per_hour", rule.perHour)
            })
    }

    private static func config(
        _ config: ChannelSettings.Config, _ seal: (String) -> String, into json: inout JSONWriter
    ) {
        switch config {
        case .webhook(let url), .alertmanager(let url): json.member("url", url)
        case .slack(let url): json.member("sealed", seal(url))
        case .pagerduty(let key, let url):
            json.member("sealed", seal(key))
            json.member("url", url)
        case .email(let email):
            json.member("host", email.host)
            json.member("port", email.port)
            json.member("from", email.from)
            json.member("to", array: email.to) { $0.string($1) }
            json.member("username", email.username)
            json.optional("sealed", email.password.map(seal))
            json.member("tls", email.tls.rawValue)
            json.member("ca_file", email.caFile)
        case .log: break
        }
    }

    private static func quiet(_ quiet: QuietHours, into json: inout JSONWriter) {
        json.member("from", quiet.from)
        json.member("to", quiet.to)
        json.member("utc_offset", quiet.utcOffset)
        json.member("min_severity", quiet.minSeverity.rawValue)
    }

    /// Nil: written by a version that knows more, or sealed with another secret.
    static func decode(_ record: StoredRecord, unseal: (String) -> String?) -> AlertChannel? {
        guard let node = try? JSONNode(parsing: record.document.bytes), let name = node["name"]?.string,
            let kind = node["kind"]?.string.flatMap(ChannelKind.init(rawValue:)),
            let config = node["config"].flatMap({ self.config(kind, $0, unseal) })
        else { return nil }
        let secrets = (node["secrets"]?.array ?? []).compactMap { secret -> AgentRecord.Secret? in
            guard let value = secret["sealed"]?.string.flatMap(unseal) else { return nil }
            return AgentRecord.Secret(
                value: value, until: secret["until"]?.int.map(Timestamp.init(milliseconds:)))
        }
        return AlertChannel(
            settings: ChannelSettings(id: record.key, name: name, config: config, secrets: secrets),
            rule: rule(record, node), createdAt: record.createdAt, updatedAt: record.updatedAt,
            version: record.version)
    }

    private static func rule(_ record: StoredRecord, _ node: JSONNode) -> ChannelRule {
        var rule = ChannelRule(id: record.key, since: record.createdAt)
        rule.minSeverity = node["min_severity"]?.string.flatMap(AlertSeverity.init(rawValue:)) ?? .medium
        rule.match = node["match"].flatMap { $0.isNull ? nil : AlertMatchCodec.read($0) }
        rule.isEnabled = node["enabled"]?.bool ?? true
        rule.sendsResolved = node["send_resolved"]?.bool ?? true
        rule.repeatInterval = node["repeat_interval_ms"]?.int
        rule.groupInterval = node["group_interval_ms"]?.int ?? 60_000
        rule.quietHours = node["quiet_hours"].flatMap(quiet)
        rule.perHour = node["per_hour"]?.int.map { Int(clamping: $0) }
        return rule
    }

    private static func quiet(_ node: JSONNode) -> QuietHours? {
        guard let from = node["from"]?.int, let to = node["to"]?.int else { return nil }
        return QuietHours(
            from: Int(clamping: from), to: Int(clamping: to),
            utcOffset: Int(clamping: node["utc_offset"]?.int ?? 0),
            minSeverity: node["min_severity"]?.string.flatMap(AlertSeverity.init(rawValue:)) ?? .critical)
    }

    private static func config(
        _ kind: ChannelKind, _ node: JSONNode, _ unseal: (String) -> String?
    ) -> ChannelSettings.Config? {
        let secret = node["sealed"]?.string.flatMap(unseal)
        let url = node["url"]?.string
        switch kind {
        case .webhook: return url.map { .webhook(url: $0) }
        case .alertmanager: return url.map { .alertmanager(url: $0) }
        case .slack: return secret.map { .slack(url: $0) }
        case .pagerduty:
            return secret.map {
                .pagerduty(routingKey: $0, url: url ?? ChannelSettings.Config.pagerdutyURL)
            }
        case .email:
            guard let host = node["host"]?.string, let from = node["from"]?.string else { return nil }
            if node["sealed"] != nil, secret == nil { return nil }
            return .email(
                ChannelSettings.Email(
                    host: host, port: Int(clamping: node["port"]?.int ?? 587), from: from,
                    to: (node["to"]?.array ?? []).compactMap(\.string), username: node["username"]?.string,
                    password: secret,
                    tls: node["tls"]?.string.flatMap(ChannelSettings.Email.TLS.init(rawValue:)) ?? .starttls,
                    caFile: node["ca_file"]?.string))
        case .log: return .log
        }
    }
}

/// What an alert must be like, as it is stored and as the API shows it.
package enum AlertMatchCodec {
    static func write(_ match: AlertMatch, into json: inout JSONWriter) {
        json.optional("agent_id", match.agentID?.rawValue)
        json.optional("provider", match.provider?.rawValue)
        json.optional("task_type", match.taskType)
        json.optional("error_type", match.errorType?.rawValue)
        json.optional("user_id", match.user?.rawValue)
        json.optional("cause", match.cause)
        json.optional("kind", match.kind?.rawValue)
        json.optional("max_severity", match.maxSeverity?.rawValue)
    }

    static func read(_ node: JSONNode) -> AlertMatch {
        var match = AlertMatch()
        match.agentID = node["agent_id"]?.string.map { AgentID($0) }
        match.provider = node["provider"]?.string.map { ProviderID($0) }
        match.taskType = node["task_type"]?.string
        match.errorType = node["error_type"]?.string.flatMap(ErrorType.init(rawValue:))
        match.user = node["user_id"]?.string.map { UserID($0) }
        match.cause = node["cause"]?.string
        match.kind = node["kind"]?.string.flatMap(AlertKind.init(rawValue:))
        match.maxSeverity = node["max_severity"]?.string.flatMap(AlertSeverity.init(rawValue:))
        return match
    }
}

/// The document of a silence's record.
enum SilenceCodec {
    static func encode(_ silence: AlertSilence) -> JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("match") { AlertMatchCodec.write(silence.match, into: &$0) }
                json.member("starts_at", silence.startsAt.milliseconds)
                json.member("ends_at", silence.endsAt.milliseconds)
                json.member("comment", silence.comment)
                json.member("created_by", silence.createdBy)
            })
    }

    static func decode(_ record: StoredRecord) -> AlertSilence? {
        guard let id = UUID7(record.key), let node = try? JSONNode(parsing: record.document.bytes),
            let startsAt = node["starts_at"]?.int, let endsAt = node["ends_at"]?.int
        else { return nil }
        return AlertSilence(
            id: id, match: node["match"].map(AlertMatchCodec.read) ?? AlertMatch(),
            startsAt: Timestamp(milliseconds: startsAt), endsAt: Timestamp(milliseconds: endsAt),
            comment: node["comment"]?.string, createdBy: node["created_by"]?.string ?? "system",
            createdAt: record.createdAt)
    }
}

/// What the channels were told of an alert, as it is remembered over a restart.
enum ToldCodec {
    /// Nil: nothing needs to be remembered.
    static func encode(_ told: [String: Told]) -> JSONText? {
        guard !told.isEmpty else { return nil }
        return JSONText(
            valid: JSONWriter.object { json in
                for (channel, told) in told.sorted(by: { $0.key < $1.key }) {
                    json.key(text: channel)
                    json.object {
                        $0.member("at", told.at.milliseconds)
                        $0.member("severity", told.severity.rawValue)
                        $0.member("open", told.open)
                        $0.member("total", told.total)
                        $0.member("raised", told.raised)
                        $0.member("firing", told.isFiring)
                    }
                }
            })
    }

    static func decode(_ document: JSONText) -> [String: Told] {
        var all: [String: Told] = [:]
        for member in (try? JSONNode(parsing: document.bytes))?.object ?? [] {
            let node = member.node
            guard let at = node["at"]?.int, let raised = node["raised"]?.int,
                let severity = node["severity"]?.string.flatMap(AlertSeverity.init(rawValue:))
            else { continue }
            all[member.name] = Told(
                at: Timestamp(milliseconds: at), severity: severity,
                open: Int(clamping: node["open"]?.int ?? 0), total: Int(clamping: node["total"]?.int ?? 0),
                raised: raised, isFiring: node["firing"]?.bool ?? false)
        }
        return all
    }
}

/// How far the alerts were told, and how many notifications each channel has had in its hour.
struct AlertPosition: Sendable {
    static let key = "alerts"
    var position: Int64 = 0
    var hours: [String: NotificationHour] = [:]

    var encoded: JSONText {
        JSONText(
            valid: JSONWriter.object { json in
                json.member("position", position)
                json.member("hours") { json in
                    for (channel, hour) in hours.sorted(by: { $0.key < $1.key }) {
                        json.key(text: channel)
                        json.object {
                            $0.member("from", hour.from.milliseconds)
                            $0.member("sent", hour.sent)
                        }
                    }
                }
            })
    }

    init() {}

    init(_ document: JSONText) {
        guard let node = try? JSONNode(parsing: document.bytes) else { return }
        position = node["position"]?.int ?? 0
        for member in node["hours"]?.object ?? [] {
            guard let from = member.node["from"]?.int, let sent = member.node["sent"]?.int else { continue }
            hours[member.name] = NotificationHour(
                from: Timestamp(milliseconds: from), sent: Int(clamping: sent))
        }
    }
}
