import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Logging
import NIOCore
import Testing

/// Alerts to tell and channels to tell them on, with the members that a test does not care about.
enum Deliveries {
    static let alertID = "019c0f3e-7d2a-7aaa-8bbb-000000000001"
    static let now = Calls.startedAt

    /// An alert's resource; a member that is given replaces the usual one, as JSON.
    static func alert(_ members: [String: String] = [:]) -> String {
        let usual = [
            "id": #""\#(alertID)""#, "status": #""firing""#, "severity": #""critical""#, "kind": #""task""#,
            "title": #""server_error from acme-pay""#, "summary": "null", "cause": #""0123456789abcdef""#,
            "user_id": #""ann""#, "provider": #""acme-pay""#, "agent_id": #""pay-1""#,
            "error_type": #""server_error""#,
            "error": #"{"type":"server_error","message":"upstream is down","http_status":503}"#,
            "count": "212", "total": "230", "task_ids": #"["019c0f3e-7d2a-7aaa-8bbb-00000000000a"]"#,
            "value": #"[{"amount":"53000.00","currency":"USD"},{"amount":"10","currency":"EUR"}]"#,
            "first_raised_at": #""2026-01-31T07:16:00.000Z""#,
            "last_raised_at": #""2026-01-31T09:29:00.000Z""#, "resolved_at": "null", "note": "null",
            "url": #""http://127.0.0.1:7420/alerts""#,
        ]
        let merged = usual.merging(members) { $1 }
        return "{"
            + merged.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            + "}"
    }

    static func payload(
        _ event: DeliveryPayload.Event = .raised, reason: DeliveryPayload.Reason? = nil,
        _ members: [String: String] = [:], more: String = ""
    ) -> String {
        var members = members
        if event == .resolved {
            members["status"] = #""resolved""#
            members["resolved_at"] = members["resolved_at"] ?? #""2026-01-31T09:30:00.000Z""#
        }
        let reason = reason.map { #""reason":"\#($0.rawValue)","# } ?? ""
        return
            #"{"event":"\#(event.rawValue)",\#(reason)\#(more)"channel_id":"ops","alert":\#(alert(members))}"#
    }

    static func delivery(
        _ config: ChannelSettings.Config, _ event: DeliveryPayload.Event = .raised,
        reason: DeliveryPayload.Reason? = nil, _ members: [String: String] = [:], more: String = "",
        secrets: [AgentRecord.Secret] = []
    ) throws -> Delivery {
        let document = payload(event, reason: reason, members, more: more)
        return Delivery(
            taskID: Calls.taskID,
            channel: ChannelSettings(id: "ops", name: "On call", config: config, secrets: secrets),
            payload: try #require(DeliveryPayload(JSONText(valid: Array(document.utf8)))),
            baseURL: "http://127.0.0.1:7420", now: now)
    }

    /// The JSON that is posted, read.
    static func posted(_ delivery: Delivery) throws -> JSONNode {
        guard case .post(let post) = try #require(Outgoing(delivery)) else { throw UnexpectedOutcome() }
        return try JSONNode(parsing: post.body)
    }

    static func mail(_ delivery: Delivery) throws -> String {
        guard case .mail(let mail, _) = try #require(Outgoing(delivery)) else { throw UnexpectedOutcome() }
        return String(decoding: mail.bytes, as: UTF8.self)
    }

    static func email(
        port: Int = 25, from: String = "alerts@example.com", to: [String] = ["ops@example.com"],
        username: String? = nil, password: String? = nil, tls: ChannelSettings.Email.TLS = .none,
        caFile: String? = nil, host: String = "127.0.0.1"
    ) -> ChannelSettings.Config {
        .email(
            ChannelSettings.Email(
                host: host, port: port, from: from, to: to, username: username, password: password, tls: tls,
                caFile: caFile))
    }

    /// A call of a channel, as the engine makes it.
    static func call(
        _ config: ChannelSettings.Config, input: String = payload(), timeout: Milliseconds = 10_000,
        secrets: [AgentRecord.Secret] = []
    ) -> AgentCall {
        var call = Calls.call(nil, input: input, timeout: timeout)
        call.agent.kind = .channel
        call.agent.channel = ChannelSettings(id: "ops", name: "On call", config: config, secrets: secrets)
        return call
    }

    static func withCaller<Result>(
        allowPrivate: Bool = true, stepTimeout: TimeAmount = .seconds(10), logger: Logger? = nil,
        _ body: (ChannelCaller) async throws -> Result
    ) async throws -> Result {
        let caller = ChannelCaller(
            guard: AddressGuard(policy: .init(allowPrivate: allowPrivate)),
            mailStepTimeout: stepTimeout,
            logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do {
            let result = try await body(caller)
            try await caller.shutdown()
            return result
        } catch {
            try await caller.shutdown()
            throw error
        }
    }
}

extension JSONNode {
    /// The text at a path such as `blocks.0.text.text`.
    func text(_ path: String) -> String? { at(path)?.string }

    func at(_ path: String) -> JSONNode? {
        path.split(separator: ".").reduce(self as JSONNode?) { node, step in
            if let index = Int(step), let all = node?.array {
                return all.indices.contains(index) ? all[index] : nil
            }
            return node?[String(step)]
        }
    }

    /// All texts in it, wherever they stand.
    var texts: [String] {
        switch value {
        case .string(let text): [text]
        case .array(let nodes): nodes.flatMap(\.texts)
        case .object(let members): members.flatMap { [$0.name] + $0.node.texts }
        default: []
        }
    }
}
