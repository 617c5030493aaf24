import HTTPTypes
import Hummingbird
package import KintsugiWire

/// An error that a client is told about, thrown from anywhere in a handler.
package struct Problem: Error, Sendable {
    package var type: ProblemType
    /// What happened this time and what to do about it.
    package var detail: String
    package var errors: [FieldFault] = []
    /// Seconds.
    package var retryAfter: Int?
    /// The methods that the path has, for 405.
    package var allow: String?

    package init(_ type: ProblemType, _ detail: String) {
        self.type = type
        self.detail = detail
    }

    /// Faults of the request's members, parameters or headers.
    package init(faults: [FieldFault]) {
        type = .invalidRequest
        errors = faults
        detail =
            faults.count == 1
            ? "The request has a fault: \(faults[0].sentence)"
            : "The request has \(faults.count) faults; see errors."
    }

    static let notFound = Problem(.notFound, "There is no such thing here.")

    func response(instance: String, requestID: String) -> Response {
        let body = ProblemResource(
            slug: type.rawValue, title: type.title, status: type.status, detail: detail, instance: instance,
            requestID: requestID, isRetryable: type.isRetryable, errors: errors
        ).json
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if type == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"kintsugi\"" }
        if let allow { headers[.allow] = allow }
        if let seconds = retryAfter ?? type.retryAfter { headers[.retryAfter] = String(seconds) }
        return Response(
            status: HTTPResponse.Status(code: type.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension FieldFault {
    /// "`/priority` must be between -100 and 100."
    var sentence: String {
        switch place {
        case .pointer(let pointer): "\(pointer.isEmpty ? "the body" : pointer) \(detail)."
        case .parameter(let name): "\(name) \(detail)."
        }
    }
}
