internal import AsyncHTTPClient
internal import NIOCore
internal import Synchronization

/// The clients for `https` names, one for each name and address.
///
/// TLS must ask for the name while the connection goes to the address that was checked; async-http-client
/// can do
/// that only by a table that is fixed for a client (`dnsOverride`). The least recently used are shut down.
final class PinnedClients: Sendable {
    struct Key: Hashable, Sendable {
        var name: String
        var address: IPAddress
    }

    private struct Entry {
        var client: HTTPClient
        var users = 0
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock: UInt64 = 0
        var isShutDown = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let eventLoopGroup: any EventLoopGroup
    private let configuration: HTTPClient.Configuration

    init(limit: Int, eventLoopGroup: any EventLoopGroup, configuration: HTTPClient.Configuration) {
        self.limit = limit
        self.eventLoopGroup = eventLoopGroup
        self.configuration = configuration
    }

    /// The client for that name at that address, to be given back; nil after shutdown.
    func borrow(_ key: Key) -> HTTPClient? {
        state.withLock { state in
            guard !state.isShutDown else { return nil }
            state.clock += 1
            var entry = state.entries[key] ?? Entry(client: makeClient(key), lastUse: 0)
            entry.users += 1
            entry.lastUse = state.clock
            state.entries[key] = entry
            return entry.client
        }
    }

    func giveBack(_ key: Key) {
        let surplus = state.withLock { state -> [HTTPClient] in
            state.entries[key]?.users -= 1
            var surplus: [HTTPClient] = []
            while state.entries.count > limit, !state.isShutDown {
                let idle = state.entries.filter { $0.value.users == 0 }
                guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { break }
                state.entries[oldest.key] = nil
                surplus.append(oldest.value.client)
            }
            return surplus
        }
        // Nobody uses it and nobody can get it any more: there is nothing to wait for.
        for client in surplus { client.shutdown { _ in } }
    }

    func shutdown() async throws {
        let clients = state.withLock { state in
            state.isShutDown = true
            defer { state.entries = [:] }
            return state.entries.values.map(\.client)
        }
        for client in clients { try await client.shutdown() }
    }

    private func makeClient(_ key: Key) -> HTTPClient {
        var configuration = configuration
        configuration.dnsOverride = [key.name: key.address.description]
        return HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: configuration)
    }
}
