import AsyncHTTPClient
import KintsugiVocabulary
import KintsugiWire
import NIOCore
import NIOHTTP1

/// What the demo asks of the server, over its API like everybody else.
struct DemoScript: Sendable {
    let url: @Sendable () -> String
    let key: String
    let agents: [DemoAgentKind: String]

    /// One task to be made.
    private struct Order {
        var type: String
        var agent: DemoAgentKind
        /// JSON.
        var input: String
        var amount: String?
    }

    /// Tells the story until the server takes no more work.
    func play(while isRunning: () -> Bool) async throws {
        do {
            try await open()
            try await goOn()
        } catch {
            guard isRunning() else { return }
            throw error
        }
    }

    /// The first scene has every idea in it: whoever looks at once has seen them all within ten seconds.
    private func open() async throws {
        for (kind, callback) in agents { try await register(kind, callback) }
        for chain in Self.chains { _ = try await post(Paths.fallbackChains, chain) }
        let orders =
            [
                Order(
                    type: "payment.capture", agent: .payments, input: #"{"card":"expired"}"#, amount: "250.00"
                ),
                Order(type: "sms.send", agent: .picky, input: #"{"to":"+81 3 1234"}"#),
                Order(type: "report.render", agent: .patient, input: #"{"pages":95}"#),
                Order(type: "mail.summarise", agent: .flaky, input: #"{"thread":7}"#),
                Order(type: "image.resize", agent: .slow, input: #"{"width":640}"#),
                Order(type: "address.check", agent: .picky, input: #"{"street":"Main St 1"}"#),
            ] + (1...6).map { Order(type: "parcel.notify", agent: .outage, input: #"{"parcel":\#($0)}"#) }
            + (1...2).map { Order(type: "cache.warm", agent: .steady, input: #"{"shard":\#($0)}"#) }
        for (number, order) in orders.enumerated() { try await submit(order, number) }
    }

    /// Goes on gently for ever, so that a page opened at any time shows every idea within ten seconds.
    private func goOn() async throws {
        var number = 100
        while true {
            try await Task.sleep(for: .milliseconds(700))
            try await submit(order(number), number)
            number += 1
        }
    }

    /// What is tried when retries cannot help: another agent for messages, a person for money.
    private static let chains = [
        #"""
        {"name":"Messages: another provider","match":{"task_type":"sms.send"},
         "steps":[{"strategy":"switch_agent","agent_id":"steady"}]}
        """#,
        #"""
        {"name":"Payments: ask a person","match":{"task_type":"payment.capture","min_amount":"100"},
         "steps":[{"strategy":"escalate","message":"The card is expired. Retry with {\"card\":\"valid\"}?"}]}
        """#,
    ]

    /// Something that a person must mend, once in about five minutes, so that the inbox does not drown.
    private static let stepsPerTrouble = 430

    private func order(_ number: Int) -> Order {
        if number % Self.stepsPerTrouble == 0 {
            return number / Self.stepsPerTrouble % 2 == 0
                ? Order(
                    type: "payment.capture", agent: .payments, input: #"{"card":"expired"}"#, amount: "120.00"
                )
                : Order(type: "address.check", agent: .picky, input: #"{"street":"Elm St \#(number)"}"#)
        }
        return switch number % 10 {
        case 0, 5: Order(type: "mail.summarise", agent: .flaky, input: #"{"thread":\#(number)}"#)
        case 1: Order(type: "report.render", agent: .patient, input: #"{"pages":\#(20 + number % 80)}"#)
        case 2, 4, 6, 8: Order(type: "parcel.notify", agent: .outage, input: #"{"parcel":\#(number)}"#)
        case 3 where number % 20 == 3:
            Order(type: "sms.send", agent: .picky, input: #"{"to":"+81 3 \#(number)"}"#)
        case 3: Order(type: "image.resize", agent: .slow, input: #"{"width":\#(320 + number % 7 * 160)}"#)
        case 7:
            Order(
                type: "payment.capture", agent: .payments, input: #"{"card":"valid"}"#,
                amount: "\(5 + number * 7 % 90).\(10 + number % 90)")
        default: Order(type: "cache.warm", agent: .steady, input: #"{"shard":\#(number % 16)}"#)
        }
    }

    // MARK: Requests

    private func register(_ kind: DemoAgentKind, _ callback: String) async throws {
        let extra =
            switch kind {
            // Opens soon and tries again soon; the outage lasts six seconds.
            case .outage:
                #","breaker":{"consecutive_failures":3,"open_ms":4000,"max_open_ms":4000,"probes":2},"max_concurrency":4"#
            // Fails two of three calls, and that is its point.
            case .flaky: #","breaker":{"consecutive_failures":1000,"failure_rate":1.0}"#
            default: ""
            }
        let body =
            #"{"id":"\#(kind.rawValue)","name":"\#(kind.rawValue)","protocol":"http","#
            + #""callback_url":"\#(callback)"\#(extra)}"#
        _ = try await post("/api/v1/agents", body)
    }

    private static let users = ["ann", "ben", "chloe", "dmitri"]
    private static let shops = ["kyoto", "osaka", "nara"]

    private func submit(_ order: Order, _ number: Int) async throws {
        let payment = order.amount.map {
            #","payment":{"amount":"\#($0)","currency":"USD","kind":"payment","reference":"INV-\#(2041 + number)"}"#
        }
        let user = Self.users[number % Self.users.count]
        let shop = Self.shops[number % Self.shops.count]
        let body =
            #"{"type":"\#(order.type)","agent_id":"\#(order.agent.rawValue)","user_id":"\#(user)","#
            + #""input":\#(order.input),"metadata":{"shop":"\#(shop)","order":"\#(5000 + number)"},"#
            + #""retry_policy":{"base_delay_ms":1500,"max_delay_ms":4000}\#(payment ?? "")}"#
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
