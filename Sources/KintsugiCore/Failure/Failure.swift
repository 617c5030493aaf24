package import KintsugiVocabulary

/// How one attempt failed, as classified when it happened; it is stored so and never judged again.
package struct Failure: Sendable, Hashable {
    package var type: ErrorType
    /// Whether another attempt can help.
    package var errorClass: ErrorClass
    /// A sentence for a person, without payloads or secrets.
    package var message: String
    package var httpStatus: Int?
    /// What the agent asked for, from `Backoff.retryAfter(header:now:)`.
    package var retryAfter: Milliseconds?
    /// Whether the agent can have seen the request.
    package var sent: Sent

    /// Takes the class from the default table unless one is given.
    package init(
        type: ErrorType, errorClass: ErrorClass? = nil, message: String, httpStatus: Int? = nil,
        retryAfter: Milliseconds? = nil, sent: Sent = .yes
    ) {
        self.type = type
        self.errorClass = errorClass ?? type.defaultClass
        self.message = message
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.sent = sent
    }
}
