package import KintsugiCore
package import KintsugiEngine
package import KintsugiVocabulary

/// One message to one channel: all that a renderer may know.
package struct Delivery: Sendable {
    /// The delivery's task, which stays the same however often it is tried.
    package var taskID: TaskID
    package var channel: ChannelSettings
    package var payload: DeliveryPayload
    /// The server's address without a slash at its end.
    package var baseURL: String
    /// The time of this attempt.
    package var now: Timestamp

    package init(
        taskID: TaskID, channel: ChannelSettings, payload: DeliveryPayload, baseURL: String, now: Timestamp
    ) {
        self.taskID = taskID
        self.channel = channel
        self.payload = payload
        self.baseURL = baseURL
        self.now = now
    }

    /// When it was decided to tell this; the same at every attempt.
    var createdAt: Timestamp { Timestamp(milliseconds: taskID.uuid.milliseconds) }
    var alert: AlertReport { payload.alert }
    var story: AlertStory { AlertStory(self) }
}

/// What goes out for a delivery.
package enum Outgoing: Sendable {
    case post(HTTPPost)
    case mail(MailMessage, ChannelSettings.Email)
    case log(LogLine)

    package struct HTTPPost: Sendable {
        package var url: String
        package var headers: [(name: String, value: String)] = []
        package var body: [UInt8]
    }

    /// Renders the delivery for its kind of channel; nil if mail addresses are none.
    package init?(_ delivery: Delivery) {
        switch delivery.channel.config {
        case .webhook(let url): self = .post(WebhookRenderer.post(delivery, url: url))
        case .slack(let url): self = .post(HTTPPost(url: url, body: SlackRenderer.body(delivery)))
        case .pagerduty(let key, let url):
            self = .post(HTTPPost(url: url, body: PagerDutyRenderer.body(delivery, routingKey: key)))
        case .alertmanager(let url):
            self = .post(
                HTTPPost(
                    url: AlertmanagerRenderer.endpoint(url), body: AlertmanagerRenderer.body(delivery)))
        case .email(let server):
            guard let mail = MailRenderer.message(delivery, server: server) else { return nil }
            self = .mail(mail, server)
        case .log: self = .log(LogRenderer.line(delivery))
        }
    }

    /// The message as a person may see it in the delivery log: without the channel's secrets.
    package static func preview(of delivery: Delivery) -> String? {
        guard let outgoing = Outgoing(delivery) else { return nil }
        let text =
            switch outgoing {
            case .post(let post): String(decoding: post.body, as: UTF8.self)
            case .mail(let mail, _): mail.preview
            case .log(let line): line.description
            }
        return delivery.channel.hidingSecrets(in: text)
    }
}
