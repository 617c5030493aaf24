internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Asks the system for the addresses of names, on threads of its own, and remembers them for some seconds.
///
/// Many callers of one name share one question. Who waits leaves at once when its time is over or its task is
/// cancelled; the question itself cannot be withdrawn, so it keeps its thread until the system gives up.
final class HostResolver: Sendable {
    typealias Lookup = @Sendable (_ name: String) throws(LookupError) -> [IPAddress]

    enum Answer: Sendable {
        case addresses([IPAddress])
        case failed(LookupError)
        case outOfTime
        case cancelled
    }

    private struct Entry {
        var addresses: [IPAddress]
        var until: NIODeadline
        /// The address that took the last connection; it is tried first.
        var preferred: IPAddress?

        var ordered: [IPAddress] {
            guard let preferred, let index = addresses.firstIndex(of: preferred), index > 0 else {
                return addresses
            }
            return [preferred] + addresses.filter { $0 != preferred }
        }
    }

    private struct State {
        var known: [String: Entry] = [:]
        var waiting: [String: [UInt64: CheckedContinuation<Answer, Never>]] = [:]
        var lastTicket: UInt64 = 0

        func addresses(of name: String) -> [IPAddress]? {
            guard let entry = known[name], NIODeadline.now() < entry.until else { return nil }
            return entry.ordered
        }

        /// Makes room: what is out of date goes, and if nothing is, everything.
        mutating func forget() {
            let now = NIODeadline.now()
            let fresh = known.filter { now < $0.value.until }
            known = fresh.count < known.count ? fresh : [:]
        }
    }

    private let state = Mutex(State())
    private let pool: NIOThreadPool
    private let eventLoopGroup: any EventLoopGroup
    private let timeToLive: TimeAmount
    private let lookup: Lookup
    private let maxKnown = 4096

    init(threads: Int, timeToLive: TimeAmount, eventLoopGroup: any EventLoopGroup, lookup: @escaping Lookup) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        self.timeToLive = timeToLive
        self.eventLoopGroup = eventLoopGroup
        self.lookup = lookup
    }

    func shutdown() async throws { try await pool.shutdownGracefully() }

    /// The addresses of a name, in the order in which they should be tried.
    func addresses(of name: String, deadline: NIODeadline) async -> Answer {
        if let known = remembered(name) { return .addresses(known) }
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let timer = eventLoopGroup.any().scheduleTask(deadline: deadline) {
            self.leave(name, ticket, with: .outOfTime)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                switch join(name, ticket, continuation) {
                case .known(let addresses): continuation.resume(returning: .addresses(addresses))
                case .first: ask(name)
                case .later: break
                }
                if Task.isCancelled { leave(name, ticket, with: .cancelled) }
            }
        } onCancel: {
            leave(name, ticket, with: .cancelled)
        }
    }

    /// Remembers which of a name's addresses took a connection.
    func prefer(_ address: IPAddress, of name: String) {
        state.withLock { $0.known[name]?.preferred = address }
    }

    private func remembered(_ name: String) -> [IPAddress]? { state.withLock { $0.addresses(of: name) } }

    private enum Place {
        case known([IPAddress])
        /// Nobody has asked; who is first must.
        case first
        case later
    }

    private func join(
        _ name: String, _ ticket: UInt64, _ continuation: CheckedContinuation<Answer, Never>
    ) -> Place {
        state.withLock { state in
            if let known = state.addresses(of: name) { return .known(known) }
            let isFirst = state.waiting[name] == nil
            state.waiting[name, default: [:]][ticket] = continuation
            return isFirst ? .first : .later
        }
    }

    private func leave(_ name: String, _ ticket: UInt64, with answer: Answer) {
        state.withLock { $0.waiting[name]?.removeValue(forKey: ticket) }?.resume(returning: answer)
    }

    private func ask(_ name: String) {
        pool.submit { [self] workState in
            guard case .active = workState else {
                return finish(name, .failed(LookupError(reason: "shutting down")))
            }
            do throws(LookupError) {
                finish(name, .addresses(try lookup(name)))
            } catch {
                finish(name, .failed(error))
            }
        }
    }

    private func finish(_ name: String, _ answer: Answer) {
        let (waiting, answer) = state.withLock { state in
            var answer = answer
            if case .addresses(let addresses) = answer {
                let preferred = state.known[name]?.preferred
                let entry = Entry(addresses: addresses, until: .now() + timeToLive, preferred: preferred)
                if state.known.count >= maxKnown, state.known[name] == nil { state.forget() }
                state.known[name] = entry
                answer = .addresses(entry.ordered)
            }
            return (state.waiting.removeValue(forKey: name) ?? [:], answer)
        }
        for continuation in waiting.values { continuation.resume(returning: answer) }
    }
}

/// Why a name has no address, in the system's words.
package struct LookupError: Error, Sendable, Hashable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

extension HostResolver {
    /// `getaddrinfo`, which blocks; without duplicates and in the order of RFC 6724.
    static func system(_ name: String) throws(LookupError) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0, let list else {
            throw LookupError(reason: gai_strerror(code).map { String(cString: $0) } ?? "error \(code)")
        }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let info = next?.pointee {
            if let address = address(of: info), !found.contains(address) { found.append(address) }
            next = info.ai_next
        }
        guard !found.isEmpty else { throw LookupError(reason: "it has no address") }
        return found
    }

    private static func address(of info: addrinfo) -> IPAddress? {
        guard let raw = UnsafeRawPointer(info.ai_addr) else { return nil }
        switch info.ai_family {
        case AF_INET:
            let bits = raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
            return .v4(UInt32(bigEndian: bits))
        case AF_INET6:
            let address = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { bytes in
                .v6(
                    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
            }
        default: return nil
        }
    }
}
