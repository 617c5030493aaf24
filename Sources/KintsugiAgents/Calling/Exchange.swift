internal import AsyncHTTPClient
package import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// What came of one POST.
package enum ExchangeResult: Sendable {
    /// The head of an answer arrived; whatever became of its body.
    case answered(HTTPAnswer)
    case failed(ExchangeFailure)
    /// The surrounding Swift task was cancelled.
    case cancelled
    /// The client was shut down under it.
    case interrupted
}

package struct HTTPAnswer: Sendable, Hashable {
    package enum Ending: Sendable, Hashable {
        case whole
        /// The rest was not read.
        case tooLong
        /// The connection broke, with the reason as the end of a sentence.
        case broken(String)
        case outOfTime
    }

    package var status: Int
    package var retryAfter: String?
    package var body: [UInt8]
    package var ending: Ending
}

/// Why there is no answer; each reason is a whole sentence for a person.
package enum ExchangeFailure: Error, Sendable, Hashable {
    /// The URL or a header is such that no request can be made of it.
    case unsendable(String)
    case addressRefused(String)
    /// No connection: name unknown, refused, unreachable, TLS failed. Nothing was sent.
    case unreachable(String)
    /// We had no connection or descriptor left. Nothing was sent.
    case saturated(String)
    /// The connection broke after at least the head of the request had gone out.
    case broken(String)
    case outOfTime(String, wasSent: Bool)
}

/// How much of an answer is worth reading.
package struct BodyLimits: Sendable, Hashable {
    /// Of an answer that succeeds.
    package var success = 1 << 20
    /// Of any other, 202 included: the status says it all.
    package var other = 4096
    /// How long the body of any other is waited for.
    package var patience = TimeAmount.seconds(1)

    package init() {}

    func limit(status: Int) -> Int { (200...299).contains(status) && status != 202 ? success : other }
}

/// Collects one answer as it arrives and knows what had been sent until then.
///
/// The delegate's callbacks all come on one event loop; the lock is for who reads it afterwards.
final class Exchange: HTTPClientResponseDelegate {
    typealias Response = Void

    struct Progress {
        var isSent = false
        var answer: HTTPAnswer?
    }

    /// The rest of the body is of no interest.
    private struct EnoughRead: Error {}

    private let state = Mutex(Progress())
    private let limits: BodyLimits

    init(limits: BodyLimits) { self.limits = limits }

    var progress: Progress { state.withLock { $0 } }

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        state.withLock { $0.isSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let status = Int(head.status.code)
        let isSuccess = limits.limit(status: status) == limits.success
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        // Of an error that says it is long the beginning is read, of a success nothing.
        let isTooLong = isSuccess && announced > limits.success
        state.withLock { state in
            state.isSent = true
            state.answer = HTTPAnswer(
                status: status, retryAfter: head.headers.first(name: "retry-after"), body: [],
                // Until the end has come, this is how it stands.
                ending: isTooLong ? .tooLong : .broken("the answer ended too early"))
        }
        if isTooLong {
            task.fail(reason: EnoughRead())
        } else if !isSuccess {
            let patience = task.eventLoop.scheduleTask(in: limits.patience) {
                task.fail(reason: EnoughRead())
            }
            task.futureResult.whenComplete { _ in patience.cancel() }
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let isEnough = state.withLock { state in
            guard var answer = state.answer else { return false }
            guard answer.ending != .tooLong else { return true }
            state.answer = nil  // so that the body has one owner and grows in place
            let room = limits.limit(status: answer.status) - answer.body.count
            answer.body.append(contentsOf: buffer.readableBytesView.prefix(room))
            let isEnough = buffer.readableBytes > room
            if isEnough { answer.ending = .tooLong }
            state.answer = answer
            return isEnough
        }
        if isEnough { task.fail(reason: EnoughRead()) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {
        state.withLock { state in
            if state.answer?.ending != .tooLong { state.answer?.ending = .whole }
        }
    }
}
