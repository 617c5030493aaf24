import KintsugiCore
import KintsugiStore
import KintsugiVocabulary
import Testing

@Suite("Stored events")
struct EventCodecTests {
    @Test("Every stored text decodes to the same event for ever", arguments: EventFixtures.all.indices)
    func decode(_ index: Int) throws {
        let fixture = EventFixtures.all[index]
        #expect(try EventCodec.decode(Array(fixture.stored.utf8)) == [fixture.event])
    }

    @Test("Every event is stored as it always was", arguments: EventFixtures.all.indices)
    func encode(_ index: Int) {
        let fixture = EventFixtures.all[index]
        #expect(String(decoding: EventCodec.encode([fixture.event]), as: UTF8.self) == fixture.stored)
    }

    @Test("There is a fixture of every type")
    func complete() {
        let types = Set(EventFixtures.all.map(\.event.type))
        #expect(EventType.allCases.filter { !types.contains($0) } == [])
    }

    @Test("All of them together make one append")
    func together() throws {
        let events = EventFixtures.all.map(\.event)
        #expect(try EventCodec.decode(EventCodec.encode(events)) == events)
    }

    @Test("Members from a newer version are passed over")
    func unknownMember() throws {
        let events = try EventCodec.decode(Array(#"[[13,{"number":1,"mood":"good"}]]"#.utf8))
        #expect(events == [.attemptInterrupted(number: 1)])
    }

    @Test(
        "What cannot be read says what is wrong with it",
        arguments: [
            "", "[", "{}", "[1]", "[[1]]", "[[0,{}]]", "[[99,{}]]", #"[[13,{}]]"#, #"[[1,{"type":"x"}]]"#,
            #"[[9,{"failed_task_id":"no","reason":"poison"}]]"#, #"[[9,{"reason":"poison"}]]"#,
            #"[["a",{}]]"#,
        ])
    func unreadable(_ text: String) {
        let error = #expect(throws: EventDecodingError.self) { _ = try EventCodec.decode(Array(text.utf8)) }
        #expect(error?.description.isEmpty == false)
    }
}
