import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary

/// Who is asking.
struct Caller: Sendable {
    let userID: UserID
    let role: Role
    let keyID: String?
    /// Of the key, or of the session if that is what let them in.
    let expiresAt: Timestamp?
    /// Nil: a key was sent with the request.
    var sessionID: String?

    /// For doors that are open to everyone, and for agents with an attempt's token.
    static let nobody = Caller(userID: UserID("nobody"), role: .viewer, keyID: nil, expiresAt: nil)

    var isAdmin: Bool { role == .admin }
    /// Whose things this caller sees and touches. The only place that says so.
    var scope: Scope { isAdmin ? .everyone : .user(userID) }
    var actor: String { "user:\(userID.rawValue)" }
}

extension Role {
    var rank: Int {
        switch self {
        case .viewer: 0
        case .operator: 1
        case .admin: 2
        }
    }
}
