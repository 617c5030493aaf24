import KintsugiCore
import Testing

@Suite("Retry-After header")
struct RetryAfterHeaderTests {
    /// 1994-11-06T08:49:37Z.
    private let now = Timestamp(milliseconds: 784_111_777_000)

    @Test(
        "Seconds become milliseconds, from none to a year",
        arguments: [
            ("0", 0), ("1", 1000), ("120", 120_000), ("007", 7000), (" 5 ", 5000), ("\t5", 5000), ("-5", 0),
            ("-0", 0),
            ("31536000", 31_536_000_000), ("31536001", 31_536_000_000),
            ("9223372036854775807", 31_536_000_000),
            ("9223372036854775808", 31_536_000_000), ("99999999999999999999999999999999", 31_536_000_000),
            ("-99999999999999999999999999999999", 0),
        ] as [(String, Milliseconds)])
    func seconds(header: String, span: Milliseconds) {
        #expect(Backoff.retryAfter(header: header, now: now) == span)
    }

    @Test(
        "A date becomes the time until then, and one that has passed none",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:37 GMT", 60_000),
            ("Sunday, 06-Nov-94 08:49:39 GMT", 2000), ("Sun Nov  6 09:49:37 1994", 3_600_000),
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            (" Sun, 06 Nov 1994 08:49:38 GMT ", 1000), ("Fri, 31 Dec 9999 23:59:59 GMT", 31_536_000_000),
        ] as [(String, Milliseconds)])
    func date(header: String, span: Milliseconds) {
        #expect(Backoff.retryAfter(header: header, now: now) == span)
    }

    @Test(
        "Nonsense is no wish",
        arguments: [
            "", " ", "-", "--5", "+5", "1.5", "5s", "1e3", "0x10", "5 6", "soon", "\u{0665}", "１", "NaN",
            "\u{0}",
            "Sun, 31 Feb 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
        ])
    func nonsense(header: String) {
        #expect(Backoff.retryAfter(header: header, now: now) == nil)
    }

    @Test("A clock at either end of time does no harm", arguments: [Int64.min, .max])
    func extremeClock(milliseconds: Int64) throws {
        let now = Timestamp(milliseconds: milliseconds)
        let span = try #require(Backoff.retryAfter(header: "Sun, 06 Nov 1994 08:49:37 GMT", now: now))
        #expect((0...Backoff.longestRetryAfter).contains(span))
    }
}
