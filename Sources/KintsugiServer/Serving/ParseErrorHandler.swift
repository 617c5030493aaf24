import HTTPTypes
import KintsugiWire
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Answers bytes that are no HTTP with a problem document, as every other error, and closes the connection.
///
/// While a request is being answered, its handler meets the error when it reads the body; if it does not, the
/// empty answer that Hummingbird then writes on its own is replaced.
final class ParseErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var open = 0
    private var isClosing = false
    /// What is wrong with the bytes after the requests that are still being answered.
    private var pending: Problem?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { open += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head where open <= 0:
            guard let pending else { break }
            refuse(pending, context)
            promise?.succeed()
            return
        case .end: open -= 1
        default: break
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let problem: Problem
        switch error {
        case let error as HTTPParserError: problem = Problem(parser: error)
        case is HTTP1TypeConversionError:
            problem = Problem(.malformedRequest, "The request is not valid HTTP.")
        default: return context.fireErrorCaught(error)
        }
        if open <= 0, !isClosing {
            refuse(problem, context)
        } else {
            pending = problem
            context.fireErrorCaught(error)
        }
    }

    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        isClosing = true
        let body = ProblemResource(
            slug: problem.type.rawValue, title: problem.type.title, status: problem.type.status,
            detail: problem.detail, instance: "/", requestID: "unread-" + RandomText.small(16),
            isRetryable: problem.type.isRetryable, errors: []
        ).json
        let head = HTTPResponse(
            status: HTTPResponse.Status(code: problem.type.status),
            headerFields: [
                .contentType: "application/problem+json", .contentLength: String(body.count),
                .connection: "close",
                .xContentTypeOptions: "nosniff", .cacheControl: "no-store",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // What the client still sends is read and dropped for a moment: a reset would take the answer from it.
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
