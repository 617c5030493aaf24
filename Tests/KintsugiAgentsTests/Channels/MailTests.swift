import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Testing

@Suite("Alerts as mail")
struct MailTests {
    /// The headers, unfolded.
    private func headers(_ mail: String) -> [String] {
        let head = mail.replacing("\r\n ", with: " ").split(separator: "\r\n\r\n", maxSplits: 1)[0]
        return head.split(separator: "\r\n").map(String.init)
    }

    @Test("A mail says what it is, threads by alert and is not answered by machines")
    func headers() throws {
        let raised = headers(try Deliveries.mail(Deliveries.delivery(Deliveries.email())))
        #expect(raised.contains("Subject: [CRITICAL] 212 tasks failing: server_error from acme-pay"))
        #expect(raised.contains("Date: Sat, 31 Jan 2026 09:30:00 +0000"))
        #expect(raised.contains("Message-ID: <\(Calls.taskID)@example.com>"), "the same at every attempt")
        #expect(raised.contains("Auto-Submitted: auto-generated"))
        #expect(raised.contains("List-Id: Alerts of Kintsugi <alerts-ops.example.com>"))
        let resolved = headers(try Deliveries.mail(Deliveries.delivery(Deliveries.email(), .resolved)))
        #expect(resolved.contains("Subject: [RESOLVED] 230 tasks failed: server_error from acme-pay"))
        let thread = "References: <alert-\(Deliveries.alertID)@example.com>"
        #expect(raised.contains(thread) && resolved.contains(thread))
    }

    @Test("Every line is seven bits wide and no longer than it may be")
    func lines() throws {
        let long = #""\#(String(repeating: "Ünïcödé 🏦 = ", count: 200))""#
        let members = ["provider": long, "summary": long, "note": long, "title": long]
        let mail = try Deliveries.mail(
            Deliveries.delivery(Deliveries.email(from: "Ålerts of Ünïcödé <a@example.com>"), .raised, members)
        )
        for line in mail.split(separator: "\r\n", omittingEmptySubsequences: false) {
            #expect(line.utf8.count <= 78, "\(line)")
            #expect(line.utf8.allSatisfy { $0 == 9 || (32...126).contains($0) }, "\(line)")
            if let word = line.firstRange(of: "=?UTF-8?B?") {
                #expect(line[word.lowerBound...].prefix { $0 != " " }.utf8.count <= 75)
            }
        }
    }

    @Test("No text can begin a header or end the message")
    func injection() throws {
        let bad = #""x\r\nBcc: all@example.com\r\n\r\n.\r\nQUIT\u0000\u2028\u0085""#
        let members = [
            "provider": bad, "error_type": bad, "title": bad, "id": bad, "summary": bad, "user_id": bad,
            "error": #"{"type":"server_error","message":\#(bad)}"#,
        ]
        for config in [Deliveries.email(), Deliveries.email(from: "Ops \"x\" =?UTF-8?Q?y?= <a@example.com>")]
        {
            let mail = try Deliveries.mail(Deliveries.delivery(config, .raised, members))
            #expect(!mail.split(separator: "\r\n").contains { $0.hasPrefix("Bcc") })
            #expect(!mail.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" })
            #expect(headers(mail).count { $0.hasPrefix("Message-ID:") } == 1)
            #expect(mail.split(separator: "\r\n\r\n").count > 3)
        }
    }

    @Test("In HTML the words of strangers are words")
    func html() throws {
        let members = ["summary": #""<script>alert('x')</script> \"&\"""#]
        let mail = try Deliveries.mail(Deliveries.delivery(Deliveries.email(), .raised, members))
            .replacing("=\r\n", with: "").replacing("=3D", with: "=")
        #expect(mail.contains("<p>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &quot;&amp;&quot;</p>"))
        #expect(mail.components("<script>") == 1, "in the plain text only")
    }

    @Test(
        "Addresses are taken as they are usually written",
        arguments: [
            ("ops@example.com", "", "ops@example.com"),
            ("Ops <o.p+s@ex-ample.com>", "Ops", "o.p+s@ex-ample.com"),
            ("\"On Call\" <a@b>", "On Call", "a@b"), ("Jörg <jörg@exämple.com>", "Jörg", "jörg@exämple.com"),
            ("<a@b.c>", "", "a@b.c"),
        ])
    func addresses(text: String, name: String, address: String) throws {
        let read = try #require(MailAddress(text))
        #expect((read.name, read.address) == (name, address))
    }

    @Test(
        "What could be read as more than one address, or as a command, is none",
        arguments: [
            "", "ops", "@", "a@", "@b", "a b@c", "a@b c", "a@b\r\nRCPT TO:<x@y>", "a@b>", "<a@b", "a@b, c@d",
            "x\r\nBcc: y <a@b>", "a..b@c", ".a@b", "a@b..c", "\"a b\"@c", "a@b@c", "a@[127.0.0.1]",
            "a\u{0}@b",
            "a@b\u{202e}", "a@<b>", "x <a@b> <c@d\n>", "\(String(repeating: "a", count: 65))@b",
            "a\u{a0}b@c",
        ])
    func noAddresses(text: String) async throws {
        #expect(MailAddress(text) == nil)
        let failure = try await Deliveries.withCaller { caller in
            try await caller.call(Deliveries.call(Deliveries.email(to: [text]))).failure()
        }
        #expect(failure.type == .validationError && failure.sent == .no)
    }
}

extension String {
    fileprivate func components(_ separator: String) -> Int { ranges(of: separator).count }
}
