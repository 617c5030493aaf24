import Hummingbird
import KintsugiCore
import KintsugiEngine
import KintsugiStore
import KintsugiVocabulary
import KintsugiWire
import NIOCore
import NIOHTTP1

/// The kinds of problem by their slugs. This file alone chooses HTTP statuses for errors.
package enum ProblemType: String, Sendable, CaseIterable {
    case malformedRequest = "malformed-request"
    case unauthorized
    case forbidden
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case conflict
    case taskEnded = "task-ended"
    case taskNotEnded = "task-not-ended"
    case taskNotWaiting = "task-not-waiting"
    case taskCancelled = "task-cancelled"
    case attemptNotCurrent = "attempt-not-current"
    case deadLetterClosed = "dead-letter-closed"
    case bulkEnded = "bulk-operation-ended"
    case agentExists = "agent-exists"
    case agentInUse = "agent-in-use"
    case keyInConfiguration = "key-in-configuration"
    case idempotencyInProgress = "idempotency-in-progress"
    case preconditionFailed = "precondition-failed"
    case bodyTooLarge = "body-too-large"
    case uriTooLong = "uri-too-long"
    case unsupportedMediaType = "unsupported-media-type"
    case invalidRequest = "invalid-request"
    case idempotencyKeyReused = "idempotency-key-reused"
    case rateLimited = "rate-limited"
    case headersTooLarge = "headers-too-large"
    case internalError = "internal-error"
    case overloaded
    case draining
    case diskFull = "disk-full"
    case outcomeUnknown = "outcome-unknown"

    package var status: Int {
        switch self {
        case .malformedRequest: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .conflict, .taskEnded, .taskNotEnded, .taskNotWaiting, .taskCancelled, .attemptNotCurrent,
            .deadLetterClosed, .bulkEnded, .agentExists, .agentInUse, .keyInConfiguration,
            .idempotencyInProgress:
            409
        case .preconditionFailed: 412
        case .bodyTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .invalidRequest, .idempotencyKeyReused: 422
        case .rateLimited: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .overloaded, .draining, .diskFull, .outcomeUnknown: 503
        }
    }

    package var title: String {
        switch self {
        case .malformedRequest: "Malformed request"
        case .unauthorized: "Unauthorized"
        case .forbidden: "Forbidden"
        case .notFound: "Not found"
        case .methodNotAllowed: "Method not allowed"
        case .conflict: "Conflict"
        case .taskEnded: "Task has ended"
        case .taskNotEnded: "Task has not ended"
        case .taskNotWaiting: "Task does not wait for a person"
        case .taskCancelled: "Task was cancelled"
        case .attemptNotCurrent: "Attempt is no longer current"
        case .deadLetterClosed: "Dead letter is closed"
        case .bulkEnded: "Bulk operation has ended"
        case .agentExists: "Agent exists"
        case .agentInUse: "Agent is in use"
        case .keyInConfiguration: "Key is set by configuration"
        case .idempotencyInProgress: "First request still running"
        case .preconditionFailed: "Precondition failed"
        case .bodyTooLarge: "Body too large"
        case .uriTooLong: "URI too long"
        case .unsupportedMediaType: "Unsupported media type"
        case .invalidRequest: "Invalid request"
        case .idempotencyKeyReused: "Idempotency key reused"
        case .rateLimited: "Too many requests"
        case .headersTooLarge: "Headers too large"
        case .internalError: "Internal error"
        case .overloaded: "Overloaded"
        case .draining: "Shutting down"
        case .diskFull: "Disk full"
        case .outcomeUnknown: "Outcome unknown"
        }
    }

    /// Seconds after which to ask again, where nothing better is known.
    var retryAfter: Int? {
        switch self {
        case .rateLimited, .overloaded, .outcomeUnknown: 1
        case .draining: 5
        case .diskFull: 30
        default: nil
        }
    }

    /// Whether sending the same request again can help; nil where the question makes no sense.
    var isRetryable: Bool? {
        switch self {
        case .rateLimited, .overloaded, .draining, .diskFull, .outcomeUnknown, .idempotencyInProgress: true
        case .conflict, .internalError, .unauthorized, .preconditionFailed: nil
        default: false
        }
    }
}

extension Problem {
    /// What a client is told of any error that a handler throws.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as EngineError: self.init(engine: error)
        case let error as StoreError: self.init(store: error)
        case is NIOTooManyBytesError: self.init(.bodyTooLarge, "The body is larger than this server takes.")
        case let error as HTTPParserError: self.init(parser: error)
        case let error as HTTPError where error.status.code == 404:
            self.init(.notFound, "There is no such path.")
        case let error as any HTTPResponseError where (400..<500).contains(error.status.code):
            self.init(.malformedRequest, "The request could not be understood.")
        default:
            self.init(
                .internalError, "Something broke in the server; its log has more under the request's id.")
        }
    }

    /// What a client is told when its bytes are no HTTP that we take.
    init(parser error: HTTPParserError) {
        switch error {
        case .headerOverflow: self.init(.headersTooLarge, "The request's header is too large.")
        default: self.init(.malformedRequest, "The request is not valid HTTP.")
        }
    }

    private init(engine error: EngineError) {
        switch error {
        case .notFound: self = .notFound
        case .rejected(let rejection): self.init(rejection)
        case .preconditionFailed(let version):
            self.init(.preconditionFailed, "It is at version \(version) now: read it again and decide anew.")
        case .contended:
            self.init(.conflict, "Others changed it faster than this request could; try again.")
        case .unknownAgent(let id):
            self.init(faults: [
                FieldFault(.pointer("/agent_id"), "names no registered agent (\(id.rawValue))")
            ])
        case .agentExists(let id):
            self.init(.agentExists, "An agent with the id \(id.rawValue) exists already.")
        case .agentInUse(let id):
            self.init(
                .agentInUse,
                "Unfinished tasks need the agent \(id.rawValue); let them end first by ?drain=true.")
        case .tooManyChains(let user):
            self.init(
                .conflict,
                "\(user.rawValue) has \(Engine.maxChainsOfUser) fallback chains, the most there can be; delete some."
            )
        case .bulkEnded(let status):
            self.init(.bulkEnded, "The bulk operation has ended (\(status.rawValue)).")
        case .idempotencyConflict:
            self.init(
                .idempotencyInProgress, "A request with the same Idempotency-Key is being recorded just now.")
        case .draining: self.init(.draining, "The server is shutting down and takes no new work.")
        case .store(let error): self.init(store: error)
        }
    }

    private init(_ rejection: Rejection) {
        switch rejection {
        case .alreadyEnded(let status):
            self.init(.taskEnded, "The task has ended (\(status.rawValue)) and cannot be cancelled.")
        case .notRetryable(let status):
            self.init(
                .taskNotEnded,
                "Only failed and cancelled tasks can be retried; this one is \(status.rawValue).")
        case .notWaiting(let status):
            self.init(
                .taskNotWaiting,
                "Only a task that waits for a person can be decided on; this one is \(status.rawValue).")
        case .notCurrent(.cancelled, _):
            self.init(.taskCancelled, "The task was cancelled; stop working on it.")
        case .notCurrent:
            self.init(
                .attemptNotCurrent, "This attempt's outcome is known or another attempt has replaced it.")
        case .noPendingDeadLetter: self = .deadLetterClosed
        case .repeatedReport, .outOfDate: self.init(.conflict, "It has just changed; read it again.")
        }
    }

    static let deadLetterClosed = Problem(.deadLetterClosed, "The entry is no longer pending.")

    private init(store error: StoreError) {
        switch error {
        case .full: self.init(.diskFull, "The disk is full: nothing can be recorded, reads go on.")
        case .closed: self.init(.draining, "The server is shutting down.")
        case .outcomeUnknown:
            self.init(
                .outcomeUnknown,
                "It may or may not have been recorded; repeat it with the same Idempotency-Key to find out.")
        case .versionConflict, .duplicate, .idempotencyConflict:
            self.init(.conflict, "Others changed it faster than this request could; try again.")
        case .broken: self.init(.internalError, "The store is broken; the server's log has more.")
        }
    }
}
