import Foundation
import KintsugiStore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The one owner of a data folder, by a lock on a file in it that the kernel takes back when the process ends.
///
/// SQLite before 3.51.3 can corrupt a WAL database when two connections checkpoint at once, so two servers on
/// one folder must be impossible, not merely unwise.
final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(folder: String, node: String) throws(StoreError) {
        let path = folder + "/kintsugi.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw .broken("\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let owner = Self.owner(file)
            close(file)
            guard reason == EWOULDBLOCK else {
                throw .broken("\(path) cannot be locked: \(String(cString: strerror(reason)))")
            }
            throw .broken(
                """
                The data folder \(folder) is in use by \(owner). One process owns a folder: stop that one first, \
                or start this one with a folder of its own.
                """)
        }
        descriptor = Mutex(file)
        let text = Array("process \(getpid()), node \(node)\n".utf8)
        ftruncate(file, 0)
        _ = pwrite(file, text, text.count, 0)
    }

    private static func owner(_ file: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 200)
        let count = pread(file, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let line = text.prefix { $0 != "\n" }
        return line.isEmpty ? "another process" : String(line)
    }

    /// Lets the next owner in. The file stays: removing it would let two owners lock two files of one name.
    func release() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            ftruncate(file, 0)
            close(file)
            file = -1
        }
    }

    deinit { release() }
}
