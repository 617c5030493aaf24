/// When to try again: exponential, capped, jittered, and never before the agent said.
package enum Backoff {
    /// A `Retry-After` counts for at most a year, so that the number is safe in every client's JSON.
    package static let longestRetryAfter: Milliseconds = 365 * 86_400_000

    /// The delay before the next attempt: `min(base · 2^(n-1), cap)` moved by a uniform share in ±jitter.
    ///
    /// The cap holds after the jitter. `retryAfter`, clamped to its own cap, is a floor even above
    /// `maxDelay`, and its jitter goes only upwards, by 0 to `jitter` of it: all who were told the same
    /// second would come at once. Zero only if the policy's base or cap is zero, and never negative.
    /// - Parameters:
    ///   - n: Which failure of the round this was, from 1; less counts as 1.
    ///   - retryAfter: What the agent asked for, if it did.
    ///   - retryAfterCap: How much of that is granted, ten minutes unless configured.
    /// - Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), for jitter against
    ///   herds; gRPC A6, "Client Retries", for a uniform share on both sides of an exponential delay.
    package static func delay(
        afterFailure n: Int, policy: RetryPolicy, retryAfter: Milliseconds?,
        retryAfterCap: Milliseconds = 600_000, using rng: inout SeededGenerator
    ) -> Milliseconds {
        let jitter = share(policy.jitter)
        let raw = policy.baseDelay.doubled(max(n, 1) - 1, atMost: policy.maxDelay)
        var delay: Milliseconds = 0
        if raw > 0 {
            let moved = raw.addingSaturated(part(jitter * (2 * rng.unit() - 1), of: raw))
            delay = min(max(moved, 1), policy.maxDelay)
        }
        guard let retryAfter else { return delay }
        let floor = min(max(retryAfter, 0), max(retryAfterCap, 0))
        return max(delay, floor.addingSaturated(part(jitter * rng.unit(), of: floor)))
    }

    /// What a `Retry-After` header asks for, 0 to a year: seconds or an HTTP date; nil if it is neither.
    ///
    /// A negative number and a date in the past are 0: the agent is ready, only clumsy.
    /// - Source: RFC 9110, section 10.2.3.
    package static func retryAfter(header: String, now: Timestamp) -> Milliseconds? {
        let text = trimmed(header)
        if let seconds = seconds(text) {
            return min(seconds.multipliedSaturated(by: 1000), longestRetryAfter)
        }
        guard let date = Timestamp(httpDate: text, now: now) else { return nil }
        return min(max(date - now, 0), longestRetryAfter)
    }

    /// Whole seconds, as many digits as there are; those with a minus are 0.
    private static func seconds(_ text: String) -> Int64? {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = text.utf8.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value.multipliedSaturated(by: 10).addingSaturated(Int64(byte - UInt8(ascii: "0")))
        }
        return isNegative ? 0 : value
    }

    /// The text without the spaces and tabs around it, which HTTP says mean nothing.
    private static func trimmed(_ text: String) -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var bytes = text.utf8[...]
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(Substring(bytes))
    }

    /// The jitter as a share within 0 to 1; not a number is 0.
    private static func share(_ jitter: Double) -> Double {
        jitter.isNaN ? 0 : min(max(jitter, 0), 1)
    }

    private static func part(_ share: Double, of span: Milliseconds) -> Milliseconds {
        Milliseconds(saturating: Double(span) * share)
    }
}
