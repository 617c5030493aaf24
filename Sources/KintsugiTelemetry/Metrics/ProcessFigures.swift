import FoundationEssentials
import KintsugiVocabulary

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What the operating system says of this process, under the names that every Prometheus client uses.
/// - Source: Prometheus, "Writing client libraries", process metrics; `proc(5)`.
package enum ProcessFigures {
    package static func sample(into registry: PrometheusRegistry) {
        registry.set(
            "process_cpu_seconds_total", .counter, "User and system time of this process.", to: cpuSeconds)
        guard let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return }
        let pages = statm.split(separator: " ").compactMap { Double($0) }
        guard pages.count > 1 else { return }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        registry.set("process_virtual_memory_bytes", .gauge, "Virtual memory.", to: pages[0] * page)
        registry.set("process_resident_memory_bytes", .gauge, "Memory in use.", to: pages[1] * page)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        registry.set("process_open_fds", .gauge, "Open file descriptors.", to: Double(files))
    }

    private static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
