import Foundation

/// What a process costs the machine, as /proc tells it.
struct ProcessCost {
    /// Memory that is really in use: resident set size, in bytes.
    var resident: Int
    /// Time on a core since it began, in seconds.
    var seconds: Double

    /// Nil if the process is gone.
    init?(of process: Int32) {
        guard let pages = Self.words("/proc/\(process)/statm").dropFirst().first.flatMap({ Int($0) }),
            // The name, in brackets, may hold spaces.
            let times = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
                .split(separator: ")").last?.split(separator: " "),
            times.count > 12, let user = Double(times[11]), let system = Double(times[12])
        else { return nil }
        resident = pages * sysconf(Int32(_SC_PAGESIZE))
        seconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func words(_ path: String) -> [Substring] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: " ")
    }
}
