import KintsugiCore
import Testing

@Suite("SeededGenerator")
struct SeededGeneratorTests {
    @Test("It gives the published numbers of SplitMix64")
    func referenceNumbers() {
        var rng = SeededGenerator(seed: 1_234_567)
        let numbers = (0..<5).map { _ in rng.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test("The seed zero and the largest seed are as good as any", arguments: [UInt64.min, .max])
    func extremeSeeds(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        #expect(Set((0..<1000).map { _ in rng.next() }).count == 1000)
    }

    @Test("Unit numbers lie in 0 up to but without 1, and fill it evenly", arguments: 1...5)
    func unit(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        var tenths = [Int](repeating: 0, count: 10)
        for _ in 0..<10_000 {
            let number = rng.unit()
            guard number >= 0, number < 1 else {
                Issue.record("seed \(seed): \(number)")
                return
            }
            tenths[Int(number * 10)] += 1
        }
        // The standard deviation of a tenth is 30: five of them are never reached by chance.
        #expect(tenths.allSatisfy { (850...1150).contains($0) }, "seed \(seed): \(tenths)")
    }
}
