import KintsugiCore
import KintsugiStore
package import KintsugiVocabulary
import KintsugiWire

/// What one subscriber wants to see.
package struct Interest: Sendable {
    /// The topics as they were asked for, each once.
    package let topics: [Topic]
    /// Their names as JSON, for frames.
    let names: [[UInt8]]
    /// Where in `topics` each stands.
    let tasks: [TaskNumber: Int]
    let users: [UserID: Int]
    let all: Int?

    /// - Parameter numbers: those of the tasks among the topics.
    init(_ topics: [Topic], numbers: [TaskID: TaskNumber]) {
        var (known, tasks, users): ([Topic], [TaskNumber: Int], [UserID: Int]) = ([], [:], [:])
        var all: Int?
        for topic in topics where !known.contains(topic) {
            switch topic {
            case .task(let id): if let number = numbers[id] { tasks[number] = known.count }
            case .userDashboard(let user): users[user] = known.count
            case .all: all = known.count
            }
            known.append(topic)
        }
        (self.topics, self.tasks, self.users, self.all) = (known, tasks, users, all)
        names = known.map { topic in
            var json = JSONWriter()
            json.string(topic.description)
            return json.bytes
        }
    }

    /// Which of its topics this event belongs to, the most specific one; nil: none. Work of our own (alert
    /// deliveries and the like) is on nobody's dashboard.
    func topic(of task: TaskNumber, user: UserID, isInternal: Bool) -> Int? {
        if let index = tasks[task] { return index }
        if !isInternal, let index = users[user] { return index }
        return isInternal ? nil : all
    }

    /// What it wants of the store.
    var filter: LogFilter {
        LogFilter(everything: all != nil, users: Set(users.keys), tasks: Set(tasks.keys))
    }
}

/// What all subscribers together want, and who wants it: a commit costs nothing for those whom it does not concern.
struct Demand: Sendable {
    private(set) var ofTask: [TaskNumber: Set<Int>] = [:]
    private(set) var ofUser: [UserID: Set<Int>] = [:]
    private(set) var ofAll: Set<Int> = []

    func wants(_ task: TaskNumber, of user: UserID) -> Bool {
        !ofAll.isEmpty || ofTask[task] != nil || ofUser[user] != nil
    }

    mutating func add(_ interest: Interest, of id: Int) {
        for task in interest.tasks.keys { ofTask[task, default: []].insert(id) }
        for user in interest.users.keys { ofUser[user, default: []].insert(id) }
        if interest.all != nil { ofAll.insert(id) }
    }

    mutating func remove(_ interest: Interest, of id: Int) {
        for task in interest.tasks.keys {
            ofTask[task]?.remove(id)
            if ofTask[task]?.isEmpty ?? false { ofTask[task] = nil }
        }
        for user in interest.users.keys {
            ofUser[user]?.remove(id)
            if ofUser[user]?.isEmpty ?? false { ofUser[user] = nil }
        }
        ofAll.remove(id)
    }
}
