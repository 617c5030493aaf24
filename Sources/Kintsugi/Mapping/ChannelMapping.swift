package import KintsugiCore
package import KintsugiEngine
package import KintsugiStore
package import KintsugiVocabulary
package import KintsugiWire

extension AlertChannelResource {
    package init(_ channel: AlertChannel, health: ChannelHealthResource) {
        self.init()
        let (settings, rule) = (channel.settings, channel.rule)
        id = settings.id
        kind = settings.kind
        name = settings.name
        config = JSONText(valid: JSONWriter.object { Self.write(settings.config, into: &$0) })
        minSeverity = rule.minSeverity
        match = rule.match.map(AlertMatchResource.init(ofChannel:))
        isEnabled = rule.isEnabled
        sendsResolved = rule.sendsResolved
        repeatInterval = rule.repeatInterval
        groupInterval = rule.groupInterval
        quietHours = rule.quietHours.map(QuietHoursResource.init)
        perHour = rule.perHour
        createdAt = channel.createdAt.rfc3339
        updatedAt = channel.updatedAt.rfc3339
        version = channel.version
        self.health = health
    }

    private static func write(_ config: ChannelSettings.Config, into json: inout JSONWriter) {
        switch config {
        case .webhook(let url), .alertmanager(let url): json.member("url", url)
        case .slack: json.member("url", Redaction.mask)
        case .pagerduty(_, let url):
            json.member("routing_key", Redaction.mask)
            json.member("url", url)
        case .email(let email):
            json.member("host", email.host)
            json.member("port", email.port)
            json.member("from", email.from)
            json.member("to", texts: email.to)
            json.member("username", email.username)
            json.member("password", email.password == nil ? nil : Redaction.mask)
            json.member("tls", email.tls.rawValue)
            json.member("ca_file", email.caFile)
        case .log: break
        }
    }
}

extension AlertMatchResource {
    package init(ofChannel match: AlertMatch) {
        self.init(members: [
            ("agent_id", match.agentID?.rawValue), ("task_type", match.taskType),
            ("user_id", match.user?.rawValue), ("error_type", match.errorType?.rawValue),
            ("kind", match.kind?.rawValue),
        ])
    }

    package init(ofSilence match: AlertMatch) {
        self.init(members: [
            ("agent_id", match.agentID?.rawValue), ("provider", match.provider?.rawValue),
            ("task_type", match.taskType), ("error_type", match.errorType?.rawValue),
            ("cause", match.cause), ("user_id", match.user?.rawValue),
            ("max_severity", match.maxSeverity?.rawValue),
        ])
    }
}

extension QuietHoursResource {
    init(_ quiet: QuietHours) {
        func clock(_ minutes: Int) -> String {
            let digits = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
            return "\(digits(minutes / 60)):\(digits(minutes % 60))"
        }
        self.init(
            from: clock(quiet.from), to: clock(quiet.to), utcOffset: quiet.utcOffset,
            minSeverity: quiet.minSeverity)
    }
}

extension ChannelHealthResource {
    /// - Parameter newest: its latest delivery that has been tried; nil: there is none.
    package init(breaker: BreakerState, newest: AlertDeliveryResource?) {
        self.init()
        if breaker != .closed {
            state = .failing
        } else if let newest {
            state = newest.error == nil ? .ok : .failing
        }
        lastDeliveryAt = newest.map { $0.finishedAt ?? $0.createdAt }
        lastError = newest?.error?.message
    }
}

extension AlertDeliveryResource {
    /// - Parameter story: from which its last attempt is told.
    package init(_ task: StoredTask, _ story: [RecordedEvent]) {
        self.init()
        let state = task.state
        id = state.id.description
        status =
            switch state.phase {
            case .completed: .delivered
            case .failed, .cancelled: .failed
            default: .pending
            }
        let input = try? JSONNode(parsing: state.input.bytes)
        event = input?["event"]?.string ?? ""
        reason = input?["reason"]?.string ?? ""
        alertID = reason == "test" || reason == "digest" ? nil : input?["alert"]?["id"]?.string
        attempts = state.attempts
        let last = AttemptFold(of: state, in: story).attempts.last
        httpStatus = last?.httpStatus
        duration = last?.duration
        if state.status != .completed, let failed = state.lastFailure {
            var shown = ErrorResource(failed.failure, at: failed.at)
            shown.message = Redaction.text(shown.message)
            error = shown
        }
        createdAt = state.createdAt.rfc3339
        finishedAt = state.finishedAt?.rfc3339
        request = Redaction.json(state.input)
    }
}

extension AlertSilenceResource {
    package init(_ silence: AlertSilence) {
        self.init()
        id = silence.id.description
        match = AlertMatchResource(ofSilence: silence.match)
        startsAt = silence.startsAt.rfc3339
        endsAt = silence.endsAt.rfc3339
        comment = silence.comment
        createdBy = Actor.shown(silence.createdBy)
        createdAt = silence.createdAt.rfc3339
    }
}

/// What a channel is given to tell: the input of a delivery's task.
package enum DeliveryDocument {
    /// - Parameter base: the address of the dashboard, without a slash at its end.
    package static func render(_ notification: Notification, base: String) -> JSONText {
        let alerts = notification.alerts.map { resource(of: $0, notification.reason, base: base) }
        return JSONText(
            valid: JSONWriter.object(reserving: 1024) { json in
                json.member("event", event(notification.reason))
                json.member("channel_id", notification.channel)
                json.member("reason", notification.reason.rawValue)
                json.member("alert", resource: alerts.first)
                if notification.reason == .digest {
                    json.member("alerts", resources: alerts)
                    json.member("alert_count", notification.count)
                }
                json.optional("previous_severity", notification.previousSeverity?.rawValue)
                json.member("url", notification.reason == .digest ? "\(base)/alerts" : alerts.first?.url)
            })
    }

    private static func event(_ reason: Notification.Reason) -> String {
        switch reason {
        case .new, .count, .severity, .repeat: "alert.raised"
        case .recovery: "alert.resolved"
        case .digest: "alert.digest"
        case .test: "alert.test"
        }
    }

    private static func resource(of alert: Alert, _ reason: Notification.Reason, base: String)
        -> AlertResource
    {
        var resource = AlertResource(alert, isSilenced: false, base: base)
        guard reason == .test else { return resource }
        resource.title = "A test of this channel"
        resource.summary = "If you can read this, alerts arrive here."
        resource.url = "\(base)/alerts"
        return resource
    }
}
