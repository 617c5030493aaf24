package import KintsugiStore
package import KintsugiVocabulary

/// One stream: pulls its events in order, each once. It leaves when it is let go of.
///
/// One at a time may wait in `next`.
package final class LiveFollower: Sendable {
    package enum Delivery: Sendable {
        case frames([Frame])
        /// Nothing for a while; the client is to be told that the stream lives.
        case heartbeat
        /// It is over; nothing comes any more.
        case end
    }

    private let id: Int
    private let interest: Interest
    private let live: LiveTopics

    init(id: Int, interest: Interest, live: LiveTopics) {
        self.id = id
        self.interest = interest
        self.live = live
    }

    deinit { live.leave(id) }

    /// Where a later stream could go on.
    package var cursor: EventCursor { EventCursor(epoch: live.epoch, position: live.cursor(of: id)) }

    /// The topic under which this one sees the event.
    func topic(of frame: Frame) -> Int {
        interest.topic(of: frame.task, user: frame.user, isInternal: frame.isInternal) ?? 0
    }

    /// The next events, after waiting for them. When the task is cancelled, the end.
    package func next() async throws(StoreError) -> Delivery {
        while true {
            switch live.pull(id) {
            case .frames(let frames): return .frames(frames)
            case .end: return .end
            case .readStore(let after):
                if Task.isCancelled { return .end }
                let (frames, through) = try await live.read(interest, after: after)
                live.advance(id, to: through)
                if !frames.isEmpty { return .frames(frames) }
            case .nothing:
                if case .heartbeat = await live.park(id) { return .heartbeat }
            }
        }
    }

    /// Ends it from outside, for instance because its client is gone or the server stops.
    package func end() { live.end(id, .left) }

    // MARK: As server-sent events

    /// Frames as bytes of `text/event-stream`.
    package func bytes(of frames: [Frame]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(frames.reduce(0) { $0 + $1.head.count + $1.tail.count + 64 })
        for frame in frames { frame.write(topic: interest.names[topic(of: frame)], to: &bytes) }
        return bytes
    }
}
