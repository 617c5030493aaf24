import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Finding another agent")
struct AgentRosterTests {
    private var roster = AgentRoster([
        AgentProfile(id: AgentID("stripe"), capabilities: ["charge", "refund"]),
        AgentProfile(id: AgentID("adyen"), capabilities: ["charge"]),
        AgentProfile(id: AgentID("mollie"), capabilities: ["payment.capture"]),
        AgentProfile(id: AgentID("paypal"), capabilities: ["refund"]),
    ])

    private func another(
        than failed: [String], capability: String? = "charge", type: String = "t", seed: UInt64 = 1
    ) -> Result<String, Failure> {
        var rng = SeededGenerator(seed: seed)
        let ids = failed.map { AgentID($0) }
        return roster.another(than: ids, last: ids.last, capability: capability, type: type, using: &rng)
            .map(\.id.rawValue)
    }

    @Test("By the capability, else by the type, else by what the last one could do")
    func tiers() {
        #expect(another(than: ["stripe"]) == .success("adyen"))
        #expect(another(than: ["adyen"], type: "payment.capture") == .success("stripe"))
        #expect(another(than: ["stripe", "adyen"], type: "payment.capture") == .success("mollie"))
        #expect(another(than: ["adyen", "stripe"]) == .success("paypal"))
        #expect(another(than: ["stripe"], capability: nil, type: "payment.capture") == .success("mollie"))
    }

    @Test("Nobody who failed, is paused or cannot be called; nobody at all is a missing callback")
    mutating func nobody() throws {
        roster.set(AgentProfile(id: AgentID("adyen"), capabilities: ["charge"], isPaused: true))
        roster.set(AgentProfile(id: AgentID("paypal"), capabilities: ["refund"], isCallable: false))
        let failure = try #require(throws: Failure.self) { try another(than: ["stripe"]).get() }
        #expect(failure.type == .missingCallback && failure.sent == .no)
        #expect(failure.message.contains("charge"))
    }

    @Test("The healthy first, then those that let probes through; behind open breakers only: circuit_open")
    mutating func health() throws {
        roster.set(AgentProfile(id: AgentID("square"), capabilities: ["charge"]))
        roster.note(.halfOpen, of: ProviderID("adyen"))
        for seed in UInt64(0)..<20 { #expect(another(than: ["stripe"], seed: seed) == .success("square")) }
        roster.note(.open, of: ProviderID("square"))
        #expect(another(than: ["stripe"]) == .success("adyen"))
        roster.note(.open, of: ProviderID("adyen"))
        roster.note(.open, of: ProviderID("paypal"))
        let failure = try #require(throws: Failure.self) { try another(than: ["stripe"]).get() }
        #expect(failure.type == .circuitOpen)
        roster.note(.closed, of: ProviderID("square"))
        #expect(another(than: ["stripe"]) == .success("square"))
    }

    @Test("A failed agent's load is spread by weight")
    mutating func weights() {
        roster.set(AgentProfile(id: AgentID("square"), capabilities: ["charge"], weight: 3))
        let chosen = (UInt64(0)..<400).map { another(than: ["stripe"], seed: $0) }
        let heavy = chosen.count { $0 == .success("square") }
        #expect((250...350).contains(heavy), "\(heavy) of 400 for three quarters of the weight")
    }
}
