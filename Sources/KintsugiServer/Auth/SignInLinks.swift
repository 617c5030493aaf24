import KintsugiCore
import KintsugiVocabulary
import Synchronization

/// Links that sign a person in once: tokens in memory, gone with the process.
final class SignInLinks: Sendable {
    static let lifetime: Milliseconds = 15 * 60_000
    /// The oldest go first.
    private static let maxOpen = 16

    private struct Link {
        var hash: [UInt8]
        var keyID: String
        var keyHash: [UInt8]
        var expiresAt: Timestamp
    }

    private let open = Mutex<[Link]>([])

    /// A token of 32 letters and digits that opens the door once, for the holder of this key.
    func make(for key: APIKey, at now: Timestamp) -> String {
        let token = RandomText.letters(32)
        let link = Link(
            hash: APIKey.hash(Array(token.utf8)), keyID: key.id, keyHash: key.hash,
            expiresAt: now + Self.lifetime)
        open.withLock { $0 = $0.suffix(Self.maxOpen - 1) + [link] }
        return token
    }

    /// Takes the token; gives its key, nil if the token is unknown, used or too old.
    func take(_ token: String, at now: Timestamp) -> (keyID: String, keyHash: [UInt8])? {
        let hash = APIKey.hash(Array(token.utf8))
        return open.withLock { open in
            open.removeAll { $0.expiresAt <= now }
            guard let index = open.firstIndex(where: { APIKey.areEqual($0.hash, hash) }) else { return nil }
            let link = open.remove(at: index)
            return (link.keyID, link.keyHash)
        }
    }
}
