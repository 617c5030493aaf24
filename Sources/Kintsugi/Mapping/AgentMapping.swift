package import KintsugiCore
package import KintsugiEngine
import KintsugiVocabulary
package import KintsugiWire

extension AgentResource {
    /// - Parameter forAdmin: others do not see the callback address, which can hold secrets.
    package init(_ record: AgentRecord, forAdmin: Bool) {
        self.init()
        let profile = record.profile
        id = profile.id.rawValue
        name = record.name
        kind = record.kind.rawValue
        callbackURL = forAdmin ? record.callbackURL : nil
        provider = profile.provider.rawValue
        capabilities = profile.capabilities
        timeout = record.givenTimeout
        maxConcurrency = profile.maxConcurrency
        rateLimit = profile.rateLimit.map { ($0.perSecond, $0.burst) }
        auth = forAdmin ? record.auth.map(AgentAuthResource.init) : nil
        breaker = profile.breaker.map(BreakerSettingsResource.init)
        retryBudget = profile.retryBudget.map { ($0.ratio, $0.minPerSecond) }
        redrive = profile.redrive
        weight = profile.weight
        isPaused = profile.isPaused
        isDraining = record.isDraining
        createdAt = record.createdAt.rfc3339
        updatedAt = record.updatedAt.rfc3339
        version = record.version
    }
}

extension AgentAuthResource {
    init(_ auth: AgentRecord.Auth) {
        switch auth {
        case .bearer: self.init(type: "bearer")
        case .basic(let username, _): self.init(type: "basic", username: username)
        case .header(let name, _): self.init(type: "header", name: name)
        case .clientCredentials(let client):
            self.init(type: "oauth2_client_credentials")
            tokenURL = client.tokenURL
            clientID = client.clientID
            scope = client.scope
            audience = client.audience
        case .bearerFile(let path): self.init(type: "bearer_file", path: path)
        case .headerFile(let name, let path): self.init(type: "header_file", name: name, path: path)
        }
    }
}

extension BreakerSettingsResource {
    init(_ settings: BreakerSettings) {
        self.init()
        windowCalls = settings.windowCalls
        window = settings.window
        failureRate = settings.failureRate
        minCalls = settings.minCalls
        consecutiveFailures = settings.consecutiveFailures
        open = settings.open
        maxOpen = settings.maxOpen
        probes = settings.probes
    }
}

extension CircuitBreakerResource {
    /// - Parameter forAdmin: others do not see numbers that come from other users' tasks.
    package init(_ breaker: BreakerSnapshot, forAdmin: Bool) {
        self.init()
        provider = breaker.provider.rawValue
        state = breaker.state
        failureRate = breaker.failureRate
        calls = forAdmin ? breaker.calls : nil
        recent = forAdmin ? breaker.recent.suffix(50) : []
        openedAt = breaker.openedAt?.rfc3339
        probeAt = breaker.probeAt?.rfc3339
        trips = breaker.trips
        heldTasks = forAdmin ? breaker.heldTasks : nil
        isForced = breaker.isForced
        forcedUntil = breaker.forcedUntil?.rfc3339
        forcedReason = forAdmin ? breaker.forcedReason : nil
    }
}

extension AgentTestResource {
    package init(_ outcome: AttemptOutcome, duration: Milliseconds, at now: Timestamp) {
        switch outcome {
        case .succeeded(_, let status):
            self.init(isOK: true, httpStatus: status, duration: duration, error: nil, at: now.rfc3339)
        case .accepted:
            self.init(isOK: true, httpStatus: 202, duration: duration, error: nil, at: now.rfc3339)
        case .failed(let failure):
            self.init(
                isOK: false, httpStatus: failure.httpStatus, duration: failure.sent == .no ? nil : duration,
                error: ErrorResource(failure, at: now), at: now.rfc3339)
        case .interrupted, .cancelled:
            let failure = Failure(type: .cancelled, message: "The call was broken off by our own shutdown.")
            self.init(
                isOK: false, httpStatus: nil, duration: duration, error: ErrorResource(failure, at: now),
                at: now.rfc3339)
        }
    }
}
