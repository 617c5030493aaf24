import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

/// One event as it goes out, made once for everyone who sees it.
///
/// A class although it is a value, because it is handed to thousands of subscribers: one reference to count
/// where a struct has thirty.
package final class Frame: Sendable {
    let task: TaskNumber
    let user: UserID
    let isInternal: Bool
    let position: Int64
    package let resource: LiveEventResource
    /// Everything up to the topic's name, and everything after it.
    let head, tail: [UInt8]

    init(
        task: TaskNumber, user: UserID, isInternal: Bool, position: Int64, epoch: String,
        resource: LiveEventResource
    ) {
        self.task = task
        self.user = user
        self.isInternal = isInternal
        self.position = position
        self.resource = resource
        head = Array(
            "id: \(epoch).\(position)\nevent: \(resource.event.type.rawValue)\ndata: {\"topic\":".utf8)
        var json = JSONWriter(reserving: 1536)
        resource.write(to: &json)
        var tail = json.bytes
        tail[0] = UInt8(ascii: ",")
        // Payloads keep their line breaks, which stand only between JSON's tokens: a frame's data is one line.
        for index in tail.indices where tail[index] == 0x0a || tail[index] == 0x0d { tail[index] = 0x20 }
        tail.append(contentsOf: [0x0a, 0x0a])
        self.tail = tail
    }

    /// About what it takes of the memory.
    var size: Int { head.count + 2 * tail.count + 512 }

    /// The frame for a subscriber whose topic has this name.
    func write(topic: [UInt8], to bytes: inout [UInt8]) {
        bytes += head
        bytes += topic
        bytes += tail
    }
}

/// Makes frames of appends. What a frame says follows from the task's events up to it and nothing else, so that
/// it is the same to the byte whether it is made as the event happens or years later.
struct FrameMaker: Sendable {
    let epoch: String

    /// - Parameter fold: of the task's events before this append; afterwards with those of it.
    func frames(of append: LogAppend, _ fold: inout TimelineFold) -> [Frame] {
        append.events.indices.compactMap { index in
            let recorded = append.events[index]
            let row = fold.row(recorded, following: append.events[(index + 1)...].prefix(2))
            guard let state = fold.state else { return nil }
            let task = TaskResource(state, Outlook(now: recorded.at))
            return Frame(
                task: append.number, user: append.user, isInternal: !state.isCounted,
                position: recorded.position, epoch: epoch,
                resource: LiveEventResource(
                    taskID: append.id.description, event: row, task: TaskSummaryResource(task)))
        }
    }
}
