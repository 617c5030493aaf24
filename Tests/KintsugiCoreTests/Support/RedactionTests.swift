import KintsugiCore
import KintsugiVocabulary
import Testing

@Suite("Redaction")
struct RedactionTests {
    @Test(
        "Names of secrets are known in every spelling",
        arguments: [
            ("password", true), ("Authorization", true), ("X-Api-Key", true), ("card_number", true),
            ("accessToken", true), ("client_secret", true), ("apiKey", true), ("authtoken", true),
            ("PIN", true),
            ("discard", false), ("tokenizer", false), ("shopping", false), ("company", false),
            ("order_id", false),
            ("amount", false), ("key", false), ("", false),
        ])
    func names(name: String, isSecret: Bool) { #expect(Redaction.hides(name) == isSecret) }

    @Test("Values under such names are hidden at any depth, whatever they are")
    func json() {
        let text =
            #"{"a":[{"token":"abc","n":1.50}],"card":{"number":"4111"},"password":null,"note":"secret=x y"}"#
        let shown = Redaction.json(JSONText(valid: Array(text.utf8)))
        let expected = #"{"a":[{"token":"•••","n":1.50}],"card":"•••","password":null,"note":"secret=••• y"}"#
        #expect(String(decoding: shown.bytes, as: UTF8.self) == expected)
    }

    @Test(
        "In plain text what follows such a name is hidden",
        arguments: [
            ("password=hunter2, try again", "password=•••, try again"),
            ("Authorization: Bearer abc.def-ghi failed", "Authorization: ••• failed"),
            ("got {\"token\": \"abc\"} back", "got {\"token\": \"•••\"} back"),
            ("sent Bearer abcdef and nothing else", "sent Bearer ••• and nothing else"),
            ("The agent answered 503.", "The agent answered 503."),
            ("discard: 5 cards left", "discard: 5 cards left"), ("token=", "token="), ("", ""),
            ("api_key='k1' secret='k2'", "api_key='•••' secret='•••'"),
        ])
    func text(text: String, shown: String) { #expect(Redaction.text(text) == shown) }
}
