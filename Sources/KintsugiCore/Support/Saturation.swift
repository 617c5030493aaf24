/// Arithmetic that stops at the end of the range, for numbers that came from outside.
extension Int64 {
    /// The nearest whole number within the range; not a number is 0.
    init(saturating value: Double) {
        if let exact = Int64(exactly: value.rounded()) {
            self = exact
        } else {
            self = value.isNaN ? 0 : value < 0 ? .min : .max
        }
    }

    /// The sum, or the end of the range it would pass.
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }

    /// The product of two numbers that are not negative, or the end of the range.
    func multipliedSaturated(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }

    /// The number doubled so many times, at most `cap`; 0 if either is not positive.
    ///
    /// A plain shift would not do: `1 << 100` is 0, and a delay of nothing is a retry storm.
    func doubled(_ times: Int, atMost cap: Int64) -> Int64 {
        guard self > 0, cap > 0 else { return 0 }
        guard times > 0 else { return Swift.min(self, cap) }
        guard times < 63, self <= cap >> Int64(times) else { return cap }
        return self << Int64(times)
    }
}
