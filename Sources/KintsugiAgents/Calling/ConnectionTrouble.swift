internal import AsyncHTTPClient
internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// What an error of the HTTP client means to us.
///
/// The client's own retry of failed connections is off, so these arrive at once. Its `connectTimeout` is a
/// network error; only the end of the attempt's own time is a timeout.
struct ConnectionTrouble {
    enum Kind {
        /// Our own limit: connections, descriptors, ports, memory.
        case saturated
        /// Headers that no request may carry.
        case unsendable
        /// Closed by the other side.
        case closed
        case other
    }

    var kind: Kind
    var isOutOfTime: Bool
    /// The end of a sentence, printable and not long.
    var reason: String

    /// - Parameters:
    ///   - isQueued: Whether all connections that we may have to this place were busy when the call began.
    ///   - isOver: Whether the attempt's time is over.
    init(_ error: any Error, isQueued: Bool, isOver: Bool) {
        isOutOfTime = isOver || error as? HTTPClientError == .deadlineExceeded
        switch error {
        case let error as HTTPClientError: (kind, reason) = Self.read(error, isQueued: isQueued)
        case let error as IOError:
            kind = Self.ownLimits.contains(error.errnoCode) ? .saturated : .other
            reason = Self.text(errno: error.errnoCode)
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed, ChannelError.eof:
            (kind, reason) = (.closed, Self.closed)
        default:
            (kind, reason) = (.other, Self.shortened("\(error)"))
        }
    }

    private static let closed = "the other side closed it"

    private static func read(_ error: HTTPClientError, isQueued: Bool) -> (Kind, String) {
        switch error {
        case .getConnectionFromPoolTimeout where isQueued:
            return (.saturated, "all connections were busy for too long")
        case .getConnectionFromPoolTimeout, .connectTimeout: return (.other, "nobody answered in time")
        case .tlsHandshakeTimeout: return (.other, "TLS was not agreed on in time")
        case .remoteConnectionClosed: return (.closed, closed)
        case .cancelled: return (.other, "it was withdrawn")
        default:
            let description = error.shortDescription
            let isUnsendable = description.hasPrefix("Invalid header") || description == "Invalid URL"
            return (
                isUnsendable ? .unsendable : .other,
                description.prefix(1).lowercased() + description.dropFirst()
            )
        }
    }

    private static let ownLimits: Set<Int32> = [EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS, ENOMEM]

    private static func text(errno code: Int32) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET: "the other side reset it"
        case EPIPE: closed
        case EHOSTUNREACH, ENETUNREACH: "the network knows no way there"
        case ETIMEDOUT: "nobody answered in time"
        case EMFILE, ENFILE: "too many open files"
        case EADDRNOTAVAIL: "no local port is free"
        default: "error \(code) of the system"
        }
    }

    static func shortened(_ text: String) -> String {
        let printable = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
        return String(String.UnicodeScalarView(printable.prefix(200)))
    }
}
