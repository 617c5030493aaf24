import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("What recovery has learned")
struct RemedyTests {
    private let other = AgentID("adyen")

    private func figures(_ store: any Store) async throws -> [String: RemedyFigures] {
        var named: [String: RemedyFigures] = [:]
        for (remedy, figures) in try await store.remedies().figures { named[remedy.name] = figures }
        return named
    }

    @Test("A retried dead letter counts when its round has ended", arguments: StoreKind.allCases)
    func retried(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            #expect(try await store.remedies() == MeasuredRemedies())
            let failed = try await scenario.attempt(
                try await scenario.create(), Scenario.failure(.authFailure))
            #expect(try await store.remedies() == MeasuredRemedies(since: Scenario.start))
            let again = try await scenario.go(.retry(Retry(actor: "ann")), failed)
            #expect(try await figures(store).isEmpty, "it is still under way")
            let failedAgain = try await scenario.attempt(again, Scenario.failure(.notFound))
            #expect(try await figures(store) == ["auth_failure/retry": RemedyFigures(tried: 1)])
            let third = try await scenario.go(.retry(Retry(cause: .bulk, actor: "ann")), failedAgain)
            try await scenario.attempt(third, Scenario.success)
            #expect(
                try await figures(store) == [
                    "auth_failure/retry": RemedyFigures(tried: 1),
                    "not_found/retry": RemedyFigures(tried: 1, recovered: 1),
                ])
        }
    }

    @Test("What was changed says which remedy it was", arguments: StoreKind.allCases)
    func changed(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let input = JSONText(valid: Array(#"{"amount":2}"#.utf8))
            let retries: [(Retry, String?)] = [
                (Retry(actor: "a", agentID: other), "switch_agent"),
                (Retry(actor: "a", agentID: Scenario.agent), "retry"),
                (Retry(actor: "a", input: input), "modify_input"),
                (Retry(actor: "a", input: Scenario.spec().input), "retry"),
                (Retry(actor: "a", input: input, agentID: other), nil),
            ]
            for (retry, name) in retries {
                let before = try await figures(store)
                let failed = try await scenario.attempt(
                    try await scenario.create(), Scenario.failure(.timeout))
                try #require(failed.state.status == .pending)
                let dead = try await scenario.go(
                    .refuse(Failure(type: .validationError, message: "no")), failed)
                let again = try await scenario.go(.retry(retry), dead)
                try await scenario.attempt(again, Scenario.success)
                var expected = before
                if let name {
                    let old = before["validation_error/\(name)"] ?? RemedyFigures()
                    expected["validation_error/\(name)"] = RemedyFigures(
                        tried: old.tried + 1, recovered: old.recovered + 1)
                }
                #expect(try await figures(store) == expected, "\(retry)")
            }
        }
    }

    @Test("What was cancelled, and our own tasks, say nothing", arguments: StoreKind.allCases)
    func nothing(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            let again = try await scenario.go(.retry(Retry(actor: "a")), failed)
            let cancelled = try await scenario.go(.cancel(reason: nil, actor: "a"), again)
            let revived = try await scenario.go(.retry(Retry(actor: "a")), cancelled)
            try await scenario.attempt(revived, Scenario.success)
            let ours = try await scenario.create(Scenario.spec { $0.origin = .internal })
            let oursFailed = try await scenario.attempt(ours, Scenario.failure())
            try await scenario.attempt(
                try await scenario.go(.retry(Retry(actor: "a")), oursFailed), Scenario.success)
            #expect(try await figures(store).isEmpty)
        }
    }

    private let chain = UUID7(milliseconds: 1_800_000_000_000, random: 1, 2)

    private func told(_ type: EventType, step: Int = 0, _ strategy: Strategy? = nil) -> TaskEvent {
        .fallback(
            FallbackEvent(
                type: type, chainID: chain.description, step: step, strategy: strategy?.rawValue, message: nil
            ))
    }

    @Test("A chain's steps count for what they answer to", arguments: StoreKind.allCases)
    func steps(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let running = try await scenario.begin(try await scenario.create())
            let refused = Failure(type: .authFailure, message: "no")
            let lost = Failure(type: .timeout, message: "late")
            let story: [[TaskEvent]] = [
                [
                    .attemptFailed(AttemptFailure(number: 1, duration: 1, failure: refused)),
                    told(.fallbackStarted), told(.fallbackStepStarted, step: 1, .notify),
                    told(.fallbackStepSucceeded, step: 1, .notify),
                    told(.fallbackStepStarted, step: 2, .refreshCredentials),
                ],
                [
                    .attemptFailed(AttemptFailure(number: 2, duration: 1, failure: lost)),
                    told(.fallbackStepFailed, step: 2, .refreshCredentials),
                    told(.fallbackStepStarted, step: 3, .useOutput),
                    told(.fallbackStepSucceeded, step: 3, .useOutput), told(.fallbackSucceeded),
                    .taskCompleted(output: .null),
                ],
            ]
            var task = running
            for events in story { task = try await scenario.record(scenario.appending(events, to: task)) }
            #expect(
                try await figures(store) == [
                    "auth_failure/refresh_credentials": RemedyFigures(tried: 1),
                    "timeout/use_output": RemedyFigures(tried: 1, recovered: 1),
                ])
            let unknown = UUID7(milliseconds: 1, random: 3, 4)
            #expect(
                try await store.chainFigures([unknown, chain]) == [
                    ChainFigures(), ChainFigures(started: 1, recovered: 1),
                ])
        }
    }

    @Test("A chain that begins in a retried round says that the retry failed", arguments: StoreKind.allCases)
    func chainInRound(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let scenario = Scenario(store)
            let failed = try await scenario.attempt(try await scenario.create(), Scenario.failure())
            let again = try await scenario.begin(try await scenario.go(.retry(Retry(actor: "a")), failed))
            let refused = Failure(type: .notFound, message: "no")
            let entry = DeadLetterID(UUID7(milliseconds: 1, random: 5, 6))
            let events: [TaskEvent] = [
                .attemptFailed(AttemptFailure(number: 2, duration: 1, failure: refused)),
                told(.fallbackStarted), told(.fallbackStepStarted, step: 1, .switchAgent),
                told(.fallbackStepFailed, step: 1, .switchAgent), told(.fallbackExhausted),
                .taskFailed(reason: .fallbackExhausted, failure: refused),
                .movedToDLQ(entry, reason: .fallbackExhausted),
            ]
            try await scenario.record(scenario.appending(events, to: again))
            #expect(
                try await figures(store) == [
                    "validation_error/retry": RemedyFigures(tried: 1),
                    "not_found/switch_agent": RemedyFigures(tried: 1),
                ])
            #expect(try await store.chainFigures([chain]) == [ChainFigures(started: 1, exhausted: 1)])
        }
    }
}
