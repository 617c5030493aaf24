import KintsugiCore
import Testing

@Suite("HTTP dates")
struct HTTPDateTests {
    @Test(
        "The three forms of RFC 9110 say the same moment",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ])
    func threeForms(text: String) {
        #expect(Timestamp(httpDate: text)?.milliseconds == 784_111_777_000)
    }

    @Test(
        "Every month and every day's name is known",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01"), ("Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29"),
            ("Wed, 25 Mar 2026 00:00:00 GMT", "2026-03-25"),
            ("Thursday, 30-Apr-26 00:00:00 GMT", "2026-04-30"),
            ("Sunday, 31-May-26 00:00:00 GMT", "2026-05-31"),
            ("Tuesday, 30-Jun-26 00:00:00 GMT", "2026-06-30"),
            ("Wednesday, 01-Jul-26 00:00:00 GMT", "2026-07-01"), ("Sat Aug  1 00:00:00 2026", "2026-08-01"),
            ("Mon Sep 28 00:00:00 2026", "2026-09-28"), ("Friday, 02-Oct-26 00:00:00 GMT", "2026-10-02"),
            ("Monday, 30-Nov-26 00:00:00 GMT", "2026-11-30"), ("Fri, 31 Dec 9999 00:00:00 GMT", "9999-12-31"),
            ("Saturday, 05-Dec-26 00:00:00 GMT", "2026-12-05"),
        ])
    func names(text: String, day: String) {
        #expect(Timestamp(httpDate: text)?.rfc3339 == "\(day)T00:00:00.000Z")
    }

    @Test("A name that does not fit the date is no reason to refuse it")
    func wrongDayName() {
        #expect(Timestamp(httpDate: "Mon, 06 Nov 1994 08:49:37 GMT")?.milliseconds == 784_111_777_000)
    }

    @Test(
        "A year of two digits is the latest one that is at most fifty years ahead",
        arguments: [
            ("94", "2026", "1994"), ("76", "2026", "2076"), ("77", "2026", "1977"), ("26", "2026", "2026"),
            ("25", "2026", "2025"), ("94", "2044", "2094"), ("94", "2043", "1994"), ("00", "1999", "2000"),
            ("99", "9990", "9999"), ("00", "9990", nil),
        ] as [(String, String, String?)])
    func twoDigits(digits: String, now: String, year: String?) {
        let now = Timestamp(rfc3339: "\(now)-07-01T00:00:00Z")
        let date = Timestamp(httpDate: "Sunday, 06-Nov-\(digits) 08:49:37 GMT", now: now)
        #expect(date?.rfc3339 == year.map { "\($0)-11-06T08:49:37.000Z" })
    }

    @Test(
        "Without a now the years 70 to 99 are of the last century",
        arguments: [
            ("69", "2069"), ("70", "1970"), ("00", "2000"), ("99", "1999"),
        ])
    func fixedPivot(digits: String, year: String) {
        let date = Timestamp(httpDate: "Sunday, 06-Nov-\(digits) 08:49:37 GMT")
        #expect(date?.rfc3339 == "\(year)-11-06T08:49:37.000Z")
    }

    @Test("A clock at the end of time does no harm", arguments: [Int64.min, -1, 0, .max])
    func extremeClock(milliseconds: Int64) {
        let now = Timestamp(milliseconds: milliseconds)
        #expect(
            Timestamp(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT", now: now)?.milliseconds == 784_111_777_000)
        _ = Timestamp(httpDate: "Sunday, 06-Nov-94 08:49:37 GMT", now: now)
    }

    @Test(
        "What is no HTTP date is refused",
        arguments: [
            "", "GMT", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov 0 08:49:37 1994", "06 Nov 1994 08:49:37 GMT", String(repeating: "Sun, ", count: 10_000),
        ])
    func nonsense(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
