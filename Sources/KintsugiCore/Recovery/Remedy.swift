package import KintsugiVocabulary

/// A strategy that was tried against a failure of one type.
package struct Remedy: Sendable, Hashable {
    package let error: ErrorType
    package let strategy: Strategy

    package init(_ strategy: Strategy, against error: ErrorType) {
        self.error = error
        self.strategy = strategy
    }

    /// By which its counters are known: `timeout/retry`. Stored: never changed.
    package var name: String { "\(error.rawValue)/\(strategy.rawValue)" }

    package init?(name: String) {
        let words = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, let error = ErrorType(rawValue: words[0]),
            let strategy = Strategy(rawValue: words[1])
        else { return nil }
        self.init(strategy, against: error)
    }
}

extension Strategy {
    /// Whether a task can be completed by it; the others do something else that is worth doing.
    package var mends: Bool {
        switch self {
        case .retry, .waitAndRetry, .switchAgent, .increaseTimeout, .refreshCredentials, .modifyInput,
            .useOutput, .escalate:
            true
        case .compensate, .notify, .discard: false
        }
    }
}

/// How often a remedy was tried to its end, and how often the task was completed by it.
package struct RemedyFigures: Sendable, Hashable {
    package var tried: Int
    package var recovered: Int

    package init(tried: Int = 0, recovered: Int = 0) {
        self.tried = tried
        self.recovered = recovered
    }

    /// Tries below which a share says nothing.
    package static let leastTries = 5

    package var isEnough: Bool { tried >= Self.leastTries }

    /// Nil: too few tries to say.
    package var successRate: Double? { isEnough ? Double(recovered) / Double(tried) : nil }

    /// What the success rate is at least, with a confidence of 97.5 %: few tries give little.
    ///
    /// - Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22
    ///   (1927), the lower end of the score interval, with z = 1.96.
    package var lowerBound: Double {
        guard tried > 0 else { return 0 }
        let (n, share, z) = (Double(tried), Double(recovered) / Double(tried), 1.96)
        let middle = share + z * z / (2 * n)
        let spread = z * ((share * (1 - share) + z * z / (4 * n)) / n).squareRoot()
        return max(0, (middle - spread) / (1 + z * z / n))
    }
}

/// How often a chain was begun, and how it ended.
package struct ChainFigures: Sendable, Hashable {
    package var started: Int
    package var recovered: Int
    package var exhausted: Int

    package init(started: Int = 0, recovered: Int = 0, exhausted: Int = 0) {
        self.started = started
        self.recovered = recovered
        self.exhausted = exhausted
    }

    /// Of those that came to an end by themselves; nil: none has.
    package var successRate: Double? {
        let ended = recovered + exhausted
        return ended == 0 ? nil : Double(recovered) / Double(ended)
    }
}
