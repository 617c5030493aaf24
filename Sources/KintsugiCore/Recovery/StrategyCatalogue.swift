package import KintsugiVocabulary

/// Which strategies fit which failure, and what each of them does about it.
///
/// The order is what to try first as long as nothing has been measured here: first what costs least and changes
/// nothing, then what changes who or what, then what asks a person, last what gives the work up. A strategy that
/// cannot help against a failure is not in its list: waiting does not mend a refused input, and another input does
/// not mend an expired token.
package enum StrategyCatalogue {
    package struct Entry: Sendable, Hashable {
        package let strategy: Strategy
        /// What it does about this failure, in a sentence or two.
        package let about: String
        /// Whether a chain's step can do it; else it takes a person.
        package let isAutomatic: Bool

        fileprivate init(_ strategy: Strategy, _ about: String, isAutomatic: Bool? = nil) {
            self.strategy = strategy
            self.about = about
            self.isAutomatic = isAutomatic ?? (strategy != .escalate)
        }
    }

    /// Every type, those that people meet most first.
    package static let errorTypes: [ErrorType] = {
        let first: [ErrorType] = [.timeout, .authFailure, .rateLimit, .networkError, .validationError]
        return first + ErrorType.allCases.filter { !first.contains($0) }
    }()

    /// What happened, in a sentence.
    package static func about(_ type: ErrorType) -> String {
        switch type {
        case .timeout: "The agent did not answer in time; it may have done the work nevertheless."
        case .networkError: "There was no connection to the agent, or it broke."
        case .serverError: "The agent answered that something broke on its side (HTTP 500 to 599)."
        case .rateLimit: "The agent wants fewer calls (HTTP 429 or 425)."
        case .authFailure: "The agent does not accept our credentials (HTTP 401, 403 or 407)."
        case .validationError: "The agent does not accept the input (HTTP 400, 413, 415 or 422)."
        case .notFound:
            "The agent does not know the address or the thing that the input names (HTTP 404 or 410)."
        case .clientError: "The agent refuses the request for another reason (other HTTP 4xx, or 3xx)."
        case .missingCallback:
            "There is nobody to call: the agent has no callback, or no agent can do the task."
        case .addressRefused: "The callback's address is one that may not be called from here."
        case .circuitOpen: "Nothing was tried, because the provider's circuit breaker is open."
        case .handlerError: "A local handler threw an error."
        case .agentReported: "The agent reported that it failed."
        case .invalidResponse:
            "The agent said that all is well, but what it sent is not JSON or is too large."
        case .workerLost:
            "The process that made the call died; the agent may have done the work nevertheless."
        case .deadlineExceeded: "The task had not ended by its deadline."
        case .cancelled: "Somebody cancelled the task."
        }
    }

    /// The fitting strategies, what to try first at the front.
    package static func entries(for type: ErrorType) -> [Entry] {
        switch type {
        case .timeout: timeout
        case .networkError: networkError
        case .serverError: serverError
        case .rateLimit: rateLimit
        case .authFailure: authFailure
        case .validationError: validationError
        case .notFound: notFound
        case .clientError: clientError
        case .missingCallback: missingCallback
        case .addressRefused: addressRefused
        case .circuitOpen: circuitOpen
        case .handlerError: handlerError
        case .agentReported: agentReported
        case .invalidResponse: invalidResponse
        case .workerLost: workerLost
        case .deadlineExceeded: deadlineExceeded
        case .cancelled: cancelled
        }
    }

    // MARK: Provider faults: time first, then another agent

    private static let timeout = [
        Entry(.waitAndRetry, "Gives the agent time to recover from its load, then asks again."),
        Entry(.increaseTimeout, "Lets the next attempt take longer, for work that is slow but not stuck."),
        Entry(.switchAgent, "Another agent with the capability may be faster."),
        Entry(
            .useOutput, "Completes with an answer that is good enough, such as a default or an earlier one."),
        Entry(.compensate, "Undoes the work, in case it was done after all."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person asks the provider whether the work was done, and decides."),
        Entry(.retry, "Asks again as it is, once the agent is faster."),
        Entry(.discard, "Gives it up: the answer is of no use any more."),
    ]

    private static let networkError = [
        Entry(.waitAndRetry, "Waits until the network or the agent is back, then asks again."),
        Entry(.switchAgent, "Another agent may be on a network that works."),
        Entry(.retry, "Asks again at once: broken connections are often gone with the next one."),
        Entry(.useOutput, "Completes with an answer that is good enough without the agent."),
        Entry(.compensate, "Undoes the work, in case it was done before the connection broke."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person finds out what is wrong with the network, and decides."),
        Entry(.discard, "Gives it up."),
    ]

    private static let serverError = [
        Entry(.waitAndRetry, "Waits until the agent has recovered, then asks again."),
        Entry(.switchAgent, "Another agent with the capability may be well."),
        Entry(.retry, "Asks again at once, for agents behind a balancer of which one is broken."),
        Entry(.modifyInput, "Leaves out what the agent stumbles over, if that is known."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.compensate, "Undoes what the agent may have done before it broke."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person looks at what the agent said, and decides."),
        Entry(.discard, "Gives it up."),
    ]

    private static let rateLimit = [
        Entry(.waitAndRetry, "Waits as long as the agent asked for, then asks again. Sooner makes it worse."),
        Entry(.switchAgent, "Another agent has a limit of its own."),
        Entry(.useOutput, "Completes with an answer that is good enough without a call."),
        Entry(.notify, "Tells people that the quota is too small."),
        Entry(.escalate, "A person gets a higher limit, or decides that it can wait."),
        Entry(.retry, "Asks again as it is, once the limit was raised."),
        Entry(.discard, "Gives it up: not worth a call."),
    ]

    private static let circuitOpen = [
        Entry(.switchAgent, "Another agent, behind another breaker, can do it now."),
        Entry(.waitAndRetry, "Waits, and asks again if the breaker has closed by then."),
        Entry(.useOutput, "Completes with an answer that is good enough until the provider is back."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person decides whether it can wait for the provider."),
        Entry(.retry, "Asks again as it is, once the provider is back."),
        Entry(.discard, "Gives it up."),
    ]

    // MARK: Refusals: the cause first, since the same request gets the same answer

    private static let authFailure = [
        Entry(
            .refreshCredentials,
            "Fetches a new token, or re-reads the secret from its file, then asks again. Helps when they expired or "
                + "were rotated."),
        Entry(.switchAgent, "Another agent has credentials of its own."),
        Entry(.notify, "Tells people that credentials need care while the chain goes on."),
        Entry(.escalate, "A person renews the credentials, then lets it go on."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.retry, "Asks again as it is, once the agent accepts us."),
        Entry(.discard, "Gives it up: nobody may do this here."),
    ]

    private static let validationError = [
        Entry(
            .modifyInput, "Mends the input by a patch, then asks again: for a fault that is known beforehand."
        ),
        Entry(.switchAgent, "Another agent may take this input, such as one of an older version."),
        Entry(.escalate, "A person looks at what the agent complained about and mends the input."),
        Entry(.useOutput, "Completes with an answer that says so, where the caller can live with it."),
        Entry(.compensate, "Undoes what was done for this before."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(
            .retry, "Asks again as it is, once the agent was mended: the fault is not always in the input."),
        Entry(.discard, "Gives it up: the input will never be good."),
    ]

    private static let notFound = [
        Entry(.modifyInput, "Names the thing by its new name, if that is known."),
        Entry(.switchAgent, "Another agent may know it."),
        Entry(
            .waitAndRetry, "Waits until it is there: what was just made is often not seen everywhere at once."
        ),
        Entry(.escalate, "A person finds out what became of it, and decides."),
        Entry(.useOutput, "Completes with an answer that says that there is none."),
        Entry(.compensate, "Undoes what was done for this before."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.retry, "Asks again as it is, once the thing is there."),
        Entry(.discard, "Gives it up: what is gone needs no work."),
    ]

    private static let clientError = [
        Entry(.modifyInput, "Changes what the agent objects to, if that is known."),
        Entry(.switchAgent, "Another agent may not object."),
        Entry(.escalate, "A person looks at what the agent said, and decides."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.compensate, "Undoes what was done for this before."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.retry, "Asks again as it is, once the agent was mended."),
        Entry(.discard, "Gives it up."),
    ]

    private static let invalidResponse = [
        Entry(.switchAgent, "Another agent may answer as agreed."),
        Entry(
            .retry, "Asks again: an answer that was cut short or came from a proxy may be whole next time."),
        Entry(.useOutput, "Completes with an answer that is good enough: the work itself is probably done."),
        Entry(.compensate, "Undoes the work, which is probably done."),
        Entry(.escalate, "A person reads what came back, and completes the task with it."),
        Entry(.notify, "Tells people that the agent's answers have changed."),
        Entry(.discard, "Gives it up."),
    ]

    // MARK: Nobody to call

    private static let missingCallback = [
        Entry(.switchAgent, "Another agent that can be called does it."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.notify, "Tells people that an agent is missing."),
        Entry(.escalate, "A person registers an agent, or gives its callback, and lets it go on."),
        Entry(.retry, "Asks again, once there is an agent."),
        Entry(.discard, "Gives it up."),
    ]

    private static let addressRefused = [
        Entry(.switchAgent, "Another agent at an address that may be called does it."),
        Entry(.notify, "Tells people that an agent has an address that it should not have."),
        Entry(.escalate, "A person mends the address, or allows its network, and lets it go on."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.retry, "Asks again, once the address was mended or allowed."),
        Entry(.discard, "Gives it up."),
    ]

    // MARK: What the agent or our own process says

    private static let handlerError = [
        Entry(.retry, "Runs the handler again: what it needs may be there by now."),
        Entry(.waitAndRetry, "Waits, then runs the handler again."),
        Entry(.switchAgent, "Another agent does it."),
        Entry(.modifyInput, "Leaves out what the handler stumbles over, if that is known."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.compensate, "Undoes what the handler has done so far."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person looks at the error, and decides."),
        Entry(.discard, "Gives it up."),
    ]

    private static let agentReported = [
        Entry(.retry, "Asks again: the agent may succeed next time."),
        Entry(.switchAgent, "Another agent may be able to do it."),
        Entry(.waitAndRetry, "Waits, then asks again."),
        Entry(.modifyInput, "Changes what the agent reported, if that is known."),
        Entry(.useOutput, "Completes with an answer that is good enough."),
        Entry(.compensate, "Undoes what the agent has done so far."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person reads what the agent reported, and decides."),
        Entry(.discard, "Gives it up."),
    ]

    private static let workerLost = [
        Entry(
            .retry, "Asks again at once: it was our own process that died, and the agent is most likely well."
        ),
        Entry(.waitAndRetry, "Waits until the machine has calmed down, then asks again."),
        Entry(.switchAgent, "Another agent does it, in case this task is what kills the process."),
        Entry(.compensate, "Undoes the work, in case it was done after all."),
        Entry(.notify, "Tells people while the chain goes on."),
        Entry(.escalate, "A person finds out whether the work was done, and decides."),
        Entry(.discard, "Gives it up."),
    ]

    // MARK: Ends that no chain comes after

    private static let deadlineExceeded = [
        Entry(.retry, "Begins a new round, without the deadline that has passed.", isAutomatic: false),
        Entry(.switchAgent, "Begins a new round with an agent that is faster.", isAutomatic: false),
        Entry(.modifyInput, "Begins a new round with less to do.", isAutomatic: false),
        Entry(.discard, "Gives it up: what is too late is of no use.", isAutomatic: false),
    ]

    private static let cancelled = [
        Entry(
            .retry, "Begins a new round: it was cancelled by mistake, or things have changed.",
            isAutomatic: false),
        Entry(.modifyInput, "Begins a new round with what was wrong set right.", isAutomatic: false),
        Entry(.switchAgent, "Begins a new round with another agent.", isAutomatic: false),
        Entry(.discard, "Leaves it as it is: somebody wanted it so.", isAutomatic: false),
    ]
}
