internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Sends one mail a connection to servers whose addresses the guard allows.
struct SMTPClient: Sendable {
    private let names: GuardedNames
    private let eventLoopGroup: any EventLoopGroup
    private let connectTimeout: TimeAmount
    private let stepTimeout: TimeAmount

    init(
        names: GuardedNames, eventLoopGroup: any EventLoopGroup, connectTimeout: TimeAmount,
        stepTimeout: TimeAmount
    ) {
        self.names = names
        self.eventLoopGroup = eventLoopGroup
        self.connectTimeout = connectTimeout
        self.stepTimeout = stepTimeout
    }

    enum Result: Sendable {
        case ended(SMTPHandler.Ending)
        case cancelled
    }

    func send(_ mail: MailMessage, via server: ChannelSettings.Email, deadline: NIODeadline) async -> Result {
        let host: CallbackURL.Host
        let secure: SecureStart?
        do throws(CallbackURL.Problem) {
            host = try CallbackURL.host(of: server.host)
        } catch {
            return .ended(.failed(Failure(type: .addressRefused, message: error.sentence, sent: .no)))
        }
        let addresses: [IPAddress]
        switch await names.addresses(of: host, deadline: deadline) {
        case .addresses(let found): addresses = found
        case .failed(let failure): return .ended(.failed(Self.failure(failure)))
        case .cancelled: return .cancelled
        }
        do {
            secure = server.tls == .none ? nil : try SecureStart(host, caFile: server.caFile)
        } catch {
            let reason = ConnectionTrouble.shortened("\(error)")
            let text =
                "The certificates to trust (\(server.caFile ?? "the system's")) cannot be read: \(reason)."
            return .ended(
                .failed(Failure(type: .networkError, errorClass: .permanent, message: text, sent: .no)))
        }
        return await send(mail, via: server, at: addresses, secure, deadline: deadline)
    }

    /// Goes on to the next address as long as no connection came about.
    private func send(
        _ mail: MailMessage, via server: ChannelSettings.Email, at addresses: [IPAddress],
        _ secure: SecureStart?, deadline: NIODeadline
    ) async -> Result {
        var text = "The name \(server.host) has no address."
        for address in addresses {
            if Task.isCancelled { return .cancelled }
            let place = "the mail server \(server.host):\(server.port) at \(address)"
            do {
                let (channel, ending) = try await connect(
                    mail, via: server, address, secure, place: place, deadline: deadline)
                return await withTaskCancellationHandler {
                    let ending = try? await ending.get()
                    if Task.isCancelled { return .cancelled }
                    return ending.map(Result.ended) ?? .cancelled
                } onCancel: {
                    channel.close(promise: nil)
                }
            } catch {
                let trouble = ConnectionTrouble(error, isQueued: false, isOver: false)
                text = "No connection to \(place): \(trouble.reason)."
            }
            if NIODeadline.now() >= deadline { break }
        }
        return .ended(.failed(Failure(type: .networkError, message: text, sent: .no)))
    }

    private func connect(
        _ mail: MailMessage, via server: ChannelSettings.Email, _ address: IPAddress, _ secure: SecureStart?,
        place: String, deadline: NIODeadline
    ) async throws -> (any Channel, EventLoopFuture<SMTPHandler.Ending>) {
        let bytes = mail.bytes
        let (stepTimeout, loop) = (stepTimeout, eventLoopGroup.next())
        let promise = loop.makePromise(of: SMTPHandler.Ending.self)
        let patience = max(min(connectTimeout, deadline - .now()), .milliseconds(1))
        do {
            let channel = try await ClientBootstrap(group: loop).connectTimeout(patience)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let dialogue = SMTPDialogue(mail, size: bytes.count, via: server)
                        let handler = SMTPHandler(
                            dialogue, message: bytes, place: place, stepTimeout: stepTimeout,
                            deadline: deadline, promise: promise
                        ) {
                            guard let secure else { throw ChannelError.operationUnsupported }
                            return try secure.handler()
                        }
                        let pipeline = channel.pipeline.syncOperations
                        if server.tls == .implicit, let secure { try pipeline.addHandler(secure.handler()) }
                        try pipeline.addHandler(handler)
                    }
                }
                .connect(to: SocketAddress(ipAddress: address.description, port: server.port)).get()
            return (channel, promise.futureResult)
        } catch {
            promise.fail(error)
            throw error
        }
    }

    private static func failure(_ failure: ExchangeFailure) -> Failure {
        switch failure {
        case .addressRefused(let text): Failure(type: .addressRefused, message: text, sent: .no)
        case .unsendable(let text): Failure(type: .clientError, message: text, sent: .no)
        case .outOfTime(let text, _): Failure(type: .timeout, message: text, sent: .no)
        case .unreachable(let text), .saturated(let text), .broken(let text):
            Failure(type: .networkError, message: text, sent: .no)
        }
    }
}

/// What TLS with a server needs: whom to trust and who the server must be.
private struct SecureStart: Sendable {
    private let context: NIOSSLContext
    private let name: String?

    init(_ host: CallbackURL.Host, caFile: String?) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if let caFile { configuration.trustRoots = .file(caFile) }
        context = try NIOSSLContext(configuration: configuration)
        // Of an address the certificate is asked by itself: there is no name to say.
        name = if case .name(let name) = host { name } else { nil }
    }

    func handler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: name)
    }
}
