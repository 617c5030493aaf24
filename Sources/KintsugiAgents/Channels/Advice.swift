internal import KintsugiVocabulary

extension ErrorType {
    /// What it means for the tasks, in a sentence for someone who does not know the word.
    var plainReason: String {
        switch self {
        case .timeout: "The agent does not answer in time."
        case .networkError: "The agent cannot be reached."
        case .serverError: "The agent answers with errors of its own."
        case .rateLimit: "The agent asks for fewer calls than there are."
        case .authFailure: "The agent refuses our credentials."
        case .validationError: "The agent refuses what the tasks send."
        case .notFound: "The agent does not know what the tasks are about."
        case .clientError: "The agent refuses the requests."
        case .missingCallback: "No agent with a callback can run these tasks."
        case .addressRefused: "The agent's address may not be called from here."
        case .circuitOpen: "The provider's circuit breaker stayed open for longer than the tasks may wait."
        case .handlerError: "The handler in this process throws errors."
        case .agentReported: "The agent reports that it cannot do it."
        case .invalidResponse: "The agent's answers cannot be understood."
        case .workerLost: "The node that ran the tasks is gone."
        case .deadlineExceeded: "The tasks were not done before their deadline."
        case .cancelled: "The tasks were cancelled."
        }
    }

    /// What to do next about it.
    var advice: String {
        switch self {
        case .timeout, .networkError, .serverError:
            "See whether the provider is down. When it works again, retry one dead letter, then the rest; "
                + "while it does not, another agent can take them."
        case .rateLimit:
            "Lower the agent's rate limit or ask the provider for more, then retry the dead letters slowly."
        case .authFailure: "Renew the agent's credentials, then retry one dead letter, then the rest."
        case .validationError, .clientError, .invalidResponse:
            "Trying again alone will not help: mend the input or the agent, then retry, or resolve by hand."
        case .notFound: "See whether the agent's address or the reference in the input is wrong, then retry."
        case .missingCallback: "Register an agent for these tasks or give it a callback, then retry."
        case .addressRefused: "Correct the agent's callback URL, or allow its network, then retry."
        case .circuitOpen: "Dead letters come back by themselves when the breaker closes; see the provider."
        case .handlerError, .agentReported: "Read the error, mend its cause, then retry the dead letters."
        case .workerLost: "See why the node ended, then retry the dead letters."
        case .deadlineExceeded:
            "Decide whether the work is still wanted: retry with a new deadline or discard."
        case .cancelled: "Nothing, unless the work is wanted after all: then retry it."
        }
    }
}
