internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOHTTP1

/// What an agent gets: the body and the headers of one call.
struct AgentRequest {
    let headers: HTTPHeaders
    let body: [UInt8]

    init(
        _ call: AgentCall, url: CallbackURL, credentials: Credentials.Presented?, userAgent: String
    ) {
        let body = Self.body(of: call)
        let key = call.idempotencyKey
        let seconds = call.startedAt.milliseconds / 1000
        let secrets = call.agent.secrets.filter { $0.until.map { $0 > call.startedAt } ?? true }
        var headers: HTTPHeaders = [
            "host": url.hostHeader,
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": userAgent,
            "webhook-id": key,
            "webhook-timestamp": "\(seconds)",
            "idempotency-key": key,
            "kintsugi-attempt": "\(call.attempt)",
        ]
        if let signature = Signature.header(
            id: key, seconds: seconds, body: body, secrets: secrets.map(\.value))
        {
            headers.add(name: "webhook-signature", value: signature)
        }
        if let trace = call.trace { headers.add(name: "traceparent", value: trace.traceparent) }
        if let credentials, !Self.isReserved(credentials.name) {
            headers.add(name: credentials.name, value: credentials.value)
        }
        self.headers = headers
        self.body = body
    }

    /// Whether a header is ours alone, so that an agent's auth cannot take its place.
    static func isReserved(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("webhook-") || name.hasPrefix("kintsugi-") || reserved.contains(name)
    }

    private static let reserved: Set<String> = [
        "accept", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
        "idempotency-key", "keep-alive", "te", "traceparent", "tracestate", "trailer", "transfer-encoding",
        "upgrade", "user-agent",
    ]

    private static func body(of call: AgentCall) -> [UInt8] {
        let task = "\(call.report.baseURL)/api/v1/tasks/\(call.taskID)"
        return JSONWriter.object(reserving: 640 + call.input.bytes.count) { json in
            json.member("task_id", "\(call.taskID)")
            json.member("type", call.type)
            json.member("attempt", call.attempt)
            json.member("round", call.round)
            json.member("input", json: call.input)
            json.member("deadline_at", call.deadline?.rfc3339)
            json.member("metadata") { json in
                for pair in call.metadata {
                    json.key(text: pair.key)
                    json.string(pair.value)
                }
            }
            json.member("report") { json in
                json.member("progress_url", task + "/progress")
                json.member("complete_url", task + "/complete")
                json.member("fail_url", task + "/fail")
                json.member("token", call.report.token)
            }
        }
    }
}
