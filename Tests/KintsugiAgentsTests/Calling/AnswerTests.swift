import KintsugiAgents
import KintsugiCore
import KintsugiEngine
import KintsugiVocabulary
import Testing

@Suite("What an answer means")
struct AnswerTests {
    @Test(
        "A status has its type and class",
        arguments: [
            (301, ErrorType.clientError), (302, .clientError), (304, .clientError), (400, .validationError),
            (401, .authFailure), (403, .authFailure), (404, .notFound), (407, .authFailure), (408, .timeout),
            (409, .clientError), (410, .notFound), (413, .validationError), (415, .validationError),
            (418, .clientError),
            (422, .validationError), (425, .rateLimit), (429, .rateLimit), (500, .serverError),
            (501, .serverError),
            (502, .serverError), (503, .serverError), (504, .timeout), (599, .serverError),
            (101, .clientError),
        ])
    func status(status: Int, type: ErrorType) async throws {
        let failure = try await Calls.result(of: .answer(status, "no")).failure()
        #expect((failure.type, failure.errorClass, failure.httpStatus) == (type, type.defaultClass, status))
        #expect(failure.sent == .yes && failure.retryAfter == nil)
        #expect(failure.message.hasPrefix("The agent answered \(status)"))
    }

    @Test("A redirect is an answer, and is not followed")
    func redirect() async throws {
        for status in [301, 302, 303, 307, 308] {
            try await TestServer.run(.always(.answer(status, headers: ["location": "/elsewhere"]))) {
                server in
                try await Calls.withCaller { caller in
                    let failure = try await caller.call(Calls.call("http://127.0.0.1:\(server.port)/"))
                        .failure()
                    #expect(failure.type == .clientError && failure.httpStatus == status)
                    #expect(failure.message.contains("redirects are not followed"))
                }
                #expect(server.requests.map(\.line) == ["POST /"])
            }
        }
    }

    @Test(
        "Any JSON is the output, and an empty body is null",
        arguments: [
            (200, #"{"a":[1,null,"ü"]}"#, #"{"a":[1,null,"ü"]}"#), (201, #""made""#, #""made""#),
            (200, "", "null"),
            (204, "", "null"), (200, " \n[1]\r\n", "[1]"), (200, "false", "false"), (203, "1e400", "1e400"),
            (206, "{}", "{}"),
        ])
    func output(status: Int, body: String, output: String) async throws {
        let result = try await Calls.result(
            of: .answer(status, body, headers: ["content-type": "text/plain"]))
        #expect(result.output == output)
        guard case .succeeded(_, status) = result.outcome else {
            Issue.record("\(result.outcome)")
            return
        }
    }

    @Test("JSON may be as deep as ours, and no deeper")
    func depth() async throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try await Calls.result(of: .answer(200, nested(64))).output == nested(64))
        for depth in [65, 500_000] {
            let failure = try await Calls.result(of: .answer(200, nested(depth))).failure()
            #expect((failure.type, failure.errorClass, failure.sent) == (.invalidResponse, .permanent, .yes))
        }
    }

    @Test(
        "What is no JSON is an invalid answer",
        arguments: ["<html>all is well</html>", #"{"half":"#, "{} {}", "\u{FEFF}{}", "NaN", "\n"])
    func invalid(body: String) async throws {
        let failure = try await Calls.result(of: .answer(200, body)).failure()
        #expect((failure.type, failure.errorClass, failure.httpStatus) == (.invalidResponse, .permanent, 200))
        #expect(failure.sent == .yes && !failure.message.contains("all is well"))
    }

    @Test("Bytes that are no UTF-8 are an invalid answer")
    func notUnicode() async throws {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"
        let result = try await Calls.result(of: [.bytes(Array(head.utf8) + [0x22, 0xff, 0x22])])
        #expect(try result.failure().type == .invalidResponse)
    }

    @Test("A body of 1 MiB is taken, and one byte more is not, with and without a length")
    func size() async throws {
        let full = "\"" + String(repeating: "x", count: (1 << 20) - 2) + "\""
        #expect(try await Calls.result(of: .answer(200, full)).output == full)
        let tooLong = try await Calls.result(of: .answer(200, full + " ")).failure()
        #expect(tooLong.type == .invalidResponse && tooLong.httpStatus == 200)
        let endless: [TestServer.Step] =
            [.send("HTTP/1.1 200 OK\r\n\r\n\"")]
            + Array(repeating: .send(String(repeating: "x", count: 1 << 16)), count: 20)
        #expect(try await Calls.result(of: endless).failure().type == .invalidResponse)
    }

    @Test("An answer that announces too much is not waited for")
    func announced() async throws {
        let steps: [TestServer.Step] = [.send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n\"")]
        #expect(try await Calls.result(of: steps).failure().type == .invalidResponse)
        let absurd: [TestServer.Step] = [
            .send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n")
        ]
        #expect(try await Calls.result(of: absurd).failure().type == .networkError)
    }

    @Test("202 is accepted, whatever its body")
    func accepted() async throws {
        let answers: [[TestServer.Step]] = [
            .answer(202), .answer(202, "<not json>"),
            .answer(202, String(repeating: "x", count: 2 << 20)),
            [.send("HTTP/1.1 202 Accepted\r\ncontent-length: 10\r\n\r\nhalf"), .close],
        ]
        for steps in answers {
            #expect(try await Calls.result(of: steps).outcome == .accepted)
        }
    }

    @Test("Informational answers are passed over")
    func informational() async throws {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n"
        let steps: [TestServer.Step] =
            [.send("HTTP/1.1 100 Continue\r\n\r\n" + hints + hints)] + .answer(200, "7")
        #expect(try await Calls.result(of: steps).output == "7")
    }

    @Test(
        "Retry-After is read from retryable answers, as seconds or as a date",
        arguments: [
            (503, "7", 7000...7000), (429, "0", 0...0), (425, "1", 1000...1000),
            // The call began at 2026-01-31T09:30:00.250Z.
            (503, "Sat, 31 Jan 2026 09:30:30 GMT", 20_000...29_750),
            (429, "Sat, 31 Jan 2026 09:29:00 GMT", 0...0),
        ] as [(Int, String, ClosedRange<Milliseconds>)])
    func retryAfter(status: Int, value: String, expected: ClosedRange<Milliseconds>) async throws {
        let failure = try await Calls.result(of: .answer(status, headers: ["Retry-After": value])).failure()
        #expect(
            expected.contains(try #require(failure.retryAfter)), "\(String(describing: failure.retryAfter))")
    }

    @Test("Retry-After says nothing on a permanent answer, or in no known form")
    func noRetryAfter() async throws {
        #expect(
            try await Calls.result(of: .answer(400, headers: ["retry-after": "5"])).failure().retryAfter
                == nil)
        #expect(
            try await Calls.result(of: .answer(503, headers: ["retry-after": "soon"])).failure().retryAfter
                == nil)
    }

    @Test("The agent's own table goes before the standard one")
    func overrides() async throws {
        let rules: [ClassificationTable.Rule] = [
            .init(.status(404...404), type: .serverError), .init(.status(409...409), errorClass: .retryable),
            .init(.type(.invalidResponse), errorClass: .retryable),
            .init(.type(.networkError), errorClass: .permanent),
        ]
        func failure(_ steps: [TestServer.Step]) async throws -> Failure {
            try await Calls.result(of: steps, classification: rules).failure()
        }
        let missing = try await failure(.answer(404, headers: ["retry-after": "2"]))
        #expect((missing.type, missing.errorClass, missing.retryAfter) == (.serverError, .retryable, 2000))
        let conflict = try await failure(.answer(409, headers: ["retry-after": "2"]))
        #expect((conflict.type, conflict.errorClass, conflict.retryAfter) == (.clientError, .retryable, 2000))
        #expect(try await failure(.answer(200, "<p>")).errorClass == .retryable)
        #expect(try await failure([.close]).errorClass == .permanent)
    }

    @Test("The message shows the beginning of the body, printable and on one line")
    func message() async throws {
        let plain = try await Calls.result(
            of: .answer(503, "  try\r\n\tlater\u{0}\u{202E}please\u{1B}[31m  ")
        ).failure()
        #expect(plain.message == "The agent answered 503 Service Unavailable: try later please [31m")
        #expect(try await Calls.result(of: .answer(599)).failure().message == "The agent answered 599.")
        let long = try await Calls.result(of: .answer(500, String(repeating: "é", count: 100_000))).failure()
        #expect(
            long.message == "The agent answered 500 Internal Server Error: "
                + String(repeating: "é", count: 500))
        let bytes = Array("HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\n".utf8) + [0xff, 0xfe, 0x41]
        #expect(try await Calls.result(of: [.bytes(bytes)]).failure().message.hasSuffix("\u{FFFD}\u{FFFD}A"))
    }

    @Test("The message never gives back the secrets that we sent")
    func secrets() async throws {
        let body = "you said Bearer top-secret-key and report-token"
        let result = try await Calls.result(of: .answer(401, body), auth: .bearer(token: "top-secret-key"))
        let message = try result.failure().message
        #expect(!message.contains("top-secret-key") && !message.contains("report-token"))
    }

    @Test("The status of an error stands, whatever becomes of its body")
    func brokenError() async throws {
        for ending in [[TestServer.Step.close], [.reset], []] {
            let steps: [TestServer.Step] =
                [.send("HTTP/1.1 400 X\r\ncontent-length: 1000\r\n\r\nhalf of it")] + ending
            let failure = try await Calls.result(of: steps, timeout: 1500).failure()
            #expect((failure.type, failure.httpStatus, failure.sent) == (.validationError, 400, .yes))
        }
    }
}
