import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import NIOCore
import Testing

/// One after the other: what measures time must not wait for others to be done.
@Suite("Talking to mail servers", .serialized, .timeLimit(.minutes(2)))
struct SMTPTests {
    private typealias Step = MailServer.Step
    private static let trusted = MailServer.certificateFile

    /// One mail to a server with this script: how it ended, and what the server heard.
    private func tell(
        _ script: @escaping MailServer.Script, implicitTLS: Bool = false,
        stepTimeout: TimeAmount = .seconds(10),
        timeout: Milliseconds = 10_000, input: String = Deliveries.payload(),
        _ config: (Int) -> ChannelSettings.Config
    ) async throws -> (result: CallResult, heard: [MailServer.Heard]) {
        try await MailServer.run(implicitTLS: implicitTLS, script) { server in
            let result = try await Deliveries.withCaller(stepTimeout: stepTimeout) { caller in
                await caller.call(Deliveries.call(config(server.port), input: input, timeout: timeout))
            }
            return (result, server.heard)
        }
    }

    private func failure(
        _ script: @escaping MailServer.Script, _ location: SourceLocation = #_sourceLocation
    ) async throws -> Failure {
        try await tell(script) { Deliveries.email(port: $0) }.result.failure(location)
    }

    @Test("A mail goes out in the order of the book, and a dot at the start of a line is doubled")
    func order() async throws {
        let told = try await tell(
            MailServer.polite(extensions: ["SIZE 1000000", "8BITMIME"]),
            input: Deliveries.payload(.raised, ["summary": #"".. two dots lead this line""#])
        ) { Deliveries.email(port: $0, to: ["A <a@example.com>", "b@example.com"]) }
        #expect(told.result.output == #"{"answer":"250 2.0.0 fine","refused":[]}"#)
        let commands = told.heard.map(\.text)
        #expect(commands[0] == "EHLO [127.0.0.1]")
        #expect(commands[1].hasPrefix("MAIL FROM:<alerts@example.com> SIZE="))
        #expect(commands[2...4] == ["RCPT TO:<a@example.com>", "RCPT TO:<b@example.com>", "DATA"])
        #expect(commands[5].contains("\r\n... two dots lead this line\r\n"))
        #expect(commands[5].hasSuffix("--\r\n.\r\n"))
        #expect(commands[1].hasSuffix("SIZE=\(commands[5].utf8.count - 4)"), "the size before the dots")
    }

    @Test(
        "With STARTTLS nothing but the question goes in the clear, and what was said before TLS is forgotten")
    func startTLS() async throws {
        let told = try await tell(MailServer.polite(extensions: ["STARTTLS", "AUTH PLAIN LOGIN"])) {
            Deliveries.email(
                port: $0, username: "user", password: "pä:ss", tls: .starttls, caFile: Self.trusted,
                host: "localhost")
        }
        #expect(told.result.output != nil, "\(told.result)")
        #expect(told.heard.filter { !$0.isSecure }.map(\.text) == ["EHLO [127.0.0.1]", "STARTTLS"])
        let secure = told.heard.filter(\.isSecure).map(\.text)
        #expect(secure.prefix(2) == ["EHLO [127.0.0.1]", "AUTH PLAIN AHVzZXIAcMOkOnNz"])
    }

    @Test("TLS from the first byte works")
    func implicit() async throws {
        let script = MailServer.polite(
            extensions: ["AUTH LOGIN"],
            [
                "AUTH": [.say("334 VXNlcm5hbWU6")], "dXNlcg==": [.say("334 UGFzc3dvcmQ6")],
                "c2VjcmV0": [.say("235 welcome")],
            ])
        let told = try await tell(script, implicitTLS: true) {
            Deliveries.email(
                port: $0, username: "user", password: "secret", tls: .implicit, caFile: Self.trusted,
                host: "localhost")
        }
        #expect(told.result.output != nil, "\(told.result)")
        #expect(told.heard.allSatisfy { $0.isSecure })
        #expect(told.heard.map(\.text)[1...3] == ["AUTH LOGIN", "dXNlcg==", "c2VjcmV0"])
    }

    @Test("Without the TLS that is wanted no password goes out", arguments: [true, false])
    func noDowngrade(isOffered: Bool) async throws {
        let script = MailServer.polite(
            extensions: ["AUTH PLAIN"] + (isOffered ? ["STARTTLS"] : []), ["STARTTLS": [.say("454 not now")]])
        let told = try await tell(script) {
            Deliveries.email(
                port: $0, username: "user", password: "pass", tls: .starttls, caFile: Self.trusted)
        }
        let failure = try told.result.failure()
        #expect(failure.sent == .no && failure.errorClass == (isOffered ? .retryable : .permanent))
        #expect(!told.heard.contains { $0.text.hasPrefix("AUTH") || $0.text.hasPrefix("MAIL") })
    }

    @Test("What is put behind the answer to STARTTLS breaks it off and is never believed")
    func injection() async throws {
        let script = MailServer.polite(
            extensions: ["STARTTLS"],
            [
                "STARTTLS": [.bytes(Array("220 go\r\n250-mallory\r\n250 AUTH PLAIN\r\n".utf8)), .secure]
            ])
        let told = try await tell(script) {
            Deliveries.email(
                port: $0, username: "user", password: "pass", tls: .starttls, caFile: Self.trusted)
        }
        let failure = try told.result.failure()
        #expect(failure.type == .networkError && failure.message.contains("more than it was asked"))
        #expect(told.heard.map(\.text) == ["EHLO [127.0.0.1]", "STARTTLS"])
    }

    @Test("A certificate that nobody trusts ends it")
    func certificate() async throws {
        let told = try await tell(MailServer.polite(extensions: ["STARTTLS"])) {
            Deliveries.email(port: $0, tls: .starttls)
        }
        let failure = try told.result.failure()
        #expect((failure.type, failure.errorClass, failure.sent) == (.networkError, .permanent, .no))
        #expect(failure.message.contains("certificate is not signed by one to trust"))
        #expect(!told.heard.contains { $0.text.hasPrefix("MAIL") })
    }

    @Test("A certificate of another host ends it")
    func otherHost() async throws {
        let told = try await tell(MailServer.polite(extensions: ["STARTTLS"])) {
            Deliveries.email(port: $0, tls: .starttls, caFile: Self.trusted, host: "127.0.0.1")
        }
        #expect(try told.result.failure().message.contains("certificate is for another host"))
        #expect(!told.heard.contains { $0.text.hasPrefix("MAIL") })
    }

    @Test("A file of certificates that is not there is said plainly")
    func noCertificates() async throws {
        let told = try await tell(MailServer.polite()) {
            Deliveries.email(port: $0, tls: .starttls, caFile: "/nowhere/ca.pem")
        }
        let failure = try told.result.failure()
        #expect(failure.errorClass == .permanent && failure.message.contains("/nowhere/ca.pem"))
        #expect(told.heard.isEmpty)
    }

    @Test(
        "A reply 4xx may pass, 5xx will not, and refused credentials have a type of their own",
        arguments: [
            ("", "421 busy", ErrorType.serverError), ("", "554 go away", .clientError),
            ("EHLO", "502 what", .clientError), ("MAIL", "451 later", .serverError),
            ("MAIL", "530 5.7.0 authenticate first", .authFailure), ("MAIL", "550 no", .clientError),
            ("RCPT", "450 greylisted", .serverError), ("RCPT", "550 5.1.1 nobody", .clientError),
            ("RCPT", "421 going down", .serverError), ("DATA", "451 later", .serverError),
            ("DATA", "554 no", .clientError), ("From:", "452 full", .serverError),
            ("From:", "552 too big", .clientError), ("EHLO", "354 what", .invalidResponse),
        ])
    func refusals(command: String, reply: String, type: ErrorType) async throws {
        let failure = try await failure(MailServer.polite([command: [.say(reply)]]))
        #expect((failure.type, failure.errorClass) == (type, type.defaultClass))
        #expect(failure.message.contains(reply))
        #expect(failure.sent == (command == "From:" ? .yes : .no))
    }

    @Test(
        "So do credentials",
        arguments: [
            ("535 5.7.8 wrong", ErrorType.authFailure), ("504 no", .authFailure), ("454 later", .serverError),
            ("", .authFailure),
        ])
    func credentials(reply: String, type: ErrorType) async throws {
        let offers = reply.isEmpty ? ["AUTH CRAM-MD5"] : ["AUTH=PLAIN"]
        let told = try await tell(MailServer.polite(extensions: offers, ["AUTH": [.say(reply)]])) {
            Deliveries.email(port: $0, username: "user", password: "pass")
        }
        let failure = try told.result.failure()
        #expect((failure.type, failure.errorClass) == (type, type.defaultClass))
        #expect(!told.heard.contains { $0.text.hasPrefix("MAIL") })
    }

    @Test("An error echoes no password")
    func echo() async throws {
        let script = MailServer.polite(extensions: ["AUTH PLAIN"], ["AUTH": [.say("535 not hunter22")]])
        let told = try await tell(script) { Deliveries.email(port: $0, username: "u", password: "hunter22") }
        #expect(
            try told.result.failure().message == "The mail server refused the credentials with 535 not •••.")
    }

    @Test("One recipient who is refused does not keep the others from being told")
    func partial() async throws {
        let script = MailServer.polite(["RCPT TO:<gone@example.com>": [.say("550 5.1.1 nobody")]])
        let told = try await tell(script) {
            Deliveries.email(port: $0, to: ["gone@example.com", "there@example.com"])
        }
        #expect(
            told.result.output
                == #"{"answer":"250 2.0.0 fine","refused":[{"recipient":"gone@example.com","answer":"550 5.1.1 nobody"}]}"#
        )
    }

    @Test("Of refusals the one that may pass counts")
    func allRefused() async throws {
        let script = MailServer.polite([
            "RCPT": [.say("550 no")], "RCPT TO:<b@example.com>": [.say("452 full")],
        ])
        let told = try await tell(script) {
            Deliveries.email(port: $0, to: ["a@example.com", "b@example.com"])
        }
        let failure = try told.result.failure()
        #expect(failure.errorClass == .retryable && failure.message.contains("b@example.com"))
        #expect(!told.heard.contains { $0.text == "DATA" })
    }

    @Test("Letters beyond ASCII in an address need a server that takes them", arguments: [true, false])
    func international(isOffered: Bool) async throws {
        let told = try await tell(MailServer.polite(extensions: isOffered ? ["SMTPUTF8", "8BITMIME"] : [])) {
            Deliveries.email(port: $0, to: ["jörg@exämple.com"])
        }
        if isOffered {
            #expect(
                told.heard.contains { $0.text == "MAIL FROM:<alerts@example.com> SMTPUTF8 BODY=8BITMIME" })
            #expect(told.heard.contains { $0.text == "RCPT TO:<jörg@exämple.com>" })
            #expect(told.result.output != nil)
        } else {
            #expect(try told.result.failure().type == .validationError)
        }
    }

    @Test("Replies may have many lines, or no text, or come in pieces")
    func replies() async throws {
        let script = MailServer.polite([
            "": [.bytes(Array("22".utf8)), .bytes(Array("0-one\r\n220-\r\n220\r\n".utf8))],
            "MAIL": [.bytes(Array("250\n".utf8))],
            "RCPT": [.say((1...100).map { "250-line \($0)" }.joined(separator: "\r\n") + "\r\n250 end")],
        ])
        let told = try await tell(script) { Deliveries.email(port: $0) }
        #expect(told.result.output != nil, "\(told.result)")
    }

    @Test(
        "What is no SMTP, and what does not end, is broken off",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "2x0 hello\r\n", "199 low\r\n", "600 high\r\n",
            "220hello\r\n",
            "220-one\r\n250 two\r\n", "\r\n", "220 one\r\n220 two\r\n",
            String(repeating: "x", count: 100_000), "220 " + String(repeating: "x", count: 3000) + "\r\n",
            String(repeating: "220-more\r\n", count: 200), "\u{0}\u{1}\r\n",
        ])
    func nonsense(bytes: String) async throws {
        let failure = try await failure(MailServer.polite(["": [.bytes(Array(bytes.utf8))]]))
        #expect(failure.type == .networkError && failure.sent == .no)
        #expect(failure.message.utf8.count < 300)
    }

    @Test("Any bytes at any step end in an outcome", arguments: 0..<40)
    func fuzz(seed: Int) async throws {
        var rng = SeededGenerator(seed: UInt64(seed))
        let pieces = [
            "250", "-", " ", "\r\n", "\n", "354 go\r\n", "220 x\r\n", "\u{0}", "535", "é", "250 ok\r\n",
        ]
        let bytes = (0..<Int(1 + rng.next() % 12)).map { _ in pieces[Int(rng.next() % UInt64(pieces.count))] }
        let step = ["", "EHLO", "MAIL", "RCPT", "DATA", "From:"][Int(rng.next() % 6)]
        let script = MailServer.polite([step: [.bytes(Array(bytes.joined().utf8)), .close]])
        let told = try await tell(script) { Deliveries.email(port: $0) }
        switch told.result.outcome {
        case .succeeded, .failed: break
        default: Issue.record("\(told.result)")
        }
    }

    @Test(
        "A server that hangs up has told nothing", arguments: ["", "EHLO", "MAIL", "RCPT", "DATA", "From:"])
    func hangUp(step: String) async throws {
        let failure = try await failure(MailServer.polite([step: [.close]]))
        #expect(failure.type == .networkError)
        #expect(failure.sent == (step == "From:" ? .maybe : .no))
    }

    @Test(
        "A server that says nothing is given up step by step",
        arguments: ["", "EHLO", "STARTTLS", "MAIL", "DATA"])
    func silence(step: String) async throws {
        let script = MailServer.polite(extensions: ["STARTTLS"], [step: []])
        let told = try await tell(script, stepTimeout: .seconds(1)) {
            Deliveries.email(port: $0, tls: step == "STARTTLS" ? .starttls : .none, caFile: Self.trusted)
        }
        let failure = try told.result.failure()
        #expect(failure.type == .timeout && failure.sent == .no)
        #expect(failure.message.contains(step.isEmpty ? "greeting" : step))
    }

    @Test("After the message the whole time of the attempt is waited, and then it may have been told")
    func silenceAtTheEnd() async throws {
        let told = try await tell(
            MailServer.polite(["From:": []]), stepTimeout: .seconds(1), timeout: 3000
        ) { Deliveries.email(port: $0) }
        let failure = try told.result.failure()
        #expect(failure.type == .timeout && failure.sent == .maybe)
    }

    @Test("A server that does not say goodbye keeps nobody waiting")
    func goodbye() async throws {
        let told = try await tell(MailServer.polite(["QUIT": []])) { Deliveries.email(port: $0) }
        #expect(told.result.output != nil)
    }

    @Test("A cancelled delivery ends at once")
    func cancelled() async throws {
        let (greetings, greeted) = AsyncStream<Void>.makeStream()
        let polite = MailServer.polite()
        let outcome = try await MailServer.run({ command in
            if command.isEmpty { return polite(command) }
            greeted.yield()
            return []
        }) { server in
            try await Deliveries.withCaller { caller in
                await withTaskGroup(of: CallResult.self) { group in
                    group.addTask {
                        await caller.call(Deliveries.call(Deliveries.email(port: server.port)))
                    }
                    for await _ in greetings { break }
                    group.cancelAll()
                    return await group.next()?.outcome
                }
            }
        }
        #expect(outcome == .cancelled)
    }

    @Test(
        "Hosts that may not be called are not, however they are written",
        arguments: [
            "127.0.0.1", "localhost", "::1", "[::1]", "2130706433", "0x7f.1", "169.254.169.254", "10.0.0.1",
            "::ffff:127.0.0.1", "evil host", "a/b", "user@host", "",
        ])
    func guarded(host: String) async throws {
        let failure = try await Deliveries.withCaller(allowPrivate: false) { caller in
            try await caller.call(Deliveries.call(Deliveries.email(port: 25, host: host))).failure()
        }
        #expect(failure.type == .addressRefused && failure.errorClass == .permanent && failure.sent == .no)
    }

    @Test("Where nobody listens there is no connection")
    func refused() async throws {
        let port = try await MailServer.run(MailServer.polite()) { $0.port }
        let failure = try await Deliveries.withCaller { caller in
            try await caller.call(Deliveries.call(Deliveries.email(port: port))).failure()
        }
        #expect(failure.type == .networkError && failure.errorClass == .retryable)
        #expect(failure.message.contains("connection refused"))
    }
}
