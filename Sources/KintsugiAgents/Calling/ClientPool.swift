internal import AsyncHTTPClient
internal import NIOCore
internal import Synchronization

/// The HTTP clients, each on one event loop: one a loop for addresses, one a name and address for TLS.
///
/// One loop for a client, because async-http-client sends the body of a request one hop between loops after
/// its head; an agent that has answered and hung up by then ends our process (1.37.0, `releaseConnection`: "A
/// connection that we don't know was released?"). On one loop nothing can come between.
///
/// A client for each name under TLS, because the handshake must ask for the name while the connection goes to
/// the address that was checked, and the table for that (`dnsOverride`) is fixed for a client. The least
/// recently used are shut down.
final class ClientPool: Sendable {
    /// Where a connection goes; all calls there share one client, on one loop.
    struct Endpoint: Hashable, Sendable {
        /// Under TLS to a name only.
        var name: String?
        var address: IPAddress
        var port: Int
    }

    private struct Pin: Hashable {
        var name: String
        var address: IPAddress
    }

    private struct Entry {
        var client: HTTPClient
        var users = 0
        var lastUse: UInt64
    }

    private struct State {
        var pinned: [Pin: Entry] = [:]
        var clock: UInt64 = 0
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let maxPinned: Int
    private let loops: [any EventLoop]
    private let shared: [HTTPClient]
    private let configuration: HTTPClient.Configuration

    init(maxPinned: Int, eventLoopGroup: any EventLoopGroup, configuration: HTTPClient.Configuration) {
        self.maxPinned = maxPinned
        self.configuration = configuration
        loops = Array(eventLoopGroup.makeIterator())
        shared = loops.map { HTTPClient(eventLoopGroupProvider: .shared($0), configuration: configuration) }
    }

    /// The client for calls to that place, to be given back; nil after shutdown.
    func borrow(for endpoint: Endpoint) -> HTTPClient? {
        guard let name = endpoint.name else { return shared[index(endpoint)] }
        let pin = Pin(name: name, address: endpoint.address)
        return state.withLock { state in
            guard !state.isShutDown else { return nil }
            state.clock += 1
            var entry = state.pinned[pin] ?? Entry(client: makeClient(pin), lastUse: 0)
            entry.users += 1
            entry.lastUse = state.clock
            state.pinned[pin] = entry
            return entry.client
        }
    }

    func giveBack(_ endpoint: Endpoint) {
        guard let name = endpoint.name else { return }
        let surplus = state.withLock { state -> [HTTPClient] in
            state.pinned[Pin(name: name, address: endpoint.address)]?.users -= 1
            var surplus: [HTTPClient] = []
            while state.pinned.count > maxPinned {
                let idle = state.pinned.filter { $0.value.users == 0 }
                guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.pinned[oldest.key] = nil
                surplus.append(oldest.value.client)
            }
            return surplus
        }
        // Nobody uses it and nobody can get it any more: there is nothing to wait for.
        for client in surplus { client.shutdown { _ in } }
    }

    func shutdown() async throws {
        let pinned = state.withLock { state in
            state.isShutDown = true
            defer { state.pinned = [:] }
            return state.pinned.values.map(\.client)
        }
        var failure: (any Error)?
        for client in shared + pinned {
            do { try await client.shutdown() } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func index(_ key: some Hashable) -> Int {
        Int(truncatingIfNeeded: UInt(bitPattern: key.hashValue) % UInt(loops.count))
    }

    private func makeClient(_ pin: Pin) -> HTTPClient {
        var configuration = configuration
        configuration.dnsOverride = [pin.name: pin.address.description]
        return HTTPClient(eventLoopGroupProvider: .shared(loops[index(pin)]), configuration: configuration)
    }
}
