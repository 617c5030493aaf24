import HTTPTypes
import Hummingbird
import HummingbirdCore
import Kintsugi
import KintsugiEngine
import KintsugiVocabulary
import KintsugiWire
import NIOCore
import ServiceLifecycle

/// Live topics as server-sent events.
///
/// - Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
enum StreamHandlers {
    static let maxTopics = 100

    @Sendable static func stream(_ exchange: Exchange) async throws -> Answer {
        var query = exchange.query
        let topics = topics(&query)
        let start = start(&query, header: exchange.header(.lastEventID))
        try query.check(["topics", "after"])
        for topic in topics { try check(topic, exchange.caller) }
        let live = exchange.site.live
        let interest = try await live.interest(in: topics, scope: exchange.caller.scope)
        guard live.hasRoom else {
            var problem = Problem(
                .overloaded, "\(live.maxStreams) streams are open: that is as many as may be.")
            problem.retryAfter = 5
            throw problem
        }
        return Answer(
            .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store", .xAccelBuffering: "no",
            ],
            stream: EventStream(exchange: exchange, live: live, interest: interest, start: start))
    }

    // MARK: The request

    private static func topics(_ query: inout Query) -> [Topic] {
        guard let text = query.value("topics"), !text.isEmpty else {
            query.add("topics", "must name one or several topics, parted by commas")
            return []
        }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        if words.count > maxTopics { query.add("topics", "must not name more than \(maxTopics) topics") }
        let topics = words.map { Topic($0) }
        if topics.contains(nil) {
            query.add("topics", "must be of task:ID, user_dashboard:USER and all, parted by commas")
        }
        return topics.compactMap { $0 }
    }

    /// Where the client wants to go on. The header wins, because browsers send it when they connect again.
    private static func start(_ query: inout Query, header: String?) -> EventStream.Start {
        let parameter = query.value("after").map { (name: "after", text: $0) }
        let field = header.flatMap { $0.isEmpty ? nil : (name: "Last-Event-ID", text: $0) }
        var starts: [EventStream.Start] = []
        for (name, text) in [field, parameter].compactMap({ $0 }) {
            if text == "0" {
                starts.append(.beginning)
            } else if let cursor = EventCursor(text) {
                starts.append(.after(cursor))
            } else {
                query.add(name, "must be 0 or the id of an event of a stream")
            }
        }
        return starts.first ?? .now
    }

    private static func check(_ topic: Topic, _ caller: Caller) throws(Problem) {
        switch topic {
        case .task: return
        case .userDashboard(let user): if !caller.scope.covers(user) { throw .notFound }
        case .all:
            if !caller.isAdmin {
                throw Problem(
                    .forbidden, "The topic all is for admins; yours is user_dashboard:\(caller.userID).")
            }
        }
    }
}

/// The body of a stream: written for as long as the client, its key and the server stay.
struct EventStream: Sendable {
    enum Start: Sendable {
        case now, beginning
        case after(EventCursor)
    }

    let exchange: Exchange
    let live: LiveTopics
    let interest: Interest
    private let position: Int64
    private let opening: String

    /// Times in milliseconds after which a client that lost its connection comes back.
    private static let retry = 1000

    init(exchange: Exchange, live: LiveTopics, interest: Interest, start: Start) {
        self.exchange = exchange
        self.live = live
        self.interest = interest
        let now = live.now
        var reset: String?
        switch start {
        case .now: position = now.position
        case .beginning: position = 0
        case .after(let cursor):
            if cursor.epoch != live.epoch { reset = "epoch_changed" }
            if cursor.epoch == live.epoch, cursor.position > now.position { reset = "unknown_position" }
            position = reset == nil ? cursor.position : now.position
        }
        let id = EventCursor(epoch: live.epoch, position: position)
        // The id without data tells a browser where it is before anything has happened.
        var opening = "retry: \(Self.retry)\n: open\nid: \(id)\n\n"
        if let reset {
            opening += "id: \(id)\nevent: reset\ndata: {\"reason\":\"\(reset)\",\"position\":\(position)}\n\n"
        }
        self.opening = opening
    }

    /// Writes until somebody leaves. Each write waits until the client has taken what was written before.
    func write(to writer: any ResponseBodyWriter) async throws {
        let follower = live.follow(interest, after: position, owners: exchange.caller.owners)
        let pen = Pen(writer: writer)
        try await exchange.request.body.consumeWithInboundCloseHandler { _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await feed(pen, follower) }
                group.addTask {
                    try await gracefulShutdown()
                    follower.end()
                    // A client that does not read must not hold up the server's end.
                    try await Task.sleep(for: .seconds(1))
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } onInboundClosed: {
            follower.end()
        }
    }

    private func feed(_ pen: Pen, _ follower: LiveFollower) async throws {
        var writer = pen.writer
        try await writer.write(ByteBuffer(string: opening))
        var told = position
        while true {
            let delivery = try await follower.next()
            guard exchange.site.keys.isValid(exchange.caller, at: exchange.engine.now) else { break }
            switch delivery {
            case .frames(let frames): try await writer.write(ByteBuffer(bytes: follower.bytes(of: frames)))
            case .heartbeat:
                // On a quiet topic the place from which to go on moves too, so that resuming has little to look at.
                let cursor = follower.cursor
                let text = cursor.position > told ? ":\nid: \(cursor)\n\n" : ":\n\n"
                told = max(told, cursor.position)
                try await writer.write(ByteBuffer(string: text))
            case .end: return try await writer.finish(nil)
            }
        }
        try await writer.finish(nil)
    }

    /// Carries the writer into the one child that writes.
    ///
    /// `@unchecked Sendable`: only `feed` uses it, and whoever made it waits until that has ended.
    private struct Pen: @unchecked Sendable {
        let writer: any ResponseBodyWriter
    }
}

extension Caller {
    fileprivate var owners: Set<StreamOwner> {
        Set([keyID.map(StreamOwner.key), sessionID.map(StreamOwner.session)].compactMap { $0 })
    }
}
