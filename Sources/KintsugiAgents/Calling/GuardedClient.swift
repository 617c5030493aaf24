internal import AsyncHTTPClient
package import NIOCore
package import NIOHTTP1
internal import Synchronization

/// Sends POST requests to addresses that the guard allows, and to nothing else.
///
/// Names are resolved here, every address is checked, and the connection goes to the very address that was
/// checked: there is no second look-up that could say something else (DNS rebinding).
package final class GuardedClient: Sendable {
    private struct State {
        var inFlight: [ClientPool.Endpoint: Int] = [:]
        var isShutDown = false
    }

    private let configuration: HTTPAgentCallerConfiguration
    private let clients: ClientPool
    /// For others who connect by the same rules.
    let names: GuardedNames
    private let state = Mutex(State())

    package init(
        configuration: HTTPAgentCallerConfiguration, guard addressGuard: AddressGuard,
        eventLoopGroup: any EventLoopGroup
    ) {
        self.configuration = configuration
        clients = ClientPool(
            maxPinned: configuration.maxPinnedClients, eventLoopGroup: eventLoopGroup,
            configuration: configuration.clientSettings)
        let resolver = HostResolver(
            threads: configuration.resolverThreads, timeToLive: configuration.addressTimeToLive,
            eventLoopGroup: eventLoopGroup, lookup: configuration.lookup)
        names = GuardedNames(
            resolver: resolver, addressGuard: addressGuard, patience: configuration.connectTimeout)
    }

    /// Ends what is under way as `.interrupted`, closes all connections and gives the threads back.
    package func shutdown() async throws {
        let isFirst = state.withLock { state in
            defer { state.isShutDown = true }
            return !state.isShutDown
        }
        guard isFirst else { return }
        try await clients.shutdown()
        try await names.resolver.shutdown()
    }

    /// Sends the request and reads the answer, all until the deadline.
    package func post(
        _ url: CallbackURL, headers: HTTPHeaders, body: ByteBuffer, deadline: NIODeadline
    ) async -> ExchangeResult {
        if Task.isCancelled { return .cancelled }
        switch await names.addresses(of: url.host, deadline: deadline) {
        case .addresses(let addresses):
            return await post(url, at: addresses, headers: headers, body: body, deadline: deadline)
        case .failed(.unreachable) where state.withLock({ $0.isShutDown }): return .interrupted
        case .failed(let failure): return .failed(failure)
        case .cancelled: return .cancelled
        }
    }

    /// Goes on to the next address as long as no connection came about.
    private func post(
        _ url: CallbackURL, at addresses: [IPAddress], headers: HTTPHeaders, body: ByteBuffer,
        deadline: NIODeadline
    ) async -> ExchangeResult {
        var result = ExchangeResult.failed(.unreachable("The name has no address."))
        for (index, address) in addresses.enumerated() {
            result = await post(url, at: address, headers: headers, body: body, deadline: deadline)
            let isLast = index == addresses.count - 1
            switch result {
            case .failed(.unreachable) where !isLast && !Task.isCancelled && NIODeadline.now() < deadline:
                continue
            case .failed(.unreachable), .failed(.outOfTime(_, wasSent: false)):
                // Whoever calls next begins with the next one.
                prefer(addresses[isLast ? 0 : index + 1], of: url.host, among: addresses)
            case .answered, .failed(.broken): prefer(address, of: url.host, among: addresses)
            default: break
            }
            break
        }
        return result
    }

    private func prefer(_ address: IPAddress, of host: CallbackURL.Host, among addresses: [IPAddress]) {
        guard case .name(let name) = host, addresses.count > 1 else { return }
        names.resolver.prefer(address, of: name)
    }

    private func post(
        _ url: CallbackURL, at address: IPAddress, headers: HTTPHeaders, body: ByteBuffer,
        deadline: NIODeadline
    ) async -> ExchangeResult {
        var endpoint = ClientPool.Endpoint(name: nil, address: address, port: url.port)
        var authority = address.authority
        if url.isSecure, case .name(let name) = url.host {
            endpoint.name = name
            authority = name
        }
        let isQueued = begin(endpoint)
        defer { end(endpoint) }
        guard let client = clients.borrow(for: endpoint) else { return .interrupted }
        defer { clients.giveBack(endpoint) }
        do {
            let request = try HTTPClient.Request(
                url: "\(url.isSecure ? "https" : "http")://\(authority):\(url.port)\(url.target)",
                method: .POST,
                headers: headers, body: .byteBuffer(body))
            // Were the URL read otherwise than it was written, the look-up and the guard would be passed by.
            guard request.host == authority, request.port == url.port else {
                return .failed(.unsendable("The URL can be read in two ways."))
            }
            let place = "\(url.hostHeader) at \(address)"
            let first = await run(request, on: client, to: place, isQueued: isQueued, deadline: deadline)
            // A kept connection can turn out to be closed before anything went out; that is nobody's failure.
            guard case .staleConnection = first else { return first.result }
            return await run(request, on: client, to: place, isQueued: isQueued, deadline: deadline).result
        } catch {
            return .failed(.unsendable("No request can be made of the URL: \(error)."))
        }
    }

    /// Counts a call in; whether all connections that there may be are taken by those before it.
    private func begin(_ endpoint: ClientPool.Endpoint) -> Bool {
        state.withLock { state in
            let inFlight = state.inFlight[endpoint, default: 0]
            state.inFlight[endpoint] = inFlight + 1
            return inFlight >= configuration.maxConnectionsPerHost
        }
    }

    private func end(_ endpoint: ClientPool.Endpoint) {
        state.withLock { state in
            let left = state.inFlight[endpoint, default: 1] - 1
            state.inFlight[endpoint] = left == 0 ? nil : left
        }
    }

    private enum Attempt {
        case ended(ExchangeResult)
        case staleConnection(ExchangeResult)

        var result: ExchangeResult {
            switch self {
            case .ended(let result), .staleConnection(let result): result
            }
        }
    }

    private func run(
        _ request: HTTPClient.Request, on client: HTTPClient, to place: String, isQueued: Bool,
        deadline: NIODeadline
    ) async -> Attempt {
        let exchange = Exchange(limits: configuration.bodyLimits)
        let task = client.execute(
            request: request, delegate: exchange, eventLoop: .indifferent, deadline: deadline, logger: nil)
        do {
            try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            guard let answer = exchange.progress.answer else {
                return .ended(.failed(.broken("There was no answer.")))
            }
            return .ended(.answered(answer))
        } catch {
            if Task.isCancelled { return .ended(.cancelled) }
            let trouble = ConnectionTrouble(error, isQueued: isQueued, isOver: NIODeadline.now() >= deadline)
            if !trouble.isOutOfTime, state.withLock({ $0.isShutDown }) { return .ended(.interrupted) }
            return ended(exchange.progress, trouble, place: place)
        }
    }

    private func ended(
        _ progress: Exchange.Progress, _ trouble: ConnectionTrouble, place: String
    ) -> Attempt {
        if var answer = progress.answer {
            switch answer.ending {
            case .tooLong, .whole: break
            case .broken, .outOfTime:
                answer.ending = trouble.isOutOfTime ? .outOfTime : .broken(trouble.reason)
            }
            return .ended(.answered(answer))
        }
        if trouble.isOutOfTime {
            let sentence =
                progress.isSent
                ? "There was no answer in time."
                : "The time was over before there was a connection to \(place)."
            return .ended(.failed(.outOfTime(sentence, wasSent: progress.isSent)))
        }
        if progress.isSent {
            return .ended(.failed(.broken("The connection broke: \(trouble.reason).")))
        }
        switch trouble.kind {
        case .unsendable:
            return .ended(.failed(.unsendable("The request cannot be sent: \(trouble.reason).")))
        case .saturated:
            return .ended(.failed(.saturated("There was no free connection to \(place): \(trouble.reason).")))
        case .closed:
            return .staleConnection(.failed(.unreachable("No connection to \(place): \(trouble.reason).")))
        case .other: return .ended(.failed(.unreachable("No connection to \(place): \(trouble.reason).")))
        }
    }
}
