import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// One cause is one alert: the brain knows which are open.
extension Brain {
    /// Gives raises among these events the alert of their cause; costs nothing without one.
    func adopt(_ events: inout [TaskEvent], of user: UserID, at now: Timestamp) {
        guard events.contains(where: { if case .alertRaised = $0 { true } else { false } }) else { return }
        events = withScheduler { scheduler in
            var adopted = events
            scheduler.alerts.adopt(&adopted, of: user, at: now)
            return adopted
        }
    }

    /// The alert that this breaker raises by opening; nil: it has one already.
    func alert(for provider: ProviderID, at now: Timestamp) -> UUID7? {
        withScheduler { $0.alert(for: provider, at: now) }
    }

    func loadAlerts(_ alerts: [Alert]) { withScheduler { $0.alerts.load(alerts) } }

    /// What a commit means for the alerts that are open.
    static func heed(_ unit: AppendUnit, _ scheduler: inout Scheduler, at now: Timestamp) {
        for append in unit.tasks where append.before?.alert != nil || append.after.alert != nil {
            scheduler.alerts.recorded(
                of: append.after.spec.userID, before: append.before?.alert, after: append.after.alert, at: now
            )
        }
        for record in unit.records where record.kind == .provider {
            scheduler.alerts.recorded(record.event, of: ProviderID(record.key))
        }
    }
}

extension Engine {
    /// Which alerts go on, from the store.
    func loadAlerts() async throws(EngineError) {
        var query = AlertQuery()
        query.isOngoing = true
        query.limit = 1000
        repeat {
            let asked = query
            let page = try await reading { () async throws(StoreError) in try await store.alerts(asked) }
            brain.loadAlerts(page.elements)
            query.before = page.next
        } while query.before != nil
    }
}
