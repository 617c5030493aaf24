import Testing

@testable import KintsugiCore

@Suite("Lines")
struct LineTests {
    @Test("It is what a plain array would be, whatever is done to it", arguments: 1...20)
    func likeAnArray(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        var line = Line<Int>()
        var array: [Int] = []
        for _ in 0..<2000 {
            let member = Int.random(in: 0..<12, using: &rng)
            switch Int.random(in: 0..<4, using: &rng) {
            case 0, 1:
                #expect(line.join(member) == !array.contains(member))
                if !array.contains(member) { array.append(member) }
            case 2:
                #expect(line.leave(member) == array.contains(member))
                array.removeAll { $0 == member }
            default:
                line.pass()
                if let first = array.first { array = array.dropFirst() + [first] }
            }
            #expect(line.members == array && line.first == array.first && line.count == array.count)
            #expect(line.contains(member) == array.contains(member) && line.isEmpty == array.isEmpty)
        }
    }
}
