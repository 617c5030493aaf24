/// How loud a timeline event is. Ordered, so that a filter can say "at least".
public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    case info, warning, error, critical

    public static func < (lhs: Severity, rhs: Severity) -> Bool { lhs.rank < rhs.rank }

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .error: 2
        case .critical: 3
        }
    }
}

/// How urgent an alert is for a person.
public enum AlertSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
    case medium, high, critical

    public static func < (lhs: AlertSeverity, rhs: AlertSeverity) -> Bool { lhs.rank < rhs.rank }

    private var rank: Int {
        switch self {
        case .medium: 0
        case .high: 1
        case .critical: 2
        }
    }
}
