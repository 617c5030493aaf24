import AsyncHTTPClient
import KintsugiVocabulary
import NIOCore
import NIOHTTP1

/// What the demo asks of the server, over its API like everybody else.
struct DemoScript: Sendable {
    let url: @Sendable () -> String
    let key: String
    let agents: [DemoAgentKind: String]

    func play(names: DemoNarrator) async throws {
        for (kind, callback) in agents {
            var extra = ""
            if kind == .outage {
                extra = #","breaker":{"open_ms":4000,"consecutive_failures":4},"max_concurrency":4"#
            }
            let body =
                #"{"id":"\#(kind.rawValue)","name":"\#(kind.rawValue)","protocol":"http","#
                + #""callback_url":"\#(callback)"\#(extra)}"#
            _ = try await post("/api/v1/agents", body)
        }
        try await submit("report.render", .patient, #"{"pages":95}"#, names)
        try await submit("mail.summarise", .flaky, #"{"thread":7}"#, names)
        try await submit("image.resize", .slow, #"{"width":640}"#, names)
        try await submit("address.check", .picky, #"{"street":"Main St 1"}"#, names)
        let payment =
            #","payment":{"amount":"250.00","currency":"USD","kind":"payment","reference":"INV-2041"}"#
        try await submit("payment.capture", .payments, #"{"card":"expired"}"#, names, extra: payment)
        for number in 1...12 { try await submit("parcel.notify", .outage, #"{"parcel":\#(number)}"#, names) }
        for number in 1...3 { try await submit("cache.warm", .steady, #"{"shard":\#(number)}"#, names) }
    }

    private func submit(
        _ type: String, _ agent: DemoAgentKind, _ input: String, _ names: DemoNarrator, extra: String = ""
    ) async throws {
        let body = #"{"type":"\#(type)","agent_id":"\#(agent.rawValue)","input":\#(input)\#(extra)}"#
        _ = try await post("/api/v1/tasks", body)
    }

    private func post(_ path: String, _ body: String) async throws -> JSONNode {
        var request = HTTPClientRequest(url: url() + path)
        request.method = .POST
        request.headers.add(name: "authorization", value: "Bearer \(key)")
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let bytes = Array(buffer: try await response.body.collect(upTo: 1 << 20))
        guard (200...299).contains(response.status.code) else {
            throw CommandFailure(
                description: "The demo's \(path) was refused: \(String(decoding: bytes, as: UTF8.self))")
        }
        return try JSONNode(parsing: bytes)
    }
}
