package import KintsugiCore
package import KintsugiEngine

/// A mail with a plain and an HTML form, seven bits wide, its lines ended by CRLF.
///
/// - Source: RFC 5322 (headers), RFC 2045 and 2046, section 5.1.4 (multipart/alternative, the plainest first),
///   RFC 3834 (Auto-Submitted), RFC 2919 (List-Id).
package struct MailMessage: Sendable {
    package let from: MailAddress
    package let to: [MailAddress]
    /// What stands between the angle brackets of Message-ID.
    package let id: String
    /// What the mails of one alert have in common.
    package let thread: String
    package let subject: String
    package let date: Timestamp
    /// The channel's name.
    package let list: String
    package let listID: String
    package let isUrgent: Bool
    package let text: String
    package let html: String

    /// Whether a server must know SMTPUTF8 to take it.
    package var isInternational: Bool { from.isInternational || to.contains(where: \.isInternational) }

    package var bytes: [UInt8] { Array((headers + "\r\n" + body).utf8) }

    /// What a person sees of it.
    var preview: String { "Subject: \(subject)\n\n\(text)" }

    private var headers: String {
        var headers = MailText.header("From", [from]) + MailText.header("To", to)
        headers += MailText.header("Subject", subject)
        headers += "Date: \(Self.date(date))\r\nMessage-ID: <\(id)>\r\n"
        // No mail has this id: those that name it are shown as one conversation all the same, and a second
        // mail with an id that was used before would be dropped by some servers.
        headers += "In-Reply-To: <\(thread)>\r\nReferences: <\(thread)>\r\n"
        headers += MailText.header("List-Id", list + " <\(listID)>")
        headers += "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
        if isUrgent { headers += "Importance: high\r\n" }
        headers += "MIME-Version: 1.0\r\n"
        return headers + "Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n"
    }

    /// Cannot stand in a body: there every `=` is followed by two hexadecimal digits or a line end.
    private var boundary: String { "=_\(id.prefix { $0 != "@" })" }

    private var body: String {
        func part(_ type: String, _ text: String) -> String {
            "--\(boundary)\r\nContent-Type: text/\(type); charset=utf-8\r\n"
                + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + MailText.quotedPrintable(text)
        }
        return part("plain", text) + part("html", html) + "--\(boundary)--\r\n"
    }

    /// `Sat, 31 Jan 2026 09:30:00 +0000`.
    static func date(_ time: Timestamp) -> String {
        let text = time.rfc3339
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        // 1970 began on a Thursday.
        let seconds = Timestamp(rfc3339: text)?.milliseconds ?? 0
        let day = Int((seconds / 86_400_000 % 7 + 7) % 7)
        let month = (Int(text.dropFirst(5).prefix(2)) ?? 1) - 1
        return "\(days[day]), \(text.dropFirst(8).prefix(2)) \(months[month]) \(text.prefix(4)) "
            + "\(text.dropFirst(11).prefix(8)) +0000"
    }
}
