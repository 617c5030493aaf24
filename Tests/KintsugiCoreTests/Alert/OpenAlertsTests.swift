import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Open alerts: one cause is one alert")
struct OpenAlertsTests {
    private let ada = UserID("ada")
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private func id(_ number: UInt64) -> UUID7 { UUID7(high: 7, low: number) }
    private func mark(_ number: UInt64, _ cause: String = "c1") -> AlertMark {
        AlertMark(id: id(number), severity: .medium, cause: cause)
    }

    /// What the raise becomes.
    private func adopted(
        _ alerts: inout OpenAlerts, _ mark: AlertMark, of user: UserID? = nil, at time: Timestamp? = nil
    ) -> AlertMark? {
        var events: [TaskEvent] = [.taskStarted(round: 1), .alertRaised(mark)]
        alerts.adopt(&events, of: user ?? ada, at: time ?? now)
        guard case .alertRaised(let mark)? = events.last else { return nil }
        return mark
    }

    @Test("The second task of a cause gets the first one's alert, also before the first is recorded")
    func same() {
        var alerts = OpenAlerts()
        #expect(adopted(&alerts, mark(1))?.id == id(1))
        #expect(adopted(&alerts, mark(2))?.id == id(1))
        alerts.recorded(of: ada, before: nil, after: mark(1), at: now)
        #expect(adopted(&alerts, mark(3))?.id == id(1))
    }

    @Test("Another cause or another user is another alert")
    func others() {
        var alerts = OpenAlerts()
        #expect(adopted(&alerts, mark(1))?.id == id(1))
        #expect(adopted(&alerts, mark(2, "c2"))?.id == id(2))
        #expect(adopted(&alerts, mark(3), of: UserID("bob"))?.id == id(3))
    }

    @Test("It is open while one task is, lingers for a minute, and is forgotten then")
    func end() {
        var alerts = OpenAlerts()
        _ = adopted(&alerts, mark(1))
        alerts.recorded(of: ada, before: nil, after: mark(1), at: now)
        alerts.recorded(of: ada, before: nil, after: mark(1), at: now)
        alerts.recorded(of: ada, before: mark(1), after: nil, at: now)
        #expect(alerts.alert(of: ada, cause: "c1") == id(1))
        #expect(adopted(&alerts, mark(2), at: now + 3_600_000)?.id == id(1), "open for as long as it takes")
        alerts.recorded(of: ada, before: mark(1), after: nil, at: now + 3_600_000)
        #expect(alerts.alert(of: ada, cause: "c1") == nil)
        #expect(adopted(&alerts, mark(3), at: now + 3_630_000)?.id == id(1), "comes right back")
        #expect(adopted(&alerts, mark(4), at: now + 3_700_000)?.id == id(4))
    }

    @Test("The same alert again counts once")
    func counts() {
        var alerts = OpenAlerts()
        alerts.recorded(of: ada, before: nil, after: mark(1), at: now)
        alerts.recorded(of: ada, before: mark(1), after: mark(1), at: now)
        alerts.recorded(of: ada, before: mark(1), after: nil, at: now)
        #expect(alerts.alert(of: ada, cause: "c1") == nil)
    }

    @Test("A task that fails for another cause moves from one alert to the other")
    func moves() {
        var alerts = OpenAlerts()
        alerts.recorded(of: ada, before: nil, after: mark(1), at: now)
        alerts.recorded(of: ada, before: mark(1), after: mark(2, "c2"), at: now)
        #expect(alerts.alert(of: ada, cause: "c1") == nil)
        #expect(alerts.alert(of: ada, cause: "c2") == id(2))
    }

    @Test("A breaker has one alert from its opening until it closes, however often it opens again in between")
    func breaker() {
        var alerts = OpenAlerts()
        let acme = ProviderID("acme")
        #expect(alerts.raise(for: acme, fresh: id(1)) == id(1))
        #expect(alerts.raise(for: acme, fresh: id(2)) == id(1), "the same until it is recorded")
        alerts.recorded(.breakerOpened, of: acme)
        #expect(alerts.raise(for: acme, fresh: id(3)) == nil)
        alerts.recorded(.breakerHalfOpened, of: acme)
        #expect(alerts.raise(for: acme, fresh: id(4)) == nil)
        alerts.recorded(.breakerClosed, of: acme)
        #expect(alerts.raise(for: acme, fresh: id(5)) == id(5))
    }

    @Test("What the store knows is known after a start")
    func loaded() {
        var task = Alert(
            id: id(1), kind: .task, severity: .high, user: ada, provider: ProviderID("acme"), cause: "c1",
            at: now, position: 1)
        task.open = 2
        var breaker = Alert(
            id: id(2), kind: .breaker, severity: .critical, user: nil, provider: ProviderID("acme"),
            cause: nil, at: now, position: 2)
        breaker.open = 1
        var alerts = OpenAlerts()
        alerts.load([task, breaker])
        #expect(adopted(&alerts, mark(3), at: now + 10_000_000)?.id == id(1))
        #expect(alerts.raise(for: ProviderID("acme"), fresh: id(4)) == nil)
    }
}
