/// The one source of chance in the rules: the same seed gives the same numbers, so every run can be repeated.
///
/// Concrete on purpose, because a generic `package` function is not specialised across modules. Not for
/// secrets.
/// - Source: SplitMix64, Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA
///   2014), with the constants of Vigna's `splitmix64.c`.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without 1, one of 2^53 that are equally likely.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
