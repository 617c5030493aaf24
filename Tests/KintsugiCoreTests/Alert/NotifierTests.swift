import KintsugiCore
import KintsugiVocabulary
import Testing

/// A notifier with a moved clock: given what was raised, when time passes, then this is told.
private struct Desk {
    var notifier = Notifier()
    var now = Timestamp(milliseconds: 1_800_000_000_000)
    private var position: Int64 = 0
    private(set) var alert = Desk.alert(1)

    static let minute: Milliseconds = 60_000
    static let hour: Milliseconds = 3_600_000

    static func alert(
        _ number: UInt64, _ severity: AlertSeverity = .medium, kind: AlertKind = .task,
        provider: String = "acme"
    ) -> Alert {
        var alert = Alert(
            id: UUID7(high: 1, low: number), kind: kind, severity: severity,
            user: kind == .task ? UserID("ada") : nil, provider: ProviderID(provider),
            cause: kind == .task ? "c\(number)" : nil, at: .zero, position: 0)
        (alert.open, alert.total) = (1, 1)
        return alert
    }

    init(channels: [String] = ["a"], change: (inout ChannelRule) -> Void = { _ in }) {
        for id in channels {
            var rule = ChannelRule(id: id, since: now)
            change(&rule)
            notifier.set(rule, at: now)
        }
    }

    /// The channel and the reason of each notification, in words.
    private func words(_ notifications: [Notification]) -> [String] {
        notifications.map { notification in
            let counts =
                notification.reason == .digest
                ? "\(notification.count)" : "\(notification.alerts.first?.open ?? 0)"
            return "\(notification.channel) \(notification.reason.rawValue) \(counts)"
        }
    }

    mutating func observe(_ alert: Alert, raised: Bool = true) -> [String] {
        var alert = alert
        let before = position
        position += 1
        alert.changed = position
        if raised { (alert.raised, alert.lastRaisedAt) = (position, now) }
        self.alert = alert
        return words(notifier.observe(alert, since: before, at: now))
    }

    /// The alert has so many tasks now, after so much time.
    mutating func tasks(_ open: Int, after span: Milliseconds = 0) -> [String] {
        now = now + span
        var alert = alert
        let more = open > alert.open
        alert.total += max(0, open - alert.open)
        alert.open = open
        return observe(alert, raised: more)
    }

    mutating func change(_ body: (inout Alert) -> Void) -> [String] {
        var alert = alert
        body(&alert)
        return observe(alert, raised: false)
    }

    mutating func resolve(after span: Milliseconds = 0) -> [String] {
        now = now + span
        return change { alert in
            (alert.status, alert.open) = (.resolved, 0)
        }
    }

    mutating func after(_ span: Milliseconds) -> [String] {
        now = now + span
        return words(notifier.wake(at: now))
    }

    /// Lets the time pass, waking at each time that the notifier names.
    mutating func pass(_ span: Milliseconds) -> [String] {
        let end = now + span
        var told: [String] = []
        while let at = notifier.wakeAt, at <= end {
            now = max(now, at)
            told += words(notifier.wake(at: now))
        }
        now = end
        return told
    }
}

@Suite("Who is told of alerts, and when")
struct NotifierTests {
    @Test(
        "The first is told at once, then one with the new number after each interval: 212 tasks, 2 notifications"
    )
    func grouped() {
        var desk = Desk()
        #expect(desk.observe(Desk.alert(1)) == ["a new 1"])
        for count in 2...212 { #expect(desk.tasks(count, after: 100) == []) }
        #expect(desk.pass(Desk.minute) == ["a count 212"])
        #expect(desk.pass(Desk.hour) == [], "no more tasks, no more news")
        #expect(desk.tasks(213) == ["a count 213"], "the interval is long over")
        #expect(desk.tasks(214) == [])
        #expect(desk.pass(Desk.minute) == ["a count 214"])
    }

    @Test("A more severe one is told at once, with what was told before")
    func severity() {
        var desk = Desk()
        _ = desk.observe(Desk.alert(1, .medium))
        #expect(desk.change { $0.severity = .critical } == ["a severity 1"])
        #expect(desk.change { $0.severity = .critical } == [])
    }

    @Test("What still fires is told again after the repeat interval, until somebody acknowledges it")
    func repeats() {
        var desk = Desk { $0.repeatInterval = Desk.hour }
        _ = desk.observe(Desk.alert(1))
        #expect(desk.pass(2 * Desk.hour) == ["a repeat 1", "a repeat 1"])
        #expect(desk.change { $0.status = .acknowledged } == [])
        #expect(desk.tasks(50) == [])
        #expect(desk.pass(5 * Desk.hour) == [], "somebody is at it")
        #expect(desk.change { $0.severity = .critical } == ["a severity 50"], "but this they should know")
        var never = Desk { $0.repeatInterval = nil }
        _ = never.observe(Desk.alert(1))
        #expect(never.pass(100 * Desk.hour) == [])
    }

    @Test("A recovery is told to those who were told, once; the next raise is new again")
    func recovery() {
        var desk = Desk(channels: ["a", "b", "c"])
        desk.notifier.set(
            {
                var rule = ChannelRule(id: "b", since: desk.now)
                rule.minSeverity = .critical
                return rule
            }(), at: desk.now)
        desk.notifier.set(
            {
                var rule = ChannelRule(id: "c", since: desk.now)
                rule.sendsResolved = false
                return rule
            }(), at: desk.now)
        #expect(desk.observe(Desk.alert(1)) == ["a new 1", "c new 1"])
        #expect(desk.resolve() == ["a recovery 0"])
        #expect(desk.notifier.count == 0, "nothing is left to watch")
        #expect(desk.pass(10 * Desk.hour) == [])
        var again = desk.alert
        (again.status, again.open) = (.firing, 1)
        #expect(desk.observe(again) == ["a new 1", "c new 1"])
    }

    @Test("Raised and over between two looks: both are told; long ago: neither")
    func passed() {
        var desk = Desk()
        var alert = Desk.alert(1)
        (alert.status, alert.open) = (.resolved, 0)
        #expect(desk.observe(alert) == ["a new 0", "a recovery 0"])
        var late = Desk.alert(2)
        (late.status, late.open, late.raised, late.lastRaisedAt) = (.resolved, 0, 50, desk.now + -Desk.hour)
        #expect(desk.notifier.observe(late, since: 10, at: desk.now).isEmpty)
        #expect(desk.notifier.count == 0)
    }

    @Test("A channel hears of what it is for, from the time it was made")
    func routing() {
        var desk = Desk(channels: [])
        func rule(_ id: String, _ body: (inout ChannelRule) -> Void) -> ChannelRule {
            var rule = ChannelRule(id: id, since: desk.now)
            body(&rule)
            return rule
        }
        var users = AlertMatch()
        users.user = UserID("bob")
        var breakers = AlertMatch()
        breakers.kind = .breaker
        let rules = [
            rule("high") { $0.minSeverity = .high }, rule("bob") { $0.match = users },
            rule("breakers") { $0.match = breakers }, rule("off") { $0.isEnabled = false },
            rule("all") { _ in },
        ]
        for rule in rules { desk.notifier.set(rule, at: desk.now) }
        #expect(desk.observe(Desk.alert(1)) == ["all new 1"])
        #expect(desk.observe(Desk.alert(2, .critical)) == ["all new 1", "high new 1"])
        #expect(
            desk.observe(Desk.alert(3, .critical, kind: .breaker)) == [
                "all new 1", "breakers new 1", "high new 1",
            ])
        desk.now = desk.now + 1
        desk.notifier.set(rule("late") { _ in }, at: desk.now)
        #expect(desk.pass(1000) == [], "what burned before is on the page")
        #expect(desk.tasks(2) == ["late new 2"])
    }

    @Test("A silence holds it back; when it ends, what still fires is told")
    func silence() {
        var desk = Desk()
        var match = AlertMatch()
        match.provider = ProviderID("acme")
        match.maxSeverity = .high
        let silence = AlertSilence(
            id: UUID7(high: 9, low: 9), match: match, startsAt: desk.now, endsAt: desk.now + Desk.hour,
            comment: nil, createdBy: "user:ada", createdAt: desk.now)
        desk.notifier.set(silence, at: desk.now)
        #expect(desk.observe(Desk.alert(1)) == [])
        #expect(desk.notifier.isSilenced(desk.alert, at: desk.now))
        #expect(desk.observe(Desk.alert(2, .critical)) == ["a new 1"], "more severe than it covers")
        #expect(desk.observe(Desk.alert(3)) == [])
        #expect(desk.resolve() == [], "who was not told needs no recovery")
        #expect(desk.pass(Desk.hour - 1) == [])
        #expect(desk.pass(1) == ["a new 1"])
        #expect(!desk.notifier.isSilenced(desk.alert, at: desk.now))
    }

    @Test("A silence that is taken back lets it through at once")
    func silenceRemoved() {
        var desk = Desk()
        let silence = AlertSilence(
            id: UUID7(high: 9, low: 9), match: AlertMatch(), startsAt: desk.now,
            endsAt: desk.now + Desk.hour, comment: nil, createdBy: "user:ada", createdAt: desk.now)
        desk.notifier.set(silence, at: desk.now)
        #expect(desk.observe(Desk.alert(1)) == [])
        desk.notifier.removeSilence(silence.id, at: desk.now)
        #expect(desk.after(1) == ["a new 1"])
    }

    @Test("In quiet hours only what is severe enough is told; the rest when they end")
    func quiet() {
        // 1,800,000,000 s is 08:00 UTC: 23:00 at +15 h is in the quiet of 22:00 to 07:00.
        var desk = Desk { $0.quietHours = QuietHours(from: 22 * 60, to: 7 * 60, utcOffset: 14 * 60 + 60) }
        #expect(desk.observe(Desk.alert(1, .high)) == [])
        #expect(desk.observe(Desk.alert(2, .critical)) == ["a new 1"])
        #expect(desk.pass(8 * Desk.hour - 1).contains("a new 1") == false)
        #expect(desk.pass(1).contains("a new 1"))
    }

    @Test(
        "The end of quiet hours is theirs in local time",
        arguments: [
            (8, 0, 0, Int64?.none), (22, 0, 0, 9), (23, 30, 0, 7), (6, 59, 0, 0), (7, 0, 0, nil),
            (21, 0, 60, 9),
            (5, 0, 120, nil), (1, 0, -180, 9),
        ])
    func quietEnd(hour: Int, minute: Int, offset: Int, hoursLeft: Int64?) {
        let midnight = Timestamp(milliseconds: 1_800_000_000_000 - 8 * 3_600_000)
        let now = midnight + Int64(hour) * 3_600_000 + Int64(minute) * 60_000
        let quiet = QuietHours(from: 22 * 60, to: 7 * 60, utcOffset: offset)
        #expect(quiet.end(at: now).map { ($0 - now) / 3_600_000 } == hoursLeft)
        let day = QuietHours(from: 9 * 60, to: 17 * 60)
        #expect((day.end(at: now) != nil) == (9..<17).contains(hour))
    }

    @Test("What is over the limit of the hour comes as one digest; recoveries come all the same")
    func limit() {
        var desk = Desk { $0.perHour = 2 }
        #expect(desk.observe(Desk.alert(1)) == ["a new 1"])
        #expect(desk.observe(Desk.alert(2)) == ["a new 1"])
        let second = desk.alert
        for number in 3...40 { #expect(desk.observe(Desk.alert(UInt64(number))) == []) }
        #expect(desk.resolve() == [], "held back and over: nobody needs to know")
        var over = second
        (over.status, over.open) = (.resolved, 0)
        #expect(desk.observe(over, raised: false) == ["a recovery 0"])
        #expect(desk.pass(Desk.hour - 1) == [])
        #expect(desk.pass(1) == ["a digest 37"])
        #expect(desk.observe(Desk.alert(50)) == ["a new 1"], "the digest is the first of two in the new hour")
        #expect(desk.observe(Desk.alert(51)) == [])
        var told = Desk.alert(5)
        (told.status, told.open) = (.resolved, 0)
        #expect(desk.observe(told, raised: false) == ["a recovery 0"], "a digest has told of it")
    }

    @Test(
        "A dead channel is told on the others and never on itself; two dead ones do not tell of each other for ever"
    )
    func dead() {
        var desk = Desk(channels: ["a", "b", "c"])
        let first = Desk.alert(1, .critical, kind: .channel, provider: "kintsugi-channel-a")
        #expect(desk.observe(first) == ["b new 1", "c new 1"])
        let second = Desk.alert(2, .critical, kind: .channel, provider: "kintsugi-channel-b")
        #expect(desk.observe(second) == ["c new 1"], "a is dead, too")
        #expect(
            desk.observe(Desk.alert(3)) == ["a new 1", "b new 1", "c new 1"], "the rest waits in their lines")
        #expect(desk.pass(Desk.hour) == [])
        #expect(desk.change { _ in } == [])
    }

    @Test("What was told is remembered over a restart, and nothing is told twice")
    func restart() {
        var desk = Desk()
        _ = desk.observe(Desk.alert(1))
        let memory = desk.notifier.takeChanges()
        #expect(memory.map(\.id) == [desk.alert.id])
        var next = Notifier()
        next.set(ChannelRule(id: "a", since: desk.now), at: desk.now)
        next.load(desk.alert, told: memory[0].told, at: desk.now)
        #expect(next.wake(at: desk.now + 1).isEmpty)
        var over = desk.alert
        (over.status, over.open) = (.resolved, 0)
        #expect(next.observe(over, since: 1, at: desk.now + 2).map(\.reason) == [.recovery])
        #expect(next.takeChanges().map(\.told) == [[:]], "and then there is nothing to remember")
    }

    @Test("Thousands of alerts are told in bounded steps, each once")
    func many() {
        var desk = Desk { $0.perHour = nil }
        var next = Notifier()
        next.set(ChannelRule(id: "a", since: .zero), at: desk.now)
        var rule = ChannelRule(id: "a", since: .zero)
        rule.perHour = nil
        next.set(rule, at: desk.now)
        for number in 1...5000 {
            var alert = Desk.alert(UInt64(number))
            alert.lastRaisedAt = desk.now
            next.load(alert, told: [:], at: desk.now)
        }
        var told = 0
        for _ in 0..<200 {
            let step = next.wake(at: desk.now)
            #expect(step.count <= Notifier.batch)
            told += step.count
        }
        #expect(told == 5000)
        desk.now = desk.now + 1
        var rest = 0
        for _ in 0..<200 { rest += next.wake(at: desk.now).count }
        #expect(rest == 0)
    }
}
