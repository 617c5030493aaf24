#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How long something of ours takes; for figures only, never for a decision.
struct Stopwatch: Sendable {
    private let begun = Self.now()

    var nanoseconds: Int64 { Self.now() - begun }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
