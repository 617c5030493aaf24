internal import KintsugiCore
internal import KintsugiEngine
internal import KintsugiVocabulary

/// An alert as a mail.
enum MailRenderer {
    /// Nil if an address is none.
    static func message(_ delivery: Delivery, server: ChannelSettings.Email) -> MailMessage? {
        let to = server.to.compactMap { MailAddress($0) }
        guard let from = MailAddress(server.from), !to.isEmpty, to.count == server.to.count else {
            return nil
        }
        let story = delivery.story
        let topic =
            switch delivery.payload.event {
            case .raised, .resolved: "alert-\(slug(delivery.alert.id))"
            case .test: "test-\(slug(delivery.channel.id))"
            case .digest: "digest-\(slug(delivery.channel.id))"
            }
        let domain = from.domain.utf8.allSatisfy { $0 < 0x80 } ? from.domain : "kintsugi.invalid"
        return MailMessage(
            from: from, to: to, id: "\(delivery.taskID)@\(domain)", thread: "\(topic)@\(domain)",
            subject: story.title, date: delivery.createdAt,
            list: "Alerts of Kintsugi", listID: "alerts-\(slug(delivery.channel.id)).\(domain)",
            isUrgent: delivery.payload.event == .raised && delivery.alert.severity == .critical,
            text: text(story), html: html(story))
    }

    /// What may stand in an id without quotes.
    private static func slug(_ text: String) -> String {
        let kept = text.utf8.prefix(100).filter {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        return kept.isEmpty ? "unnamed" : String(decoding: kept, as: UTF8.self)
    }

    static func text(_ story: AlertStory) -> String {
        var paragraphs = [story.title, story.explanation]
        paragraphs.append(story.facts.map { "\($0.name): \($0.value)" }.joined(separator: "\n"))
        if let error = story.lastError { paragraphs.append("Last error: \(error)") }
        if let advice = story.advice { paragraphs.append("What to do: \(advice)") }
        paragraphs.append(story.links.map { "\($0.text): \($0.url)" }.joined(separator: "\n"))
        return paragraphs.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    static func html(_ story: AlertStory) -> String {
        var body = "<h2 style=\"margin:0 0 12px\">\(escaped(story.title))</h2>\n"
        if !story.explanation.isEmpty { body += "<p>\(escaped(story.explanation))</p>\n" }
        if !story.facts.isEmpty {
            let rows = story.facts.map {
                "<tr><td style=\"padding:2px 16px 2px 0;color:#666\">\(escaped($0.name))</td>"
                    + "<td style=\"padding:2px 0\">\(escaped($0.value))</td></tr>"
            }
            body += "<table style=\"border-collapse:collapse\">\n\(rows.joined(separator: "\n"))\n</table>\n"
        }
        if let error = story.lastError { body += "<p>Last error: <code>\(escaped(error))</code></p>\n" }
        if let advice = story.advice { body += "<p><strong>What to do:</strong> \(escaped(advice))</p>\n" }
        let links = story.links.map { "<a href=\"\(escaped($0.url))\">\(escaped($0.text))</a>" }
        if !links.isEmpty { body += "<p>\(links.joined(separator: " · "))</p>\n" }
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"></head>\n"
            + "<body style=\"font-family:sans-serif;font-size:15px;line-height:1.4;color:#222\">\n"
            + body + "</body></html>\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }
}
