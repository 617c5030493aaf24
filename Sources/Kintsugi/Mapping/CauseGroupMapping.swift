package import KintsugiCore
package import KintsugiStore
import KintsugiVocabulary
package import KintsugiWire

extension CauseGroupResource {
    /// - Parameters:
    ///   - pendingOnly: Whether `count` is of those that wait for somebody, or of all.
    ///   - alert: That of its newest entry.
    package init(_ group: CauseGroup, pendingOnly: Bool, alert: Alert?, _ ranking: StrategyRanking) {
        self.init(sample: FailedTaskSampleResource(entry: FailedTaskResource(group.sample, ranking)))
        let signature = group.signature
        self.group = group.fingerprint
        errorType = signature.type
        errorClass = group.sample.failure?.errorClass ?? signature.type.defaultClass
        httpStatus = signature.httpStatus
        provider = signature.provider
        pattern = signature.pattern
        self.alert = alert.map { AlertMarkResource(id: $0.id.description, severity: $0.severity) }
        title = "\(signature.type.rawValue) from \(signature.provider)"
        count = pendingOnly ? group.pending : group.total
        total = group.total
        firstSeen = group.firstSeen.rfc3339
        lastSeen = group.lastSeen.rfc3339
        let counted = group.agents.map {
            (agent: $0.agent.rawValue, count: pendingOnly ? $0.pending : $0.total)
        }
        agents = counted.filter { $0.count > 0 }.sorted { ($1.count, $0.agent) < ($0.count, $1.agent) }
            .map(\.agent)
        value = group.pendingValue.sorted { $0.key < $1.key }.compactMap { Money($0.value, $0.key) }
            .filter { Decimal.compare($0.amount, "0") > 0 }
    }
}
