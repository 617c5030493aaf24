import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("The example of RFC 9562 has its time, version and variant")
    func rfcExample() throws {
        // RFC 9562, appendix A.6: 2022-02-22T14:22:22.000-05:00.
        let id = try #require(UUID7("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
        #expect(id.milliseconds == 1_645_557_742_000)
        #expect(id == UUID7(milliseconds: 1_645_557_742_000, random: 0xcc3, 0x18c4_dc0c_0c07_398f))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    }

    @Test("What is written is read back, with version 7 and its time, and sorts by it", arguments: 1...20)
    func roundTrip(seed: UInt64) {
        var rng = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let time = Int64.random(in: 0..<(1 << 48) - 1, using: &rng)
            let id = UUID7(milliseconds: time, random: rng.next(), rng.next())
            let later = UUID7(milliseconds: time + 1, random: rng.next(), rng.next())
            let text = id.description
            #expect(UUID7(text) == id, "seed \(seed): \(text)")
            #expect(TaskID(text)?.uuid == id && DeadLetterID(Substring(text))?.uuid == id, "seed \(seed)")
            #expect(id.milliseconds == time, "seed \(seed): \(text)")
            #expect(id < later && text < later.description, "seed \(seed): \(text)")
            #expect(Array(text)[14] == "7" && "89ab".contains(Array(text)[19]), "seed \(seed): \(text)")
        }
    }

    @Test(
        "Any other form is refused",
        arguments: [
            "", "-", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e279b07cc398c4dc0c0c07398f",
            "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
            "017f22e2_79b0_7cc3_98c4_dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
            "017f22e27-9b0-7cc3-98c4-dc0c0c07398f", "------------------------------------",
            "０17f22e2-79b0-7cc3-98c4",
            String(repeating: "0", count: 36), String(repeating: "0", count: 100_000),
        ])
    func refused(text: String) {
        #expect(UUID7(text) == nil)
        #expect(TaskID(text) == nil)
    }

    @Test("Times that do not fit in 48 bits do not trap", arguments: [Int64.min, -1, 1 << 48, .max])
    func extremeTimes(time: Int64) {
        let id = UUID7(milliseconds: time, random: .max, .max)
        #expect(UUID7(id.description) == id)
    }
}
