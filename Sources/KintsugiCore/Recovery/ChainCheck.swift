package import KintsugiVocabulary

/// What is wrong with the order of a chain's steps, each of which is good by itself.
package enum ChainCheck {
    package struct Fault: Sendable, Hashable {
        /// From 0.
        package let step: Int
        /// The member of the step that is at fault.
        package let member: String
        package let detail: String
    }

    /// - Parameter steps: Nil where a step could not be read.
    package static func faults(of steps: [FallbackStep?]) -> [Fault] {
        var faults: [Fault] = []
        for (index, step) in steps.enumerated() {
            guard let step else { continue }
            let isLast = index == steps.count - 1
            if !isLast, step.errorTypes.isEmpty, step.strategy.endsTheTask {
                let detail =
                    "always ends the task, so the steps after it can never run: put it last, or give it a when"
                faults.append(Fault(step: index, member: "strategy", detail: detail))
            }
            if isLast, case .escalate(_, _, then: .continue) = step.way {
                faults.append(
                    Fault(
                        step: index, member: "then",
                        detail: "cannot be continue: no step comes after this one"))
            }
        }
        return faults
    }
}

extension Strategy {
    /// Whether nothing can come after it.
    package var endsTheTask: Bool { self == .useOutput || self == .discard }
}
