public import KintsugiVocabulary

/// Where alerts are told. Secrets are shown as `•••`.
public struct AlertChannelResource: Resource {
    public var id = ""
    public var kind = ChannelKind.log
    public var name = ""
    /// An object; its members depend on the kind.
    package var config = JSONText(valid: Array("{}".utf8))
    public var minSeverity = AlertSeverity.medium
    public var match: AlertMatchResource?
    public var isEnabled = true
    public var sendsResolved = true
    public var repeatInterval: Int64?
    public var groupInterval: Int64 = 60_000
    public var quietHours: QuietHoursResource?
    public var perHour: Int?
    public var createdAt = ""
    public var updatedAt = ""
    public var version = 1
    public var health = ChannelHealthResource()
    /// Only in the answer to its creation.
    public var secret: String?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("kind", kind.rawValue)
            json.member("name", name)
            json.member("config", json: config)
            json.member("min_severity", minSeverity.rawValue)
            json.member("match", resource: match)
            json.member("enabled", isEnabled)
            json.member("send_resolved", sendsResolved)
            json.member("repeat_interval_ms", repeatInterval)
            json.member("group_interval_ms", groupInterval)
            json.member("quiet_hours", resource: quietHours)
            if let perHour {
                json.member("rate") { $0.member("per_hour", perHour) }
            } else {
                json.key("rate")
                json.null()
            }
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
            json.member("version", version)
            json.member("health", resource: health)
            json.optional("secret", secret)
        }
    }
}

/// Which alerts; what is null fits every one.
public struct AlertMatchResource: Resource {
    /// Names and values, in the order in which they are shown.
    package var members: [(name: String, value: String?)]

    package init(members: [(name: String, value: String?)]) { self.members = members }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            for member in members {
                json.key(text: member.name)
                if let value = member.value { json.string(value) } else { json.null() }
            }
        }
    }
}

public struct QuietHoursResource: Resource {
    /// `22:00`, local time.
    public var from: String
    public var to: String
    public var utcOffset: Int
    public var minSeverity: AlertSeverity

    package init(from: String, to: String, utcOffset: Int, minSeverity: AlertSeverity) {
        self.from = from
        self.to = to
        self.utcOffset = utcOffset
        self.minSeverity = minSeverity
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("from", from)
            $0.member("to", to)
            $0.member("utc_offset_minutes", utcOffset)
            $0.member("min_severity", minSeverity.rawValue)
        }
    }
}

/// Whether a channel can be reached, as far as its deliveries have told.
public struct ChannelHealthResource: Resource {
    public enum State: String, Sendable, CaseIterable {
        case ok, failing, unknown
    }

    public var state = State.unknown
    public var lastDeliveryAt: String?
    public var lastError: String?

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("state", state.rawValue)
            $0.member("last_delivery_at", lastDeliveryAt)
            $0.member("last_error", lastError)
        }
    }
}

/// One notification that was handed to a channel; its id is that of the task that delivers it.
public struct AlertDeliveryResource: Resource {
    public enum Status: String, Sendable, CaseIterable {
        case pending, delivered, failed
    }

    public var id = ""
    public var status = Status.pending
    public var event = ""
    public var reason = ""
    public var alertID: String?
    public var attempts = 0
    public var httpStatus: Int?
    public var error: ErrorResource?
    public var duration: Int64?
    public var createdAt = ""
    public var finishedAt: String?
    /// What the channel was given to tell, without secrets.
    package var request = JSONText.null

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("status", status.rawValue)
            json.member("event", event)
            json.member("reason", reason)
            json.member("alert_id", alertID)
            json.member("attempts", attempts)
            json.member("http_status", httpStatus)
            json.member("error", resource: error)
            json.member("duration_ms", duration)
            json.member("created_at", createdAt)
            json.member("finished_at", finishedAt)
            json.member("request", json: request)
        }
    }
}

/// A test and how it went.
public struct AlertTestResource: Resource {
    public var delivery: AlertDeliveryResource

    package init(delivery: AlertDeliveryResource) { self.delivery = delivery }

    package func write(to json: inout JSONWriter) {
        json.object { $0.member("delivery", resource: delivery) }
    }
}

/// Nobody is told of what it covers while it lasts.
public struct AlertSilenceResource: Resource {
    public var id = ""
    public var match = AlertMatchResource(members: [])
    public var startsAt = ""
    public var endsAt = ""
    public var comment: String?
    public var createdBy = ""
    public var createdAt = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("match", resource: match)
            json.member("starts_at", startsAt)
            json.member("ends_at", endsAt)
            json.member("comment", comment)
            json.member("created_by", createdBy)
            json.member("created_at", createdAt)
        }
    }
}
