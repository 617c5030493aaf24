public import KintsugiVocabulary

/// The dead letters of one cause.
public struct CauseGroupResource: Resource {
    public var group = ""
    public var errorType = ErrorType.timeout
    public var errorClass = ErrorClass.permanent
    public var httpStatus: Int?
    public var provider = ""
    /// The message without what differs from case to case.
    public var pattern = ""
    public var title = ""
    /// In the status that was asked for.
    public var count = 0
    /// Ever.
    public var total = 0
    public var firstSeen = ""
    public var lastSeen = ""
    public var agents: [String] = []
    public var value: [Money] = []
    /// That of the newest entry, with the severity that it has as a whole.
    public var alert: AlertMarkResource?
    public var sample: FailedTaskSampleResource

    package init(sample: FailedTaskSampleResource) { self.sample = sample }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("group", group)
            json.member("error_type", errorType.rawValue)
            json.member("class", errorClass.rawValue)
            json.member("http_status", httpStatus)
            json.member("provider", provider)
            json.member("pattern", pattern)
            json.member("title", title)
            json.member("count", count)
            json.member("total", total)
            json.member("first_seen", firstSeen)
            json.member("last_seen", lastSeen)
            json.member("agents", texts: agents)
            json.member("value", money: value)
            json.member("sample", resource: sample)
            json.member("alert", resource: alert)
            json.member("suggested_strategies", texts: sample.entry.suggestedStrategies)
        }
    }
}
