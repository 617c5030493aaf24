import KintsugiStore

/// The newest frames in position order, bounded by number and bytes.
struct FrameRing: Sendable {
    private var frames: [Frame] = []
    /// Where in `frames` the oldest one stands; what is before it was dropped.
    private var start = 0
    private var bytes = 0
    /// Everything behind this position that was wanted is here.
    private(set) var tail: Int64 = 0

    var count: Int { frames.count - start }

    mutating func append(_ frame: Frame) {
        precondition(frame.position > (frames.last?.position ?? tail), "frame \(frame.position) out of order")
        frames.append(frame)
        bytes += frame.size
    }

    mutating func removeAll(upTo position: Int64) {
        (frames, start, bytes, tail) = ([], 0, 0, max(tail, position))
    }

    mutating func trim(to count: Int, bytes limit: Int) {
        var end = start
        while frames.count - end > count || bytes > limit, end < frames.count {
            bytes -= frames[end].size
            tail = frames[end].position
            end += 1
        }
        start = end
        // Moves what is left once in a while, so that dropping costs the same however long the ring is.
        guard start > frames.count / 2, start > 0 else { return }
        frames.removeSubrange(..<start)
        start = 0
    }

    /// The next frames that are of interest. `through` is nil when everything was looked at.
    func chunk(after position: Int64, for interest: Interest, frames limit: Int, bytes maxBytes: Int)
        -> (frames: [Frame], through: Int64?)
    {
        var (found, size): ([Frame], Int) = ([], 0)
        for index in index(after: position)..<frames.count {
            let frame = frames[index]
            guard interest.topic(of: frame.task, user: frame.user, isInternal: frame.isInternal) != nil else {
                continue
            }
            guard found.count < limit, size < maxBytes else { return (found, found.last?.position) }
            found.append(frame)
            size += frame.tail.count
        }
        return (found, nil)
    }

    private func index(after position: Int64) -> Int {
        var (low, high) = (start, frames.count)
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
