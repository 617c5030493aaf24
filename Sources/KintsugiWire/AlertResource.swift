public import KintsugiVocabulary

/// Something that needs a person.
public struct AlertResource: Resource {
    public var id = ""
    public var status = AlertStatus.firing
    public var severity = AlertSeverity.medium
    public var kind = AlertKind.task
    public var title = ""
    public var summary = ""
    public var cause: String?
    public var userID: String?
    public var provider = ""
    public var agentID: String?
    public var taskType: String?
    public var error: AlertErrorResource?
    /// Tasks that are not cured.
    public var count = 0
    /// Tasks ever.
    public var total = 0
    /// The newest, at most 20.
    public var taskIDs: [String] = []
    /// Money of the tasks that are not cured.
    public var value: [Money] = []
    public var firstRaisedAt = ""
    public var lastRaisedAt = ""
    public var acknowledgedAt: String?
    public var acknowledgedBy: String?
    public var resolvedAt: String?
    public var resolvedBy: String?
    public var note: String?
    public var isSilenced = false
    public var notificationsSent = 0
    public var lastNotifiedAt: String?
    public var url = ""

    package init() {}

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("status", status.rawValue)
            json.member("severity", severity.rawValue)
            json.member("kind", kind.rawValue)
            json.member("title", title)
            json.member("summary", summary)
            json.member("cause", cause)
            json.member("user_id", userID)
            json.member("provider", provider)
            json.member("agent_id", agentID)
            json.member("task_type", taskType)
            json.member("error_type", error?.type.rawValue)
            json.member("error", resource: error)
            json.member("count", count)
            json.member("total", total)
            json.member("task_ids", texts: taskIDs)
            json.member("value", money: value)
            json.member("first_raised_at", firstRaisedAt)
            json.member("last_raised_at", lastRaisedAt)
            json.member("acknowledged_at", acknowledgedAt)
            json.member("acknowledged_by", acknowledgedBy)
            json.member("resolved_at", resolvedAt)
            json.member("resolved_by", resolvedBy)
            json.member("note", note)
            json.member("silenced", isSilenced)
            json.member("notifications") {
                $0.member("sent", notificationsSent)
                $0.member("last_at", lastNotifiedAt)
            }
            json.member("url", url)
        }
    }
}

/// What went wrong, without secrets.
public struct AlertErrorResource: Resource {
    public var type: ErrorType
    public var message: String
    public var httpStatus: Int?

    package init(type: ErrorType, message: String, httpStatus: Int?) {
        self.type = type
        self.message = message
        self.httpStatus = httpStatus
    }

    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("type", type.rawValue)
            $0.member("message", message)
            $0.member("http_status", httpStatus)
        }
    }
}
