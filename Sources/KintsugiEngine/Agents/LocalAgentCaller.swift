import KintsugiCore
package import KintsugiVocabulary
import Synchronization

/// Agents that are Swift closures in this process.
package final class LocalAgentCaller: AgentCaller {
    /// What a handler gets; what it returns is the task's output.
    package typealias Handler = @Sendable (AgentCall) async throws -> JSONText?

    private let handlers = Mutex<[AgentID: Handler]>([:])

    package init() {}

    package func register(_ id: AgentID, _ handler: @escaping Handler) {
        handlers.withLock { $0[id] = handler }
    }

    package func call(_ call: AgentCall) async -> CallResult {
        guard let handler = handlers.withLock({ $0[call.agent.profile.id] }) else {
            let message = "No handler is registered in this process for \(call.agent.profile.id)."
            return CallResult(.failed(Failure(type: .missingCallback, message: message, sent: .no)))
        }
        return await Self.run(handler, call)
    }

    private static func run(_ handler: Handler, _ call: AgentCall) async -> CallResult {
        do {
            return CallResult(.succeeded(output: try await handler(call), httpStatus: nil))
        } catch is CancellationError where Task.isCancelled {
            return CallResult(.cancelled)
        } catch {
            let isPermanent = (error as? any HandlerFailure)?.isPermanent ?? false
            let failure = Failure(
                type: .handlerError, errorClass: isPermanent ? .permanent : .retryable, message: "\(error)",
                sent: .yes)
            return CallResult(.failed(failure))
        }
    }
}

/// An error by which a handler says whether trying again can help.
package protocol HandlerFailure: Error {
    var isPermanent: Bool { get }
}
