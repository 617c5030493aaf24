import KintsugiCore
import KintsugiStore
import KintsugiVocabulary

/// What a transaction does to the groups of dead letters, summed, so that each group is written once.
struct GroupTally {
    /// A dead letter as its group sees it.
    struct Letter {
        var user, cause: Int64
        var agent: String?
        var money: Money?
    }

    enum Change {
        case entered(Letter, ErrorSignature, number: Int64, at: Timestamp)
        case closed(Letter, from: DeadLetterStatus, to: DeadLetterStatus)
    }

    struct Key: Hashable {
        /// 0: everybody.
        var user: Int64
        var cause: Int64
    }

    struct Sums {
        /// By the status' code.
        var counts = [Int64](repeating: 0, count: DeadLetterStatus.allCases.count)
        var firstAt = Int64.max
        var lastAt = Int64.min
        /// The greatest number of a dead letter.
        var newest: Int64 = 0
        var agents: [String: (total: Int64, pending: Int64)] = [:]
        /// Money that came to the pending ones, and that went, by currency.
        var money: [String: (added: String, taken: String)] = [:]

        /// How many there are more than before.
        var total: Int64 { counts.reduce(0, +) }
    }

    private(set) var sums: [Key: Sums] = [:]
    /// Of the causes that something was entered for.
    private(set) var signatures: [Int64: ErrorSignature] = [:]

    mutating func removeAll() {
        sums.removeAll(keepingCapacity: true)
        signatures.removeAll(keepingCapacity: true)
    }

    mutating func count(_ changes: [Change]) {
        for change in changes { count(change) }
    }

    mutating func count(_ change: Change) {
        switch change {
        case .entered(let letter, let signature, let number, let at):
            signatures[letter.cause] = signature
            for user in [letter.user, StatKind.everyone] {
                let key = Key(user: user, cause: letter.cause)
                sums[key, default: Sums()].enter(letter, number: number, at: at.milliseconds)
            }
        case .closed(let letter, let from, let to):
            guard from != to else { return }
            for user in [letter.user, StatKind.everyone] {
                sums[Key(user: user, cause: letter.cause), default: Sums()].move(letter, from: from, to: to)
            }
        }
    }
}

extension GroupTally.Sums {
    fileprivate mutating func enter(_ letter: GroupTally.Letter, number: Int64, at time: Int64) {
        counts[Int(DeadLetterStatus.pending.code)] += 1
        firstAt = min(firstAt, time)
        lastAt = max(lastAt, time)
        newest = max(newest, number)
        if let agent = letter.agent {
            let old = agents[agent] ?? (0, 0)
            agents[agent] = (old.total + 1, old.pending + 1)
        }
        pay(letter.money, isAdded: true)
    }

    fileprivate mutating func move(
        _ letter: GroupTally.Letter, from: DeadLetterStatus, to: DeadLetterStatus
    ) {
        counts[Int(from.code)] -= 1
        counts[Int(to.code)] += 1
        guard (from == .pending) != (to == .pending) else { return }
        if let agent = letter.agent {
            let old = agents[agent] ?? (0, 0)
            agents[agent] = (old.total, old.pending + (to == .pending ? 1 : -1))
        }
        pay(letter.money, isAdded: to == .pending)
    }

    private mutating func pay(_ paid: Money?, isAdded: Bool) {
        guard let paid else { return }
        var sum = money[paid.currency] ?? ("0", "0")
        if isAdded {
            sum.added = Decimal.sum(sum.added, paid.amount)
        } else {
            sum.taken = Decimal.sum(sum.taken, paid.amount)
        }
        money[paid.currency] = sum
    }
}
