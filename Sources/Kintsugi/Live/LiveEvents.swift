import KintsugiEngine
import KintsugiStore
public import KintsugiVocabulary
public import KintsugiWire

/// An event of a live topic.
public struct LiveEvent: Sendable {
    /// The most specific of the topics asked for.
    public let topic: Topic
    /// Go on after it with this.
    public let cursor: EventCursor
    public let taskID: String
    public let event: TimelineEventResource
    /// The task right after the event.
    public let task: TaskSummaryResource
}

/// Why events cannot be followed.
public struct LiveTopicsError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// There is no such task.
        case unknownTask
        /// The cursor is of another log (a backup was restored) or behind its end: begin anew.
        case unknownCursor
        /// The store cannot be read; what went wrong stands in the description.
        case storeFailed
    }

    public let code: Code
    public let description: String
}

/// Events in order, each once, however slowly they are taken: what waits stays in the store.
///
/// Each iterator is a stream of its own. It ends when its task is cancelled or the engine stops.
public struct LiveEvents: AsyncSequence, Sendable {
    public typealias Element = LiveEvent
    public typealias Failure = LiveTopicsError

    let live: LiveTopics
    let interest: Interest
    let position: Int64

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(live: live, interest: interest, position: position)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let epoch: String
        private let interest: Interest
        private let follower: LiveFollower
        private var frames: ArraySlice<Frame> = []

        init(live: LiveTopics, interest: Interest, position: Int64) {
            epoch = live.epoch
            self.interest = interest
            follower = live.follow(interest, after: position)
        }

        public mutating func next() async throws(LiveTopicsError) -> LiveEvent? {
            try await next(isolation: nil)
        }

        public mutating func next(isolation: isolated (any _Concurrency.Actor)?) async throws(LiveTopicsError)
            -> LiveEvent?
        {
            while true {
                if let frame = frames.popFirst() { return event(frame) }
                do throws(StoreError) {
                    switch try await follower.next() {
                    case .frames(let more): frames = more[...]
                    case .heartbeat: continue
                    case .end: return nil
                    }
                } catch .closed { return nil } catch {
                    throw LiveTopicsError(
                        code: .storeFailed, description: "The store cannot be read: \(error)")
                }
            }
        }

        private func event(_ frame: Frame) -> LiveEvent {
            LiveEvent(
                topic: interest.topics[follower.topic(of: frame)],
                cursor: EventCursor(epoch: epoch, position: frame.position), taskID: frame.resource.taskID,
                event: frame.resource.event, task: frame.resource.task)
        }
    }
}

extension LiveTopics {
    /// The events of these topics; nil begins now, `beginning` with the first there ever was.
    ///
    /// What happens after this call is seen, whenever the iteration begins.
    public func events(of topics: [Topic], after cursor: EventCursor? = nil) async throws(LiveTopicsError)
        -> LiveEvents
    {
        let start = cursor ?? now
        guard start.epoch == epoch, start.position <= now.position else {
            throw LiveTopicsError(
                code: .unknownCursor, description: "The cursor \(start) is not of this log: begin anew.")
        }
        do throws(EngineError) {
            let interest = try await interest(in: topics, scope: .everyone)
            return LiveEvents(live: self, interest: interest, position: start.position)
        } catch .notFound {
            throw LiveTopicsError(code: .unknownTask, description: "One of the tasks is unknown.")
        } catch {
            throw LiveTopicsError(code: .storeFailed, description: "The store cannot be read: \(error)")
        }
    }
}
