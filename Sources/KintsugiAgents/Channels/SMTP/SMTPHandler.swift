internal import KintsugiCore
internal import KintsugiVocabulary
internal import NIOCore
internal import NIOSSL

/// Holds a mail's conversation on its connection: the server's bytes in, the dialogue's actions out.
final class SMTPHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Ending: Sendable {
        case delivered(SMTPReply, refusals: [SMTPDialogue.Refusal])
        case failed(Failure)
    }

    private var dialogue: SMTPDialogue
    private var reader = SMTPReplyReader()
    private let message: [UInt8]
    private let place: String
    private let stepTimeout: TimeAmount
    private let deadline: NIODeadline
    private let makeTLS: () throws -> NIOSSLClientHandler
    private let promise: EventLoopPromise<Ending>
    private var hasEnded = false
    private var timer: Scheduled<Void>?

    init(
        _ dialogue: SMTPDialogue, message: [UInt8], place: String, stepTimeout: TimeAmount,
        deadline: NIODeadline, promise: EventLoopPromise<Ending>,
        makeTLS: @escaping () throws -> NIOSSLClientHandler
    ) {
        self.dialogue = dialogue
        self.message = message
        self.place = place
        self.stepTimeout = stepTimeout
        self.deadline = deadline
        self.promise = promise
        self.makeTLS = makeTLS
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    /// We need no name of our own: an address in brackets says who we are.
    ///
    /// - Source: RFC 5321, sections 4.1.1.1 and 4.1.3.
    func channelActive(context: ChannelHandlerContext) {
        if let address = context.localAddress?.ipAddress {
            dialogue.name = address.contains(":") ? "[IPv6:\(address)]" : "[\(address)]"
        }
        waitForNext(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard !hasEnded else { return context.close(promise: nil) }
        reader.feed(&bytes)
        do throws(SMTPReplyReader.Nonsense) {
            guard let reply = try reader.next() else { return }
            // We ask one thing at a time, so nothing may stand behind a reply: what does was put there by
            // somebody in between, to be believed when TLS has begun (CVE-2011-0411), or by a broken server.
            guard !reader.hasMore else { throw .init(reason: "it said more than it was asked") }
            perform(dialogue.received(reply), context)
        } catch {
            fail(.networkError, "The conversation with \(place) was broken off: \(error.reason).", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.networkError, "\(place) hung up before \(dialogue.waiting).", context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let fault = Self.certificateFault(error) {
            // Tried again it would be the same: somebody has to mend the server or the channel.
            fail(
                .networkError, class: .permanent, "TLS with \(place) failed: its certificate is \(fault).",
                context)
        } else if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
            let reason = ConnectionTrouble.shortened("\(error)")
            fail(.networkError, "TLS with \(place) failed: \(reason).", context)
        } else {
            let trouble = ConnectionTrouble(error, isQueued: false, isOver: false)
            fail(.networkError, "The connection to \(place) broke: \(trouble.reason).", context)
        }
    }

    private static func certificateFault(_ error: any Error) -> String? {
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            return "for another host"
        }
        // The library tells this only in a text that it made from BoringSSL's errors.
        return "\(error)".contains("CERTIFICATE_VERIFY_FAILED") ? "not signed by one to trust" : nil
    }

    private func perform(_ actions: [SMTPDialogue.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .send(let line): write(ByteBuffer(string: line + "\r\n"), context)
            case .sendMessage: write(ByteBuffer(bytes: Self.stuffed(message)), context)
            case .startTLS: startTLS(context)
            case .delivered(let reply): end(.delivered(reply, refusals: dialogue.refusals))
            case .failed(let failure): end(.failed(failure))
            }
        }
        waitForNext(context)
    }

    private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(try makeTLS(), position: .first)
        } catch {
            return fail(.networkError, "TLS with \(place) could not begin: \(error).", context)
        }
        perform(dialogue.secured(), context)
    }

    /// Each step has its time, and all of them together; a server that does not say goodbye has a second.
    private func waitForNext(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let patience = hasEnded ? TimeAmount.seconds(1) : dialogue.isSent ? .hours(24) : stepTimeout
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: min(deadline, .now() + patience)) {
            let text = "\(self.place) did not give \(self.dialogue.waiting) in time."
            self.fail(.timeout, text, bound.value)
        }
    }

    private func end(_ ending: Ending) {
        guard !hasEnded else { return }
        hasEnded = true
        promise.succeed(ending)
    }

    private func fail(
        _ type: ErrorType, class errorClass: ErrorClass? = nil, _ message: String,
        _ context: ChannelHandlerContext
    ) {
        let sent: Sent = dialogue.isSent ? .maybe : .no
        let text = message.prefix(1).uppercased() + message.dropFirst()
        end(.failed(Failure(type: type, errorClass: errorClass, message: text, sent: sent)))
        timer?.cancel()
        context.close(promise: nil)
    }

    /// The message and its end: a dot that begins a line is doubled, one alone ends it.
    ///
    /// - Source: RFC 5321, section 4.5.2.
    static func stuffed(_ message: [UInt8]) -> [UInt8] {
        var stuffed: [UInt8] = []
        stuffed.reserveCapacity(message.count + 64)
        var isLineStart = true
        for byte in message {
            if isLineStart, byte == UInt8(ascii: ".") { stuffed.append(byte) }
            stuffed.append(byte)
            isLineStart = byte == UInt8(ascii: "\n")
        }
        if !isLineStart { stuffed += [0x0d, 0x0a] }
        return stuffed + [0x2e, 0x0d, 0x0a]
    }
}
