package import KintsugiCore

/// What the engine is told from outside: nothing below reads an environment, a clock or a random source itself.
package struct EngineConfiguration: Sendable {
    /// This process, by name: stands in every `attempt_started`.
    package var node: String
    /// Where agents report to, without a slash at the end; asked at each call, since a port may be given late.
    package var reportBaseURL: @Sendable () -> String
    /// The wall clock.
    package var now: @Sendable () -> Timestamp
    package var seed: UInt64
    /// How long running attempts get to end when we are told to stop.
    package var drainGrace: Milliseconds
    /// Threads for local handlers.
    package var handlerThreads: Int
    /// Makes the token of an attempt: an HMAC of task and attempt with the server's secret.
    package var attemptToken: @Sendable (_ task: String, _ attempt: Int) -> String
    /// Seals a secret before it is stored, and opens it again; nil if it cannot be opened.
    package var seal: @Sendable (String) -> String
    package var unseal: @Sendable (String) -> String?
    /// From which amounts on alerts are critical.
    package var alertThresholds = AlertThresholds()
    /// The first part of every telemetry event's name.
    package var telemetryRoot = "agrenting"
    /// Whether a trace is kept; nil: we export none, and traces do not begin here.
    package var samplesTrace: TaskTrace.Sampler?

    package init(
        node: String, reportBaseURL: @escaping @Sendable () -> String,
        now: @escaping @Sendable () -> Timestamp, seed: UInt64,
        drainGrace: Milliseconds = 20_000, handlerThreads: Int = 4,
        attemptToken: @escaping @Sendable (String, Int) -> String,
        seal: @escaping @Sendable (String) -> String = { $0 },
        unseal: @escaping @Sendable (String) -> String? = { $0 }
    ) {
        self.node = node
        self.reportBaseURL = reportBaseURL
        self.now = now
        self.seed = seed
        self.drainGrace = drainGrace
        self.handlerThreads = handlerThreads
        self.attemptToken = attemptToken
        self.seal = seal
        self.unseal = unseal
    }
}
