import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Logging
import Testing

@Suite("What channels are told")
struct RendererTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private let slack = ChannelSettings.Config.slack(url: "https://hooks.slack.com/services/T/B/secret-part")
    private let pagerduty = ChannelSettings.Config.pagerduty(routingKey: Self.key)
    private let alertmanager = ChannelSettings.Config.alertmanager(url: "http://alerts:9093")
    private let webhook = ChannelSettings.Config.webhook(url: "https://example.com/hook")

    private static let hostile =
        #""<!channel> &amp; <https://evil.example|click>\r\nBcc: all@example.com\u202e\u0000 *bold* `x` \"q\"""#

    private var all: [ChannelSettings.Config] {
        [slack, pagerduty, alertmanager, webhook, Deliveries.email(), .log]
    }

    @Test("A payload that is none is nothing; what is missing in one has its usual value")
    func payload() throws {
        for text in [
            "null", "[]", "{}", #"{"event":"alert.lost","alert":{}}"#, #"{"event":"alert.raised"}"#, "x",
        ] {
            #expect(DeliveryPayload(JSONText(valid: Array(text.utf8))) == nil, "\(text)")
        }
        let text = #"{"event":"alert.resolved","alert":{}}"#
        let bare = try #require(DeliveryPayload(JSONText(valid: Array(text.utf8))))
        #expect((bare.event, bare.reason) == (.resolved, .recovery))
        #expect(bare.alert.severity == .medium && bare.alert.id.isEmpty && bare.previousSeverity == nil)
    }

    @Test("Every kind can tell every event, even of an alert that says nothing about itself")
    func total() throws {
        let empty = #"{"event":"EVENT","alert":{"error":null,"value":[{}],"task_ids":[1]}}"#
        for event in DeliveryPayload.Event.allCases {
            let text = empty.replacing("EVENT", with: event.rawValue)
            for config in all {
                let payload = try #require(DeliveryPayload(JSONText(valid: Array(text.utf8))))
                let delivery = Delivery(
                    taskID: Calls.taskID, channel: ChannelSettings(id: "", name: "", config: config),
                    payload: payload, baseURL: "http://127.0.0.1:7420", now: Deliveries.now)
                let preview = try #require(Outgoing.preview(of: delivery))
                #expect(!preview.isEmpty)
            }
        }
    }

    @Test("A webhook gets the alert as it is, signed; its id and its body stay the same at every attempt")
    func webhooks() throws {
        let secret = Signature.newSecret(Array(1...32))
        let old = AgentRecord.Secret(value: Signature.newSecret(Array(2...33)), until: Deliveries.now + -1)
        var delivery = try Deliveries.delivery(webhook, secrets: [.init(value: secret), old])
        guard case .post(let first) = Outgoing(delivery) else { throw UnexpectedOutcome() }
        delivery.now = delivery.now + 60_000
        guard case .post(let second) = Outgoing(delivery) else { throw UnexpectedOutcome() }
        #expect(first.body == second.body)
        let node = try JSONNode(parsing: first.body)
        #expect(node.text("type") == "alert.raised" && node.text("timestamp") == "2026-01-31T09:30:00.000Z")
        let data = try #require(node["data"])
        #expect(String(decoding: first.body[data.range], as: UTF8.self) == Deliveries.alert())
        var headers: [String: String] = [:]
        for (name, value) in second.headers { headers[name] = value }
        #expect(headers["webhook-id"] == "\(Calls.taskID)" && headers["idempotency-key"] == "\(Calls.taskID)")
        #expect(
            Signature.verify(
                header: headers["webhook-signature"] ?? "", id: "\(Calls.taskID)",
                timestamp: headers["webhook-timestamp"] ?? "", body: second.body, secrets: [secret],
                now: delivery.now))
        #expect(headers["webhook-signature"]?.contains(" ") == false, "a secret that is over signs no more")
    }

    @Test("Slack is told in a header, facts and buttons")
    func slackBlocks() throws {
        let node = try Deliveries.posted(Deliveries.delivery(slack, reason: .count))
        #expect(node.text("text") == "🔴 [CRITICAL] 212 tasks failing: server_error from acme-pay")
        #expect(node.text("blocks.0.text.text") == node.text("text"))
        #expect(
            node.text("blocks.1.text.text")
                == "More tasks have failed since this was told last. The agent answers with errors of its own."
        )
        let facts = try #require(node.at("blocks.1.fields")?.array).compactMap { $0.text("text") }
        #expect(facts.contains("*At stake*\n53000.00 USD, 10 EUR"))
        #expect(facts.contains("*Since*\n2026-01-31 07:16:00 UTC, 2 h 14 min ago"))
        #expect(node.texts.contains("http://127.0.0.1:7420/dead-letters?view=entries&group=0123456789abcdef"))
        let over = try Deliveries.posted(Deliveries.delivery(slack, .resolved, ["count": "0"]))
        #expect(over.text("text") == "✅ [RESOLVED] 230 tasks failed: server_error from acme-pay")
    }

    @Test("Slack's limits hold, and what strangers say is shown and does nothing")
    func slackLimits() throws {
        let long = #""\#(String(repeating: "&<>é🏦", count: 4000))""#
        for text in [long, Self.hostile, "\"\""] {
            let members = [
                "error": #"{"type":"server_error","message":\#(text),"http_status":500}"#, "provider": text,
                "agent_id": text, "summary": text, "note": text, "user_id": text, "title": text,
            ]
            let node = try Deliveries.posted(Deliveries.delivery(slack, .raised, members))
            let header = try #require(node.text("blocks.0.text.text"))
            #expect(header.utf16.count <= 150)
            for text in node.texts where !text.hasPrefix("http") {
                #expect(text.utf16.count <= 3000 && !text.contains("<") && !text.contains(">"))
                #expect(!text.replacing(/&(amp|lt|gt);/, with: "").contains("&"), "half an entity: \(text)")
            }
            for field in node.at("blocks.1.fields")?.array ?? [] {
                #expect((1...2000).contains(field.text("text")?.utf16.count ?? 0))
            }
            #expect((node.at("blocks.1.fields")?.array?.count ?? 0) <= 10)
        }
    }

    @Test("PagerDuty gets one incident an alert, from trigger to resolve")
    func incidents() throws {
        let raised = try Deliveries.posted(Deliveries.delivery(pagerduty))
        let resolved = try Deliveries.posted(Deliveries.delivery(pagerduty, .resolved))
        #expect((raised.text("event_action"), resolved.text("event_action")) == ("trigger", "resolve"))
        #expect(raised.text("dedup_key") == "kintsugi:\(Deliveries.alertID)")
        #expect(resolved.text("dedup_key") == raised.text("dedup_key"))
        #expect(raised.text("payload.summary") == "212 tasks failing: server_error from acme-pay")
        #expect(raised.text("payload.timestamp") == "2026-01-31T09:29:00.000Z")
        #expect(raised.text("routing_key") == Self.key)
        let test = try Deliveries.posted(Deliveries.delivery(pagerduty, .test))
        #expect(test.text("payload.severity") == "info" && test.text("dedup_key") == "kintsugi:test:ops")
    }

    @Test(
        "Severities have PagerDuty's names",
        arguments: [("critical", "critical"), ("high", "error"), ("medium", "warning")])
    func incidentSeverity(ours: String, theirs: String) throws {
        let node = try Deliveries.posted(
            Deliveries.delivery(pagerduty, .raised, ["severity": #""\#(ours)""#]))
        #expect(node.text("payload.severity") == theirs)
    }

    @Test("PagerDuty's limits hold")
    func incidentLimits() throws {
        let long = #""\#(String(repeating: "x", count: 5000))""#
        let node = try Deliveries.posted(
            Deliveries.delivery(
                pagerduty, .raised, ["id": long, "provider": long, "title": long, "error_type": "null"]))
        #expect(node.text("dedup_key")?.unicodeScalars.count == 255)
        #expect((node.text("payload.summary")?.unicodeScalars.count ?? 0) <= 1024)
    }

    @Test("Alertmanager knows the alert by labels that do not change while it lives")
    func labels() throws {
        func labels(_ entry: JSONNode?) -> [String: String] {
            var labels: [String: String] = [:]
            for (name, node) in entry?["labels"]?.object ?? [] { labels[name] = node.string }
            return labels
        }
        let raised = try Deliveries.posted(Deliveries.delivery(alertmanager))
        let grown = try Deliveries.posted(
            Deliveries.delivery(alertmanager, reason: .count, ["count": "999", "agent_id": "null"]))
        let resolved = try Deliveries.posted(Deliveries.delivery(alertmanager, .resolved, ["count": "0"]))
        #expect(labels(raised.at("0"))["alertname"] == "KintsugiTasksFailing")
        #expect(labels(raised.at("0")) == labels(grown.at("0")))
        #expect(labels(raised.at("0")) == labels(resolved.at("0")))
        #expect(raised.text("0.endsAt") == "2026-03-02T09:30:00.250Z", "it is told once, so it ends late")
        #expect(resolved.text("0.endsAt") == "2026-01-31T09:30:00.000Z")
        #expect(raised.array?.count == 1 && resolved.array?.count == 1)
    }

    @Test("When the severity rises, what Alertmanager knew it as is resolved in the same request")
    func identity() throws {
        func told(_ delivery: Delivery) throws -> [[String?]] {
            try Deliveries.posted(delivery).array?.map { [$0.text("labels.severity"), $0.text("endsAt")] }
                ?? []
        }
        let end = "2026-01-31T09:30:00.000Z"
        let far = "2026-03-02T09:30:00.250Z"
        let more = #""previous_severity":"high","#
        #expect(
            try told(Deliveries.delivery(alertmanager, reason: .severity, more: more))
                == [["critical", far], ["high", end]])
        #expect(
            try told(Deliveries.delivery(alertmanager, reason: .severity))
                == [["critical", far], ["medium", end], ["high", end]])
        #expect(
            try told(Deliveries.delivery(alertmanager, .resolved, more: more))
                == [["critical", end], ["high", end]])
        #expect(try told(Deliveries.delivery(alertmanager, reason: .repeat)) == [["critical", far]])
    }

    @Test(
        "The alert's name in Alertmanager says what kind it is",
        arguments: [
            ("task", "KintsugiTasksFailing"), ("breaker", "KintsugiBreakerOpen"),
            ("channel", "KintsugiChannelFailing"),
        ])
    func alertNames(kind: String, name: String) throws {
        let node = try Deliveries.posted(Deliveries.delivery(alertmanager, .raised, ["kind": #""\#(kind)""#]))
        #expect(node.text("0.labels.alertname") == name)
        let test = try Deliveries.posted(Deliveries.delivery(alertmanager, .test))
        #expect(test.text("0.labels.alertname") == "KintsugiTest")
        #expect(test.text("0.endsAt") == "2026-01-31T09:35:00.250Z", "a test ends by itself")
    }

    @Test("A base address may end in a slash, and may be the whole address")
    func endpoint() throws {
        for base in ["http://a:1", "http://a:1/", "http://a:1/api/v2/alerts"] {
            guard case .post(let post) = Outgoing(try Deliveries.delivery(.alertmanager(url: base))) else {
                throw UnexpectedOutcome()
            }
            #expect(post.url == "http://a:1/api/v2/alerts")
        }
    }

    @Test("A digest tells of many alerts at once")
    func digest() throws {
        let payload = try #require(
            DeliveryPayload(
                JSONText(
                    valid: Array(
                        #"{"event":"alert.digest","alert_count":30,"alerts":[\#(Deliveries.alert()),\#(Deliveries.alert(["id": #""b""#, "status": #""resolved""#, "severity": #""medium""#]))]}"#
                            .utf8))))
        for config in all {
            let delivery = Delivery(
                taskID: Calls.taskID, channel: ChannelSettings(id: "ops", name: "", config: config),
                payload: payload, baseURL: "http://127.0.0.1:7420", now: Deliveries.now)
            let preview = try #require(Outgoing.preview(of: delivery))
            switch delivery.channel.kind {
            case .alertmanager:
                let node = try Deliveries.posted(delivery)
                #expect(node.array?.compactMap { $0.text("labels.alert_id") } == [Deliveries.alertID, "b"])
                #expect(node.text("1.endsAt") == "2026-01-31T09:30:00.000Z")
            case .webhook: #expect(try Deliveries.posted(delivery).at("data.count")?.int == 30)
            default: #expect(preview.contains("30 alerts, 1 of those listed still firing"))
            }
        }
    }

    @Test("A log line has a constant sentence and the facts beside it")
    func log() throws {
        guard case .log(let line) = Outgoing(try Deliveries.delivery(.log)) else { throw UnexpectedOutcome() }
        #expect(line.level == .critical && line.message == "An alert was raised")
        #expect(
            line.metadata.contains {
                $0 == ("alert.headline", "212 tasks failing: server_error from acme-pay")
            })
        #expect(line.metadata.contains { $0 == ("alert.value", "53000.00 USD, 10 EUR") })
        guard
            case .log(let hostile) = Outgoing(
                try Deliveries.delivery(.log, .raised, ["provider": Self.hostile]))
        else {
            throw UnexpectedOutcome()
        }
        #expect(!hostile.description.contains("\n") && !hostile.description.contains("\r"))
    }

    @Test("Links lead only to web addresses, and ids from outside cannot change them")
    func links() throws {
        let members = [
            "url": #""javascript:alert(1)""#, "cause": #""x&status=all""#, "task_ids": #"["../settings"]"#,
        ]
        let node = try Deliveries.posted(Deliveries.delivery(slack, .raised, members))
        #expect(node.texts.filter { $0.contains("://") } == ["http://127.0.0.1:7420/alerts"])
        #expect(!node.texts.contains { $0.contains("javascript:") })
    }

    @Test("A preview shows no secret")
    func preview() throws {
        let shown = try #require(Outgoing.preview(of: Deliveries.delivery(pagerduty)))
        #expect(!shown.contains(Self.key) && shown.contains("•••"))
        let password = Deliveries.email(username: "u", password: "server_error")
        let mail = try #require(Outgoing.preview(of: Deliveries.delivery(password)))
        #expect(!mail.contains("server_error"), "whatever the secret is")
    }
}
