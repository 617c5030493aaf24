import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Which chain a task runs")
struct ChainBookTests {
    private static func id(_ number: UInt64) -> UUID7 { UUID7(high: 0x7000, low: number) }
    private static let task = TaskID(UUID7(high: 1, low: 2))

    private static func chain(
        _ number: UInt64, _ match: ChainMatch? = nil, task: TaskID? = nil, enabled: Bool = true,
        steps: [FallbackStep] = [FallbackStep(.retry())]
    ) -> FallbackChain {
        FallbackChain(
            id: id(number), name: "chain \(number)", isEnabled: enabled, match: match, taskID: task,
            steps: steps,
            owner: UserID("ada"))
    }

    private static func subject(
        amount: String? = nil, chain: UInt64? = nil, origin: TaskOrigin = .user
    ) -> TaskSubject {
        TaskSubject(
            id: task, type: "payment.capture", userID: UserID("ada"), agentID: AgentID("stripe"),
            errorType: .serverError, amount: amount, chainID: chain.map { "\(id($0))" }, origin: origin)
    }

    private func chosen(_ chains: [FallbackChain], _ subject: TaskSubject) -> UInt64? {
        ChainBook(chains).chain(for: subject)?.id.low
    }

    @Test("The chain that a task names goes before the one made for it, and that before one that fits")
    func order() {
        let all = [
            Self.chain(1, ChainMatch(taskType: "payment.capture")), Self.chain(2, task: Self.task),
            Self.chain(3),
        ]
        #expect(chosen(all, Self.subject(chain: 3)) == 3)
        #expect(chosen(all, Self.subject()) == 2)
        #expect(chosen([all[0], all[2]], Self.subject()) == 1)
        #expect(chosen([all[2]], Self.subject()) == nil)
        #expect(chosen([], Self.subject(chain: 3)) == nil)
    }

    @Test("A task that names a chain runs that one or none")
    func named() {
        let fits = Self.chain(1, ChainMatch())
        #expect(chosen([fits], Self.subject(chain: 9)) == nil)
        #expect(chosen([fits, Self.chain(9, enabled: false)], Self.subject(chain: 9)) == nil)
    }

    @Test("A chain that is switched off is as if it were not there")
    func disabled() {
        let fits = ChainMatch(taskType: "payment.capture", agentID: AgentID("stripe"))
        let all = [
            Self.chain(1, ChainMatch()), Self.chain(2, fits, enabled: false),
            Self.chain(3, task: Self.task, enabled: false),
        ]
        #expect(chosen(all, Self.subject()) == 1)
    }

    @Test("The most specific goes first, then the newest")
    func specificity() {
        var all = [Self.chain(5, ChainMatch()), Self.chain(4, ChainMatch())]
        #expect(chosen(all, Self.subject()) == 5)
        all.append(Self.chain(3, ChainMatch(errorTypes: [.serverError, .timeout])))
        #expect(chosen(all, Self.subject()) == 3)
        all.append(Self.chain(2, ChainMatch(taskType: "payment.capture", userID: UserID("ada"))))
        #expect(chosen(all, Self.subject()) == 2)
        all.append(
            Self.chain(
                1, ChainMatch(agentID: AgentID("stripe"), errorTypes: [.serverError], minAmount: "9.5")))
        #expect(chosen(all, Self.subject()) == 2)
        #expect(chosen(all, Self.subject(amount: "10")) == 1)
    }

    @Test(
        "All that is given must fit",
        arguments: [
            ChainMatch(taskType: "payment"), ChainMatch(agentID: AgentID("adyen")),
            ChainMatch(errorTypes: [.timeout]), ChainMatch(minAmount: "100.01"),
            ChainMatch(userID: UserID("bob")),
        ])
    func misfits(match: ChainMatch) {
        #expect(chosen([Self.chain(1, match)], Self.subject(amount: "100")) == nil)
    }

    @Test("Our own tasks run none, and a compensation none that would compensate it")
    func origins() {
        let undo = FallbackStep(.compensate(Compensation(type: "undo")))
        let all = [
            Self.chain(1, ChainMatch()),
            Self.chain(2, ChainMatch(taskType: "payment.capture"), steps: [undo]),
        ]
        #expect(chosen(all, Self.subject()) == 2)
        #expect(chosen(all, Self.subject(origin: .compensation)) == 1)
        #expect(chosen(all, Self.subject(origin: .internal)) == nil)
    }

    @Test("Thousands of chains answer as one by one would")
    func many() {
        var rng = SeededGenerator(seed: 5)
        func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &rng) ? value : nil }
        let types = (0..<50).map { "type.\($0)" }
        let chains = (1...3000).map { number in
            Self.chain(
                UInt64(number),
                ChainMatch(
                    taskType: maybe(types.randomElement(using: &rng) ?? ""),
                    agentID: maybe(AgentID("agent-\(Int.random(in: 0..<20, using: &rng))")),
                    errorTypes: maybe([.serverError]) ?? [], minAmount: maybe("50"),
                    userID: maybe(UserID("user-\(Int.random(in: 0..<9, using: &rng))"))),
                enabled: Int.random(in: 0..<9, using: &rng) > 0)
        }
        let book = ChainBook(chains)
        for number in 0..<300 {
            let subject = TaskSubject(
                id: Self.task, type: types[number % 50], userID: UserID("user-\(number % 9)"),
                agentID: AgentID("agent-\(number % 20)"),
                errorType: number % 3 == 0 ? .timeout : .serverError,
                amount: number % 2 == 0 ? "75" : nil)
            let wanted = chains.filter { $0.isEnabled && ($0.match?.fits(subject) ?? false) }.max {
                ($0.match?.specificity ?? 0, $0.id.low) < ($1.match?.specificity ?? 0, $1.id.low)
            }
            #expect(book.chain(for: subject)?.id == wanted?.id)
        }
    }
}
