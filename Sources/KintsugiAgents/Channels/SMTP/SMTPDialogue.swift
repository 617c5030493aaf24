internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import FoundationEssentials
#endif

/// One mail's conversation with a server, as a value: what the server says goes in, what to do comes out.
///
/// ```
/// greeting → hello → [STARTTLS → hello] → [AUTH] → MAIL → RCPT … → DATA → message → delivered
/// ```
/// A password goes out only over TLS, unless the channel was configured to do without.
///
/// - Source: RFC 5321; RFC 3207 (STARTTLS: what was said before it counts for nothing); RFC 4954 (AUTH);
///   RFC 6531 (SMTPUTF8); RFC 1870 (SIZE).
struct SMTPDialogue: Sendable {
    enum Action: Sendable, Hashable {
        /// A command, without the end of its line.
        case send(String)
        case sendMessage
        /// Begin TLS, then say so by `secured()`.
        case startTLS
        case delivered(SMTPReply)
        case failed(Failure)
    }

    struct Refusal: Sendable, Hashable {
        var recipient: String
        var reply: SMTPReply
    }

    private enum Step: Sendable, Hashable {
        case greeting, hello, startTLS, handshake
        case plain, loginName, loginUser, loginPassword
        case sender
        case recipient(Int)
        case data, message, ended
    }

    /// Recipients that the server would not take while it took others.
    private(set) var refusals: [Refusal] = []

    private var step = Step.greeting
    private var isSecure: Bool
    private var extensions: [String: String] = [:]
    private let server: ChannelSettings.Email
    private let mail: MailMessage
    private let size: Int
    /// How we present ourselves: our name, or our address in brackets.
    var name = "[127.0.0.1]"

    init(_ mail: MailMessage, size: Int, via server: ChannelSettings.Email) {
        (self.mail, self.size, self.server) = (mail, size, server)
        isSecure = server.tls == .implicit
    }

    /// What we wait for, as the end of a sentence.
    var waiting: String {
        switch step {
        case .greeting: "its greeting"
        case .hello: "its answer to EHLO"
        case .startTLS: "its answer to STARTTLS"
        case .handshake: "TLS"
        case .plain, .loginName, .loginUser, .loginPassword: "its answer to AUTH"
        case .sender: "its answer to MAIL FROM"
        case .recipient: "its answer to RCPT TO"
        case .data: "its answer to DATA"
        case .message, .ended: "its word that it has taken the message"
        }
    }

    /// Whether the server can have taken the message.
    var isSent: Bool { step == .message || step == .ended }

    mutating func secured() -> [Action] {
        isSecure = true
        return hello()
    }

    mutating func received(_ reply: SMTPReply) -> [Action] {
        switch step {
        case .greeting: return reply.code == 220 ? hello() : refused(reply, "greeted with")
        case .hello:
            guard reply.code == 250 else { return refused(reply, "answered EHLO with") }
            read(extensionsOf: reply)
            return afterHello()
        case .startTLS:
            guard reply.code == 220 else { return refused(reply, "answered STARTTLS with") }
            step = .handshake
            return [.startTLS]
        case .plain, .loginName, .loginUser, .loginPassword: return authenticating(reply)
        case .sender: return reply.isPositive ? nextRecipient(0) : refused(reply, "refused the sender with")
        case .recipient(let index): return answered(index, reply)
        case .data:
            guard reply.code == 354 else { return refused(reply, "answered DATA with") }
            step = .message
            return [.sendMessage]
        case .message:
            guard reply.isPositive else { return refused(reply, "refused the message with", sent: .yes) }
            step = .ended
            return [.delivered(reply), .send("QUIT")]
        case .handshake, .ended: return []
        }
    }

    private mutating func hello() -> [Action] {
        step = .hello
        extensions = [:]
        return [.send("EHLO \(name)")]
    }

    private mutating func read(extensionsOf reply: SMTPReply) {
        for line in reply.lines.dropFirst() {
            // `AUTH=LOGIN` is how old servers say it.
            let words = line.split(maxSplits: 1) { $0 == " " || $0 == "=" }
            guard let keyword = words.first?.uppercased() else { continue }
            let parameters = words.count > 1 ? String(words[1]) : ""
            extensions[keyword] = [extensions[keyword], parameters].compactMap { $0 }.joined(separator: " ")
        }
    }

    private mutating func afterHello() -> [Action] {
        if server.tls == .starttls, !isSecure {
            guard extensions["STARTTLS"] != nil else {
                let text = "The mail server offers no STARTTLS, so nothing was sent."
                return fail(.networkError, .permanent, text)
            }
            step = .startTLS
            return [.send("STARTTLS")]
        }
        guard let username = server.username else { return sender() }
        return authenticate(username, server.password ?? "")
    }

    private mutating func authenticate(_ username: String, _ password: String) -> [Action] {
        let mechanisms = (extensions["AUTH"] ?? "").uppercased().split(separator: " ")
        if mechanisms.contains("PLAIN") {
            step = .plain
            return [.send("AUTH PLAIN \(Self.base64("\0\(username)\0\(password)"))")]
        }
        if mechanisms.contains("LOGIN") {
            step = .loginName
            return [.send("AUTH LOGIN")]
        }
        let text = "The mail server offers neither AUTH PLAIN nor AUTH LOGIN."
        return fail(.authFailure, .permanent, text)
    }

    private mutating func authenticating(_ reply: SMTPReply) -> [Action] {
        switch (step, reply.code) {
        case (.loginName, 334):
            step = .loginUser
            return [.send(Self.base64(server.username ?? ""))]
        case (.loginUser, 334):
            step = .loginPassword
            return [.send(Self.base64(server.password ?? ""))]
        case (.plain, 235), (.loginPassword, 235): return sender()
        default: return refused(reply, "refused the credentials with", type: .authFailure)
        }
    }

    private mutating func sender() -> [Action] {
        step = .sender
        var parameters = ""
        if mail.isInternational {
            guard extensions["SMTPUTF8"] != nil else {
                let text = "An address has letters that this mail server does not take (no SMTPUTF8)."
                return fail(.validationError, .permanent, text)
            }
            parameters += " SMTPUTF8" + (extensions["8BITMIME"] == nil ? "" : " BODY=8BITMIME")
        }
        if extensions["SIZE"] != nil { parameters += " SIZE=\(size)" }
        return [.send("MAIL FROM:<\(mail.from.address)>\(parameters)")]
    }

    private mutating func nextRecipient(_ index: Int) -> [Action] {
        guard index < mail.to.count else {
            guard refusals.count < mail.to.count else { return allRefused() }
            step = .data
            return [.send("DATA")]
        }
        step = .recipient(index)
        return [.send("RCPT TO:<\(mail.to[index].address)>")]
    }

    /// One that is refused does not keep the others from being told; when it is tried again they would be told
    /// twice, so it is not.
    private mutating func answered(_ index: Int, _ reply: SMTPReply) -> [Action] {
        guard reply.code != 421 else { return refused(reply, "went away with") }
        if !reply.isPositive {
            refusals.append(Refusal(recipient: mail.to[index].address, reply: reply))
        }
        return nextRecipient(index + 1)
    }

    private mutating func allRefused() -> [Action] {
        let worth = refusals.first { $0.reply.isTransient } ?? refusals[0]
        return refused(worth.reply, "refused \(worth.recipient) with")
    }

    /// 4xx may pass, 5xx will not; credentials have a type of their own.
    private mutating func refused(
        _ reply: SMTPReply, _ what: String, type: ErrorType? = nil, sent: Sent = .no
    ) -> [Action] {
        let found: ErrorType =
            switch reply.code {
            case 530, 534, 535, 538: .authFailure
            case 400...499: .serverError
            case 500...599: type ?? .clientError
            default: .invalidResponse
            }
        let text = "The mail server \(what) \(reply.text)."
        return fail(found, found.defaultClass, text, sent: sent)
    }

    private mutating func fail(
        _ type: ErrorType, _ errorClass: ErrorClass, _ message: String, sent: Sent = .no
    ) -> [Action] {
        step = .ended
        let failure = Failure(type: type, errorClass: errorClass, message: message, sent: sent)
        return [.failed(failure), .send("QUIT")]
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
