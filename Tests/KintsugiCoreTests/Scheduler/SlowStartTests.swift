import KintsugiVocabulary
import Testing

@testable import KintsugiCore

@Suite("Slow start")
struct SlowStartTests {
    @Test("Doubles each second up to 4,096, and gives as many anew each second from then on")
    func neverDry() {
        var start = ProviderState.SlowStart(at: .zero)
        var given: [Int] = []
        for second in 0..<16 {
            start.advance(to: Timestamp.zero + Int64(second) * 1000)
            given.append(start.left)
            start.left = 0
        }
        #expect(given == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096, 4096])
    }

    @Test("Seconds in which nobody asked count too, and give one second's share")
    func pause() {
        var start = ProviderState.SlowStart(at: .zero)
        start.advance(to: Timestamp.zero + 3500)
        #expect(start.left == 8)
        #expect(start.nextAt == Timestamp.zero + 4000)
        start.advance(to: Timestamp.zero + 86_400_000)
        #expect(start.left == 4096)
        #expect(start.nextAt == Timestamp.zero + 86_401_000)
    }
}
