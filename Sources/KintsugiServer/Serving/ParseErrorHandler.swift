import HTTPTypes
import KintsugiWire
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Answers bytes that are no HTTP with a problem document, as every other error, and closes the connection.
///
/// Only between requests: while one is being answered, its handler meets the error when it reads the body.
final class ParseErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var open = 0
    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { open += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { open -= 1 }
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
        guard open <= 0 else { return context.fireErrorCaught(error) }
        guard !isClosing else { return }
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
        context.close(promise: nil)
    }
}
