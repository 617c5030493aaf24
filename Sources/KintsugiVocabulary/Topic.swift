/// What a live stream can be about.
public enum Topic: Sendable, Hashable, CustomStringConvertible {
    /// The events of one task.
    case task(TaskID)
    /// The events of everything that belongs to a user.
    case userDashboard(UserID)
    /// Every event of every task.
    case all

    /// Reads `task:ID`, `user_dashboard:USER` or `all`; anything else is nil.
    public init?(_ text: some StringProtocol) {
        if text == "all" {
            self = .all
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let name = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "task":
            guard let id = TaskID(name) else { return nil }
            self = .task(id)
        case "user_dashboard":
            guard (1...128).contains(name.utf8.count), name.utf8.allSatisfy({ (33...126).contains($0) })
            else { return nil }
            self = .userDashboard(UserID(String(name)))
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .task(let id): "task:\(id)"
        case .userDashboard(let user): "user_dashboard:\(user)"
        case .all: "all"
        }
    }
}

/// A place in the log that a stream can go on from: everything up to this position has been seen.
public struct EventCursor: Sendable, Hashable, CustomStringConvertible {
    /// Which log; it changes only when a backup is restored.
    public var epoch: String
    public var position: Int64

    public init(epoch: String, position: Int64) {
        self.epoch = epoch
        self.position = position
    }

    /// Reads `EPOCH.POSITION`; anything else is nil.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 128, let dot = text.lastIndex(of: "."), dot != text.startIndex else {
            return nil
        }
        let (epoch, digits) = (text[..<dot], text[text.index(after: dot)...])
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let position = Int64(digits),
            epoch.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) })
        else { return nil }
        self.init(epoch: String(epoch), position: position)
    }

    public var description: String { "\(epoch).\(position)" }
}
