import KintsugiVocabulary
import Testing

@Suite("JSON merge patch")
struct MergePatchTests {
    private func patched(_ target: String, _ patch: String) -> String {
        func json(_ text: String) -> JSONText { JSONText(valid: Array(text.utf8)) }
        return String(decoding: MergePatch.apply(json(patch), to: json(target)).bytes, as: UTF8.self)
    }

    @Test(
        "RFC 7396, appendix A",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"),
            (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func appendix(target: String, patch: String, result: String) {
        #expect(patched(target, patch) == result)
    }

    @Test("RFC 7396, section 3: the example document")
    func example() {
        let target =
            #"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"#
            + #""tags":["example","sample"],"content":"This will be unchanged"}"#
        let patch =
            #"{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"#
            + #""tags":["example"]}"#
        let result =
            #"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"#
            + #""content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#
        #expect(patched(target, patch) == result)
    }

    @Test("What is not named stays as it was written, to the last digit and escape")
    func exact() {
        #expect(
            patched(
                #"{"n":0.10000000000000000001,"big":12345678901234567890,"s":"\u00e9\/"}"#, #"{"x":1E400}"#)
                == #"{"n":0.10000000000000000001,"big":12345678901234567890,"s":"\u00e9\/","x":1E400}"#)
        #expect(patched(#"{"a\"b":1,"é":2}"#, #"{"é":null,"a\"b":{"c":0.50}}"#) == #"{"a\"b":{"c":0.50}}"#)
    }

    @Test("Of members with one name the last holds")
    func doubles() {
        #expect(patched(#"{"a":1,"a":2,"b":3}"#, #"{"b":4,"b":null}"#) == #"{"a":2}"#)
    }
}
