/// The number by which a store knows a task inside; never shown to anyone outside.
package struct TaskNumber: Sendable, Hashable, Comparable {
    package let rawValue: Int64
    package init(_ rawValue: Int64) { self.rawValue = rawValue }
    package static func < (lhs: TaskNumber, rhs: TaskNumber) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// A task with the number its store knows it by.
package struct StoredTask: Sendable, Hashable {
    package var number: TaskNumber
    package var state: TaskState

    package init(number: TaskNumber, state: TaskState) {
        self.number = number
        self.state = state
    }
}
