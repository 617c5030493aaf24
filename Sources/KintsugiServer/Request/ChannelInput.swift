import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Reads an alert channel to make, or changes to one (a JSON merge patch but for `config`, which is replaced whole).
struct ChannelInput {
    let addressFault: @Sendable (String) -> String?

    static let names = [
        "name", "config", "min_severity", "match", "enabled", "send_resolved", "repeat_interval_ms",
        "group_interval_ms", "quiet_hours", "rate",
    ]

    /// Reads what is given into the channel; what is left out stays.
    func read(
        _ members: Fields.Members, _ kind: ChannelKind, isNew: Bool, _ fields: inout Fields,
        into channel: inout AlertChannel
    ) {
        if isNew || members.node("name") != nil {
            channel.settings.name = fields.text(members, "name", .free(1...200), required: true) ?? ""
        }
        if isNew || members.node("config") != nil {
            let old = isNew ? nil : channel.settings.config
            if let config = config(members, kind, old, &fields) { channel.settings.config = config }
        }
        if members.node("min_severity") != nil {
            channel.rule.minSeverity = fields.word(members, "min_severity", AlertSeverity.self) ?? .medium
        }
        if members.node("match") != nil { channel.rule.match = Self.match(members, &fields) }
        if members.node("enabled") != nil {
            channel.rule.isEnabled = fields.flag(members, "enabled") ?? true
        }
        if members.node("send_resolved") != nil {
            channel.rule.sendsResolved = fields.flag(members, "send_resolved") ?? true
        }
        readTimes(members, &fields, into: &channel.rule)
    }

    /// Null means never for repeats, none for quiet hours, and no limit for the rate.
    private func readTimes(
        _ members: Fields.Members, _ fields: inout Fields, into rule: inout ChannelRule
    ) {
        if members.node("repeat_interval_ms") != nil {
            rule.repeatInterval = fields.whole(members, "repeat_interval_ms", 100...2_592_000_000)
        }
        if members.node("group_interval_ms") != nil {
            rule.groupInterval = fields.whole(members, "group_interval_ms", 100...86_400_000) ?? 60_000
        }
        if members.node("quiet_hours") != nil { rule.quietHours = Self.quietHours(members, &fields) }
        if members.node("rate") != nil {
            let rate = fields.object(members, "rate", ["per_hour"])
            if let rate, fields.given(rate, "per_hour") == nil { fields.add(rate, "per_hour", "is required") }
            rule.perHour = rate.flatMap { fields.whole($0, "per_hour", 1...100_000) }.map {
                Int(clamping: $0)
            }
        }
    }

    private static func quietHours(_ members: Fields.Members, _ fields: inout Fields) -> QuietHours? {
        let names = ["from", "to", "utc_offset_minutes", "min_severity"]
        guard let given = fields.object(members, "quiet_hours", names) else { return nil }
        let from = clock(given, "from", &fields)
        let to = clock(given, "to", &fields)
        let offset = fields.whole(given, "utc_offset_minutes", -840...840) ?? 0
        let least = fields.word(given, "min_severity", AlertSeverity.self) ?? .critical
        guard let from, let to else { return nil }
        if from == to { fields.add(given, "to", "must not be the same as from") }
        return QuietHours(from: from, to: to, utcOffset: Int(clamping: offset), minSeverity: least)
    }

    /// Minutes of the day.
    private static func clock(_ members: Fields.Members, _ name: String, _ fields: inout Fields) -> Int? {
        guard let text = fields.text(members, name, .free(0...64), required: true) else { return nil }
        let digits = text.utf8.map { Int($0) - 48 }
        if digits.count == 5, digits[2] == 10, [0, 1, 3, 4].allSatisfy({ (0...9).contains(digits[$0]) }) {
            let (hours, minutes) = (digits[0] * 10 + digits[1], digits[3] * 10 + digits[4])
            if hours < 24, minutes < 60 { return hours * 60 + minutes }
        }
        fields.add(members, name, "must be a time of day such as 22:00")
        return nil
    }

    private static func match(_ members: Fields.Members, _ fields: inout Fields) -> AlertMatch? {
        let names = ["agent_id", "task_type", "user_id", "error_type", "kind"]
        guard let given = fields.object(members, "match", names) else { return nil }
        var match = AlertMatchInput.common(given, &fields)
        match.kind = fields.word(given, "kind", AlertKind.self)
        return match
    }

    // MARK: Where it leads

    private func config(
        _ members: Fields.Members, _ kind: ChannelKind, _ old: ChannelSettings.Config?,
        _ fields: inout Fields
    ) -> ChannelSettings.Config? {
        if kind == .log, fields.given(members, "config") == nil { return .log }
        if fields.given(members, "config") == nil { fields.add(members, "config", "is required") }
        guard let given = fields.object(members, "config", Self.names(of: kind)) else { return nil }
        switch kind {
        case .log: return .log
        case .webhook: return address(given, "url", &fields).map { .webhook(url: $0) }
        case .alertmanager: return address(given, "url", &fields).map { .alertmanager(url: $0) }
        case .slack:
            if case .slack(let url)? = old, isMasked(given, "url") { return .slack(url: url) }
            return address(given, "url", &fields).map { .slack(url: $0) }
        case .pagerduty: return pagerduty(given, old, &fields)
        case .email: return email(given, old, &fields)
        }
    }

    private static func names(of kind: ChannelKind) -> [String] {
        switch kind {
        case .webhook, .slack, .alertmanager: ["url"]
        case .pagerduty: ["routing_key", "url"]
        case .email: ["host", "port", "from", "to", "username", "password", "tls", "ca_file"]
        case .log: []
        }
    }

    /// Whether a secret came back as it is shown: then it stays.
    private func isMasked(_ members: Fields.Members, _ name: String) -> Bool {
        members.node(name)?.string == Redaction.mask
    }

    private func address(_ members: Fields.Members, _ name: String, _ fields: inout Fields) -> String? {
        guard let url = fields.text(members, name, .free(0...8192), required: true) else { return nil }
        guard let fault = CallbackURL.fault(url) ?? addressFault(url) else { return url }
        fields.add(members, name, fault)
        return nil
    }

    private func pagerduty(
        _ members: Fields.Members, _ old: ChannelSettings.Config?, _ fields: inout Fields
    ) -> ChannelSettings.Config? {
        var url = ChannelSettings.Config.pagerdutyURL
        if fields.given(members, "url") != nil { url = address(members, "url", &fields) ?? url }
        if case .pagerduty(let key, _)? = old, isMasked(members, "routing_key") {
            return .pagerduty(routingKey: key, url: url)
        }
        let key = fields.text(members, "routing_key", .visible(1...256), required: true)
        return key.map { .pagerduty(routingKey: $0, url: url) }
    }

    private func email(
        _ members: Fields.Members, _ old: ChannelSettings.Config?, _ fields: inout Fields
    ) -> ChannelSettings.Config? {
        let host = fields.text(members, "host", .visible(1...253), required: true)
        if let host, let fault = hostFault(host) { fields.add(members, "host", fault) }
        let port = fields.whole(members, "port", 1...65_535) ?? 587
        let from = fields.text(members, "from", .free(1...500), required: true)
        if let from, MailAddress(from) == nil { fields.add(members, "from", Self.noAddress) }
        let to = recipients(members, &fields)
        let username = fields.text(members, "username", .printable(1...256))
        let password: String?
        if case .email(let known)? = old, isMasked(members, "password") {
            password = known.password
        } else {
            password = fields.text(members, "password", .free(1...4096))
        }
        if (username == nil) != (password == nil) {
            fields.add(members, username == nil ? "username" : "password", "is required with the other")
        }
        let tls = fields.word(members, "tls", ChannelSettings.Email.TLS.self) ?? .starttls
        let caFile = fields.text(members, "ca_file", .free(1...4096))
        guard let host, let from, let to else { return nil }
        return .email(
            ChannelSettings.Email(
                host: host, port: Int(clamping: port), from: from, to: to, username: username,
                password: password, tls: tls, caFile: caFile))
    }

    private static let noAddress =
        "must be a mail address such as ops@example.com or On call <ops@example.com>"

    /// A host is what stands in an address.
    private func hostFault(_ host: String) -> String? {
        let url = "http://\(host.contains(":") ? "[\(host)]" : host)/"
        if CallbackURL.fault(url) != nil || host.contains("/") { return "must be a host's name or address" }
        return addressFault(url)
    }

    private func recipients(_ members: Fields.Members, _ fields: inout Fields) -> [String]? {
        guard let nodes = fields.list(members, "to", 1...50, required: true) else { return nil }
        let pointer = Fields.pointer(members.pointer, "to")
        return nodes.enumerated().compactMap { index, node in
            guard let text = node.string, MailAddress(text) != nil else {
                fields.add("\(pointer)/\(index)", Self.noAddress)
                return nil
            }
            return text
        }
    }
}

/// Reads what an alert must be like.
enum AlertMatchInput {
    static func common(_ given: Fields.Members, _ fields: inout Fields) -> AlertMatch {
        var match = AlertMatch()
        match.agentID = fields.text(given, "agent_id", .slug).map { AgentID($0) }
        match.taskType = fields.text(given, "task_type", .word(100))
        match.user = fields.text(given, "user_id", .userID).map { UserID($0) }
        match.errorType = fields.word(given, "error_type", ErrorType.self)
        return match
    }

    /// Of a silence, which must cover something and not everything by mistake.
    static func ofSilence(_ members: Fields.Members, _ fields: inout Fields) -> AlertMatch {
        let names = [
            "agent_id", "provider", "task_type", "error_type", "cause", "user_id", "max_severity",
        ]
        if fields.given(members, "match") == nil { fields.add(members, "match", "is required") }
        guard let given = fields.object(members, "match", names) else { return AlertMatch() }
        var match = common(given, &fields)
        match.provider = fields.text(given, "provider", .visible(1...128)).map { ProviderID($0) }
        match.cause = fields.text(given, "cause", .visible(1...64))
        match.maxSeverity = fields.word(given, "max_severity", AlertSeverity.self)
        if match == AlertMatch(), names.allSatisfy({ given.node($0) == nil }) {
            fields.add(members, "match", "must name something; max_severity critical covers everything")
        }
        return match
    }
}
