import KintsugiCore
import KintsugiVocabulary

/// Groups of dead letters, made anew from the entries for each question.
extension MemoryLog {
    func causeGroups(_ query: CauseGroupQuery) -> CauseGroupPage {
        var groups = groups(of: query.user).filter(query.matches)
        groups.sort { (query.rank($0), $0.number) > (query.rank($1), $1.number) }
        if let after = query.after {
            groups.removeAll { (query.rank($0), $0.number) >= (after.rank, after.number) }
        }
        var shown = Array(groups.prefix(max(0, query.limit)))
        for index in shown.indices {
            shown[index].sample = withAlert(shown[index].sample)
            shown[index].agents = Array(shown[index].agents.prefix(CauseGroup.maxAgents))
        }
        let next =
            groups.count > shown.count
            ? shown.last.map { CauseGroupCursor(rank: query.rank($0), number: $0.number) } : nil
        return CauseGroupPage(groups: shown, next: next)
    }

    private func groups(of user: UserID?) -> [CauseGroup] {
        var numbers: [String: Int64] = [:]
        var members: [String: [DeadLetter]] = [:]
        for entry in deadLetters where !entry.isInternal {
            let fingerprint = entry.signature.fingerprint
            if numbers[fingerprint] == nil { numbers[fingerprint] = Int64(numbers.count + 1) }
            guard user == nil || entry.task.state.spec.userID == user else { continue }
            members[fingerprint, default: []].append(entry)
        }
        return members.compactMap { fingerprint, entries in
            var group = CauseGroup(entries, fingerprint: fingerprint, number: numbers[fingerprint] ?? 0)
            group?.sample = withAlert(entries[entries.count - 1])
            return group
        }
    }

    func places(_ query: DeadLetterQuery) -> Page<DeadLetterPlace> {
        let page = deadLetters(query)
        return Page(
            elements: page.elements.map {
                DeadLetterPlace(id: $0.id, number: $0.number, task: $0.task.number)
            },
            next: page.next)
    }

    func turnedAway(agent: AgentID, after: Int64, limit: Int) -> [DeadLetterPlace] {
        let found = deadLetters.filter {
            $0.status == .pending && $0.reason == .circuitOpen && $0.agentID == agent && $0.number > after
        }
        return found.prefix(limit).map { DeadLetterPlace(id: $0.id, number: $0.number, task: $0.task.number) }
    }

    func records(_ kind: RecordKind, before key: String?, limit: Int) -> [StoredRecord] {
        Array(
            records(kind).reversed()
                .filter { record in
                    key.map { Array(record.key.utf8).lexicographicallyPrecedes($0.utf8) } ?? true
                }
                .prefix(limit))
    }

    func recordEvents(_ kind: RecordKind, _ key: String, after version: Int, limit: Int) -> [RecordChange] {
        Array(changes.filter { $0.kind == kind && $0.key == key && $0.version > version }.prefix(limit))
    }
}

extension CauseGroup {
    fileprivate init?(_ members: [DeadLetter], fingerprint: String, number: Int64) {
        guard let newest = members.last else { return nil }
        self.init(
            number: number, fingerprint: fingerprint, signature: newest.signature, counts: [:],
            firstSeen: newest.failedAt, lastSeen: newest.failedAt, agents: [], pendingValue: [:],
            sample: newest)
        var agentCounts: [AgentID: AgentCount] = [:]
        for entry in members {
            let waits = entry.status == .pending
            counts[entry.status, default: 0] += 1
            firstSeen = min(firstSeen, entry.failedAt)
            lastSeen = max(lastSeen, entry.failedAt)
            if let agent = entry.agentID {
                agentCounts[agent, default: AgentCount(agent: agent, total: 0, pending: 0)].total += 1
                if waits { agentCounts[agent]?.pending += 1 }
            }
            guard waits, let money = entry.task.state.spec.payment?.money else { continue }
            pendingValue[money.currency] = Decimal.sum(pendingValue[money.currency] ?? "0", money.amount)
        }
        agents = agentCounts.values.sorted {
            Array($0.agent.rawValue.utf8).lexicographicallyPrecedes($1.agent.rawValue.utf8)
        }
        pendingValue = pendingValue.filter { Decimal.compare($0.value, "0") != 0 }
    }
}

extension CauseGroupQuery {
    fileprivate func matches(_ group: CauseGroup) -> Bool {
        (!pendingOnly || group.pending > 0)
            && (errorType == nil || group.signature.type == errorType)
            && (agent == nil
                || group.agents.contains { $0.agent == agent && (!pendingOnly || $0.pending > 0) })
    }
}
